//! Waiting in tests: on events where there are events, by asking again where there are none.
//! The only clock and the only pause of the tests live here.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment that must not be passed.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(span: Duration) -> Self {
        Self(now() + span)
    }

    /// What is left, zero when passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(now())
    }

    pub fn passed(self) -> bool {
        self.left().is_zero()
    }
}

#[expect(clippy::disallowed_methods, reason = "tests watch a real program in real time")]
fn now() -> Instant {
    Instant::now()
}

/// The wall clock in unix seconds, for data that must be of today.
#[expect(clippy::disallowed_methods, reason = "servers live in real time")]
pub fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("a date")
}

/// Asks a foreign program again and again (it has no event to wait for) until it says yes.
pub fn eventually<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Deadline::after(limit);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(!deadline.passed(), "{what}: not within {limit:?}");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// Holds still as a person would: for guards that exist in real time (a dialog's first moments).
pub fn pause(span: Duration) {
    let deadline = Deadline::after(span);
    while !deadline.passed() {
        std::thread::park_timeout(deadline.left());
    }
}

pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}
