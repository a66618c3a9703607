//! The watcher's thread: takes events in, runs the core, stores records, hands boards to viewers.
//! One thread owns the core; keys and polling never wait for each other.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch as cell;

use crate::board::Board;
use crate::incident::event::Record;
use crate::journal::Journal;
use crate::watch::event::{Effect, Event};
use crate::watch::state::Watch;
use crate::watch::update::update;

use super::clock::Clock;

/// What reaches the hub.
#[derive(Debug)]
pub enum Signal {
    Event(Box<Event>),
    /// The journal has news (an order was stored).
    Nudge,
    Stop,
}

/// The newest board, for everyone who shows one.
pub type BoardCell = cell::Sender<Option<Arc<Board>>>;

/// Foreign processes' records are looked for this often.
const TAIL_EVERY: Duration = Duration::from_millis(500);
/// The journal's copy of the board is renewed at most this often while incidents stay the same.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(2);

/// Everything the hub works with.
pub struct Hub {
    pub watch: Watch,
    pub journal: Arc<Journal>,
    pub clock: Clock,
    pub runtime: Handle,
    pub boards: BoardCell,
    /// Records up to here are in the core.
    pub seen: i64,
}

struct Pace {
    tail_at: Instant,
    snapshot_at: Option<Instant>,
}

/// Runs until `Stop` or until every sender is gone.
pub fn run(mut hub: Hub, signals: &Receiver<Signal>) {
    let mut pace = Pace { tail_at: hub.clock.instant(), snapshot_at: None };
    hub.handle(Event::Woke { at: hub.clock.now() }, &mut pace);
    loop {
        match signals.recv_timeout(hub.patience(&pace)) {
            Ok(Signal::Event(event)) => hub.handle(*event, &mut pace),
            Ok(Signal::Nudge) => hub.tail(&mut pace),
            Err(RecvTimeoutError::Timeout) => {
                hub.tail(&mut pace);
                hub.handle(Event::Woke { at: hub.clock.now() }, &mut pace);
            }
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
        if hub.clock.instant().saturating_duration_since(pace.tail_at) >= TAIL_EVERY {
            hub.tail(&mut pace);
        }
    }
}

/// Starts the thread; the sender keeps it alive.
pub fn spawn(hub: Hub, signals: Receiver<Signal>) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("watcher".into()).spawn(move || run(hub, &signals))
}

impl Hub {
    fn patience(&self, pace: &Pace) -> Duration {
        let now = self.clock.now();
        let wake =
            self.watch.next_wake(now).map_or(TAIL_EVERY, |t| self.clock.pause_for(t.since(now)));
        let tail =
            TAIL_EVERY.saturating_sub(self.clock.instant().saturating_duration_since(pace.tail_at));
        wake.min(tail).max(Duration::from_millis(1))
    }

    fn handle(&mut self, event: Event, pace: &mut Pace) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            for effect in update(&mut self.watch, event) {
                match effect {
                    Effect::Append(records) => queue.push(self.append(records)),
                    Effect::Publish(board) => self.publish(*board, pace),
                }
            }
        }
    }

    /// Stores records and reads them back in journal order, with whatever others stored before.
    fn append(&mut self, records: Vec<Record>) -> Event {
        let at = self.clock.now();
        match self.runtime.block_on(self.journal.append(&records)) {
            Ok(_) => Event::Journaled { records: self.news(), at },
            Err(error) => Event::NotStored { records, why: error.to_string(), at },
        }
    }

    fn news(&mut self) -> Vec<Record> {
        let found =
            self.runtime.block_on(self.journal.since(self.seen, 10_000)).unwrap_or_default();
        if let Some(last) = found.last() {
            self.seen = last.seq;
        }
        found.into_iter().map(|s| s.record).collect()
    }

    fn tail(&mut self, pace: &mut Pace) {
        pace.tail_at = self.clock.instant();
        let records = self.news();
        if !records.is_empty() {
            self.handle(Event::Journaled { records, at: self.clock.now() }, pace);
        }
    }

    fn publish(&mut self, board: Board, pace: &mut Pace) {
        let board = Arc::new(board);
        let before = self.boards.send_replace(Some(Arc::clone(&board)));
        let changed = before.is_none_or(|old| old.incidents != board.incidents);
        let now = self.clock.instant();
        let due =
            pace.snapshot_at.is_none_or(|t| now.saturating_duration_since(t) >= SNAPSHOT_EVERY);
        if changed || due {
            pace.snapshot_at = Some(now);
            if let Err(error) = self.runtime.block_on(self.journal.put_board(&board)) {
                tracing::warn!(%error, "the board could not be stored for other viewers");
            }
        }
    }
}

/// Sends an event; a hub that is gone has nobody left to tell.
pub fn tell(hub: &Sender<Signal>, event: Event) {
    let _gone = hub.send(Signal::Event(Box::new(event)));
}
