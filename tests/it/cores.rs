//! The machine's cores, shared out: a test that computes for long, or whose program must keep up
//! with a clock, takes one; tests that mostly wait take none and many of them run beside it.
//! A thread that holds one gets it again at once, so that no test waits for itself.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::{Condvar, Mutex};

/// Cores that are taken.
static TAKEN: Mutex<usize> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

thread_local! {
    /// Shares of this thread, all of them in one core.
    static SHARES: Cell<usize> = const { Cell::new(0) };
}

/// A core until it is dropped, on the thread that took it.
pub struct Share(PhantomData<*const ()>);

/// Waits for a core.
pub fn share() -> Share {
    let mine = SHARES.get();
    if mine == 0 {
        let all = std::thread::available_parallelism().map_or(2, usize::from);
        let taken = TAKEN.lock().expect("nobody panics holding it");
        let free = GIVEN_BACK.wait_while(taken, |taken| *taken >= all);
        *free.expect("nobody panics holding it") += 1;
    }
    SHARES.set(mine + 1);
    Share(PhantomData)
}

impl Drop for Share {
    fn drop(&mut self) {
        let left = SHARES.get().saturating_sub(1);
        SHARES.set(left);
        if left == 0 {
            if let Ok(mut taken) = TAKEN.lock() {
                *taken = taken.saturating_sub(1);
            }
            GIVEN_BACK.notify_one();
        }
    }
}

#[test]
fn no_more_cores_are_given_than_there_are_and_none_is_lost() {
    let (most, now) = (std::sync::atomic::AtomicUsize::new(0), Mutex::new(0_usize));
    let all = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..4 * all {
            scope.spawn(|| {
                let first = share();
                let again = share();
                let at_once = {
                    let mut now = now.lock().unwrap();
                    *now += 1;
                    *now
                };
                most.fetch_max(at_once, std::sync::atomic::Ordering::SeqCst);
                std::thread::yield_now();
                *now.lock().unwrap() -= 1;
                drop(again);
                drop(first);
            });
        }
    });
    assert!((1..=all).contains(&most.into_inner()));
}
