//! The watcher's thread: takes events in, runs the core, stores records, hands boards to viewers.
//! One thread owns the core; keys and polling never wait for each other.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::watch as cell;

use crate::board::Board;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;
use crate::journal::{Journal, JournalError};
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
    /// The lease was renewed until then (wall time).
    Lease {
        until: Timestamp,
    },
    Stop,
}

/// The newest board, for everyone who shows one.
pub type BoardCell = cell::Sender<Option<Arc<Board>>>;

/// Foreign processes' records are looked for this often.
const TAIL_EVERY: Duration = Duration::from_millis(500);
/// The journal's copy of the board is renewed at most this often while incidents stay the same.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(2);

/// Waking up later than planned by this is a pause of the whole process, not a slow machine.
const PAUSE: Duration = Duration::from_secs(2);
/// And so is a turn that takes this long, whatever it was doing.
const STUCK: Duration = Duration::from_secs(20);
/// The machine's clock may be slewed by this before it counts as set.
const STEP: Span = Span::from_secs(2);

/// Everything the hub works with.
pub struct Hub {
    pub watch: Watch,
    pub journal: Arc<Journal>,
    pub clock: Clock,
    pub runtime: Handle,
    pub boards: BoardCell,
    /// Records up to here are in the core.
    pub seen: i64,
    /// Whose lease it writes under.
    pub owner: String,
    pub lease_until: Option<Timestamp>,
    /// Deadlines that the journal holds have to come earlier by this (`shell::resume`).
    pub earlier: Span,
    /// Another has the lease: nothing is judged, shown or written any more.
    pub lost: bool,
}

struct Pace {
    tail_at: Instant,
    snapshot_at: Option<Instant>,
    time: Time,
}

/// What was last seen of our own time.
struct Time {
    /// Of the machine.
    up: Duration,
    /// How far the machine's clock is ahead of ours, as far as it was told.
    off: Span,
}

/// Runs until `Stop`, until every sender is gone or until the lease is another's.
pub fn run(mut hub: Hub, signals: &Receiver<Signal>) {
    let time = Time { up: hub.clock.up(), off: Span::ZERO };
    let mut pace = Pace { tail_at: hub.clock.instant(), snapshot_at: None, time };
    hub.handle(Event::Woke { at: hub.clock.now() }, &mut pace);
    if hub.earlier > Span::ZERO {
        let (by, earlier, at) = (hub.earlier.times(-1), hub.earlier, hub.clock.now());
        hub.handle(Event::ClockStepped { by, off: Span::ZERO, earlier, at }, &mut pace);
    }
    while !hub.lost {
        super::fault::here("watcher");
        let patience = hub.patience(&pace);
        let asleep_at = hub.clock.up();
        let signal = signals.recv_timeout(patience);
        hub.look_at_time(asleep_at.saturating_add(patience), &mut pace);
        match signal {
            Ok(Signal::Event(event)) => hub.handle(*event, &mut pace),
            Ok(Signal::Nudge) => hub.tail(&mut pace),
            Ok(Signal::Lease { until }) => hub.lease_until = Some(until),
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

/// Starts the thread; the sender keeps it alive. `ended` is dropped with it.
pub fn spawn(
    hub: Hub,
    signals: Receiver<Signal>,
    ended: oneshot::Sender<()>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("watcher".into()).spawn(move || {
        run(hub, &signals);
        drop(ended);
    })
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

    /// Tells the core when this process did not run, or when the machine's clock was set. A pause
    /// goes first: what was asked of nobody must not be judged.
    fn look_at_time(&mut self, planned: Duration, pace: &mut Pace) {
        let (up, at) = (self.clock.up(), self.clock.now());
        let late = up.saturating_sub(planned);
        let stuck = up.saturating_sub(pace.time.up);
        pace.time.up = up;
        let paused = if late > PAUSE { Some(late) } else { Some(stuck).filter(|s| *s > STUCK) };
        if let Some(by) = paused {
            let by = Span::from_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
            tracing::warn!(%by, "this process did not run");
            self.handle(Event::Paused { by, at }, pace);
        }
        let (was, off) = (pace.time.off, self.clock.off());
        let by = Span::from_millis(off.millis().saturating_sub(was.millis()));
        if by.millis().abs() > STEP.millis() {
            tracing::warn!(%by, "the machine's clock was set");
            pace.time.off = off;
            let lead = |off: Span| off.max(Span::ZERO).millis();
            let earlier = Span::from_millis(lead(off).saturating_sub(lead(was)));
            self.handle(Event::ClockStepped { by, off, earlier, at }, pace);
        }
    }

    fn handle(&mut self, event: Event, pace: &mut Pace) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop().filter(|_| !self.lost) {
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
        match self.runtime.block_on(self.journal.append_held(&self.owner, &records)) {
            Ok(_) => Event::Journaled { records: self.news(), at },
            Err(JournalError::LeaseLost) => {
                self.lost = true;
                Event::Woke { at }
            }
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

    fn publish(&mut self, mut board: Board, pace: &mut Pace) {
        if self.lost {
            return;
        }
        if let Some(watcher) = &mut board.watcher {
            watcher.lease_until = self.lease_until.filter(|_| !self.clock.is_simulated());
            watcher.wall_at = Some(self.clock.machine());
            watcher.beat = self.clock.beat(board.generated_at);
        }
        let board = Arc::new(board);
        let before = self.boards.borrow().clone();
        let changed = before.is_none_or(|old| old.incidents != board.incidents);
        let now = self.clock.instant();
        let due =
            pace.snapshot_at.is_none_or(|t| now.saturating_duration_since(t) >= SNAPSHOT_EVERY);
        if changed || due {
            pace.snapshot_at = Some(now);
            self.store(&board);
        }
        if !self.lost {
            self.boards.send_replace(Some(board));
        }
    }

    /// The board for other viewers. One that cannot be stored is shown here all the same.
    fn store(&mut self, board: &Board) {
        match self.runtime.block_on(self.journal.put_board_held(&self.owner, board)) {
            Ok(()) => {}
            Err(JournalError::LeaseLost) => self.lost = true,
            Err(error) => {
                tracing::warn!(%error, "the board could not be stored for other viewers");
            }
        }
    }
}

/// Sends an event; a hub that is gone has nobody left to tell.
pub fn tell(hub: &Sender<Signal>, event: Event) {
    let _gone = hub.send(Signal::Event(Box::new(event)));
}
