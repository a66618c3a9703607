//! Whose turn it is to ask one server for a range: never two at a time, and live questions before
//! pieces of the past. What is asked is not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, MutexGuard};
use url::Url;

/// The one door of one server. Clones are the same door.
#[derive(Clone, Debug, Default)]
pub struct ServerTurn(Arc<Door>);

#[derive(Debug, Default)]
struct Door {
    /// First come, first served.
    line: Mutex<()>,
    /// Live questions that wait.
    live: AtomicUsize,
}

/// Held while a question is asked.
pub type TurnPass<'a> = MutexGuard<'a, ()>;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    Live,
    Past,
}

/// The doors of all servers that this program asks.
#[derive(Clone, Debug, Default)]
pub struct Turns(Vec<(String, ServerTurn)>);

/// Counts one live question that waits, however its waiting ends.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(live: &'a AtomicUsize) -> Self {
        live.fetch_add(1, Ordering::SeqCst);
        Self(live)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ServerTurn {
    /// Waits until it may ask. A piece of the past lets everybody live go first who came while it
    /// waited.
    pub async fn pass(&self, urgency: Urgency) -> TurnPass<'_> {
        let door = &*self.0;
        if urgency == Urgency::Live {
            let _waits = Waits::new(&door.live);
            return door.line.lock().await;
        }
        loop {
            let pass = door.line.lock().await;
            if door.live.load(Ordering::SeqCst) == 0 {
                return pass;
            }
            drop(pass);
            tokio::task::yield_now().await;
        }
    }
}

impl Turns {
    /// The door of the server at `base`; the same one for everyone who writes it the same way.
    pub fn of(&mut self, base: &Url) -> ServerTurn {
        let key = base.as_str().trim_end_matches('/').to_owned();
        if let Some((_, turn)) = self.0.iter().find(|(known, _)| *known == key) {
            return turn.clone();
        }
        let turn = ServerTurn::default();
        self.0.push((key, turn.clone()));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_the_living_first() {
        let mut turns = Turns::default();
        let base = |text| Url::parse(text).expect("address");
        let turn = turns.of(&base("http://127.0.0.1:9090"));
        let same = turns.of(&base("http://127.0.0.1:9090/"));
        let other = turns.of(&base("http://127.0.0.1:9090/other"));
        let held = turn.pass(Urgency::Past).await;
        drop(other.pass(Urgency::Past).await);
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let ask = |name: &'static str, urgency| {
            let (turn, tell) = (same.clone(), tell.clone());
            tokio::spawn(async move {
                let _pass = turn.pass(urgency).await;
                tell.send(name).expect("heard");
            })
        };
        let asked = [
            ask("old", Urgency::Past),
            ask("older", Urgency::Past),
            ask("now", Urgency::Live),
            ask("gone", Urgency::Live),
        ];
        tokio::task::yield_now().await;
        asked[3].abort();
        tokio::task::yield_now().await;
        assert!(told.try_recv().is_err(), "the door is shut");
        drop(held);
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(told.recv().await.expect("all come in"));
        }
        assert_eq!(order[0], "now");
    }
}
