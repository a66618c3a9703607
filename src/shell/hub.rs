//! The watcher's thread: takes events in, runs the core, stores records, hands boards to viewers.
//! One thread owns the core; keys and polling never wait for each other. What was stored is folded
//! in whether it can be read back or not, and one step never writes without end.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::sync::watch as cell;

use crate::board::Board;
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;
use crate::incident::unread::Unread;
use crate::journal::{JournalError, Stored};
use crate::watch::event::{Letter, WatchEffect, WatchEvent};
use crate::watch::state::Watch;
use crate::watch::update::update;

use super::clock::Clock;
use super::keeper::Keeper;

/// What reaches the hub.
#[derive(Debug)]
pub enum Signal {
    Event(Box<WatchEvent>),
    /// The same, and the sender is dropped when it was taken in.
    Told(Box<WatchEvent>, oneshot::Sender<()>),
    /// The journal has news (an order was stored).
    Nudge,
    /// Somebody waits for what is not stored yet: try now, then drop the sender.
    Flush(oneshot::Sender<()>),
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
/// Rows read at once.
const ROWS: u32 = 10_000;
/// Writes that one event may bring about; what is beyond waits for the next look at the journal.
const WRITES: usize = 8;

/// Waking up later than planned by this is a pause of the whole process, not a slow machine.
const PAUSE: Duration = Duration::from_secs(2);
/// And so is a turn that takes this long, whatever it was doing.
const STUCK: Duration = Duration::from_secs(5);
/// The machine's clock may be slewed by this before it counts as set.
const STEP: Span = Span::from_secs(2);

/// Everything the hub works with.
pub struct Hub {
    watch: Watch,
    keeper: Box<dyn Keeper>,
    clock: Clock,
    boards: BoardCell,
    /// Records up to here are in the core.
    seen: i64,
    lease_until: Option<Timestamp>,
    /// Deadlines that the journal holds have to come earlier by this (`shell::resume`).
    earlier: Span,
    /// Another has the lease: nothing is judged, shown or written any more.
    lost: bool,
    /// Own records after `seen` that are in the core already.
    ahead: BTreeSet<i64>,
    /// What was wrong with the journal as a whole when it was last looked at.
    trouble: Option<String>,
    /// What the core was last told of the kill switch.
    thrown: Option<String>,
    /// Records of an event that brought about more than [`WRITES`].
    later: Option<Vec<Record>>,
    /// Records that could not be read at the start.
    unread: Vec<Unread>,
    /// Who sends messages.
    post: Option<UnboundedSender<Letter>>,
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

/// What a look at the journal gave.
#[derive(Default)]
struct News {
    records: Vec<Stored>,
    unread: Vec<Unread>,
    trouble: Option<String>,
}

/// Runs until `Stop`, until every sender is gone or until the lease is another's; the incidents
/// that are in no journal then.
pub fn run(mut hub: Hub, signals: &Receiver<Signal>) -> Vec<IncidentId> {
    let unread = std::mem::take(&mut hub.unread);
    let begun =
        hub.said(unread, None).into_iter().chain([WatchEvent::Woke { at: hub.clock.now() }]);
    hub.work(begun.collect());
    if hub.earlier > Span::ZERO {
        let (by, earlier, at) = (hub.earlier.times(-1), hub.earlier, hub.clock.now());
        hub.handle(WatchEvent::ClockStepped { by, off: Span::ZERO, earlier, at });
    }
    while !hub.lost {
        super::fault::here("watcher");
        let patience = hub.patience();
        let asleep_at = hub.clock.up();
        let signal = signals.recv_timeout(patience);
        hub.look_at_time(asleep_at.saturating_add(patience));
        match signal {
            Ok(Signal::Event(event)) => hub.handle(*event),
            Ok(Signal::Told(event, _waits)) => hub.handle(*event),
            Ok(Signal::Nudge) => hub.tail(),
            Ok(Signal::Flush(_waits)) => hub.handle(WatchEvent::Flush { at: hub.clock.now() }),
            Ok(Signal::Lease { until }) => hub.lease_until = Some(until),
            Err(RecvTimeoutError::Timeout) => {
                hub.tail();
                hub.handle(WatchEvent::Woke { at: hub.clock.now() });
            }
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => break,
        }
        if hub.clock.instant().saturating_duration_since(hub.tail_at) >= TAIL_EVERY {
            hub.tail();
        }
    }
    hub.left()
}

/// Starts the thread; the sender keeps it alive. `ended` gets what was not stored, or is dropped
/// with a thread that ended otherwise.
pub fn spawn(
    hub: Hub,
    signals: Receiver<Signal>,
    ended: oneshot::Sender<Vec<IncidentId>>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("watcher".into()).spawn(move || {
        let _nobody = ended.send(run(hub, &signals));
    })
}

impl Hub {
    /// Everything up to place `seen` is in `watch`, but for `unread`.
    pub fn new(
        watch: Watch,
        keeper: Box<dyn Keeper>,
        clock: Clock,
        boards: BoardCell,
        (seen, unread): (i64, Vec<Unread>),
    ) -> Self {
        Self {
            watch,
            keeper,
            clock,
            boards,
            seen,
            lease_until: None,
            lost: false,
            ahead: BTreeSet::new(),
            trouble: None,
            thrown: None,
            later: None,
            unread,
            earlier: Span::ZERO,
            post: None,
            tail_at: clock.instant(),
            snapshot_at: None,
            time: Time { up: clock.up(), off: Span::ZERO },
        }
    }

    /// Deadlines that the journal holds come earlier by this (`shell::resume`).
    #[must_use]
    pub fn earlier(self, earlier: Span) -> Self {
        Self { earlier, ..self }
    }

    /// Messages leave by this.
    #[must_use]
    pub fn post(self, post: Option<UnboundedSender<Letter>>) -> Self {
        Self { post, ..self }
    }

    fn patience(&self) -> Duration {
        let now = self.clock.now();
        let wake =
            self.watch.next_wake(now).map_or(TAIL_EVERY, |t| self.clock.pause_for(t.since(now)));
        let passed = self.clock.instant().saturating_duration_since(self.tail_at);
        wake.min(TAIL_EVERY.saturating_sub(passed)).max(Duration::from_millis(1))
    }

    /// Tells the core when this process did not run, or when the machine's clock was set. A pause
    /// goes first: what was asked of nobody must not be judged.
    fn look_at_time(&mut self, planned: Duration) {
        let (up, at) = (self.clock.up(), self.clock.now());
        let late = up.saturating_sub(planned);
        let stuck = up.saturating_sub(self.time.up);
        self.time.up = up;
        let paused = if late > PAUSE { Some(late) } else { Some(stuck).filter(|s| *s > STUCK) };
        if let Some(by) = paused {
            let by = Span::from_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
            tracing::warn!(%by, "this process did not run");
            self.handle(WatchEvent::Paused { by, at });
        }
        let (was, off) = (self.time.off, self.clock.off());
        let by = Span::from_millis(off.millis().saturating_sub(was.millis()));
        if by.millis().abs() > STEP.millis() {
            tracing::warn!(%by, "the machine's clock was set");
            self.time.off = off;
            let lead = |off: Span| off.max(Span::ZERO).millis();
            let earlier = Span::from_millis(lead(off).saturating_sub(lead(was)));
            self.handle(WatchEvent::ClockStepped { by, off, earlier, at });
        }
    }

    fn handle(&mut self, event: WatchEvent) {
        self.work(VecDeque::from([event]));
    }

    fn work(&mut self, mut queue: VecDeque<WatchEvent>) {
        let mut writes = 0;
        while let Some(event) = queue.pop_front().filter(|_| !self.lost) {
            for effect in update(&mut self.watch, event) {
                match effect {
                    WatchEffect::Append(records) if writes < WRITES => {
                        writes += 1;
                        queue.extend(self.append(records));
                    }
                    WatchEffect::Append(records) => {
                        tracing::warn!("one event brought about many writes; the rest waits");
                        self.later = Some(records);
                    }
                    WatchEffect::Emit(letter) => {
                        if let Some(post) = &self.post {
                            let _gone = post.send(*letter);
                        }
                    }
                    WatchEffect::Publish(board) => self.publish(*board),
                }
            }
        }
    }

    /// Stores records and reads what is new, in journal order. Its own are folded in from here when
    /// they cannot be read back.
    fn append(&mut self, records: Vec<Record>) -> Vec<WatchEvent> {
        let at = self.clock.now();
        let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
        match self.keeper.append(&records) {
            Ok(last) => {
                let mut news = self.news();
                let read: BTreeSet<i64> = news.records.iter().map(|s| s.seq).collect();
                let own = (last.saturating_sub(count).saturating_add(1)..=last).zip(records);
                for (seq, record) in own.filter(|(seq, _)| !read.contains(seq)) {
                    if seq > self.seen {
                        self.ahead.insert(seq);
                    }
                    news.records.push(Stored { seq, record });
                }
                news.records.sort_by_key(|s| s.seq);
                let records = news.records.into_iter().map(|s| s.record).collect();
                let stored = WatchEvent::Journaled { records, at };
                [stored].into_iter().chain(self.said(news.unread, news.trouble)).collect()
            }
            Err(JournalError::LeaseLost) => {
                self.lost = true;
                Vec::new()
            }
            Err(error) => vec![WatchEvent::NotStored { records, why: error.why(), at }],
        }
    }

    /// What is in the journal and not in the core yet; rows that cannot be read are passed by.
    fn news(&mut self) -> News {
        let mut news = News::default();
        loop {
            match self.keeper.since(self.seen, ROWS) {
                Ok(reading) => {
                    let full = reading.len() >= ROWS as usize;
                    self.seen = reading.last().map_or(self.seen, |last| last.max(self.seen));
                    let ahead = &mut self.ahead;
                    news.records
                        .extend(reading.records.into_iter().filter(|s| !ahead.remove(&s.seq)));
                    news.unread.extend(reading.unread);
                    if !full {
                        break;
                    }
                }
                Err(error) => {
                    news.trouble = Some(error.why());
                    break;
                }
            }
        }
        if let Err(error) = self.keeper.standing() {
            news.trouble = Some(error.why());
        }
        news
    }

    fn tail(&mut self) {
        self.tail_at = self.clock.instant();
        if let Some(records) = self.later.take() {
            let events = self.append(records);
            self.work(events.into());
        }
        let News { records, unread, trouble } = self.news();
        let records: Vec<Record> = records.into_iter().map(|s| s.record).collect();
        let at = self.clock.now();
        let told = (!records.is_empty()).then_some(WatchEvent::News { records, at });
        let events = told.into_iter().chain(self.said(unread, trouble)).collect();
        self.work(events);
    }

    /// News about the journal itself and the kill switch beside it.
    fn said(&mut self, unread: Vec<Unread>, trouble: Option<String>) -> Vec<WatchEvent> {
        let at = self.clock.now();
        let mut events = Vec::new();
        if !unread.is_empty() {
            events.push(WatchEvent::Unread { records: unread, at });
        }
        if trouble != self.trouble {
            self.trouble.clone_from(&trouble);
            events.push(WatchEvent::JournalTrouble { why: trouble, at });
        }
        let why = self.keeper.killed();
        if why != self.thrown {
            self.thrown.clone_from(&why);
            events.push(WatchEvent::KillSwitch { why, at });
        }
        events
    }

    /// One last try for what is not stored; what is left of it.
    fn left(&mut self) -> Vec<IncidentId> {
        if !self.lost && !self.watch.not_stored().is_empty() {
            self.handle(WatchEvent::Flush { at: self.clock.now() });
        }
        self.watch.not_stored()
    }

    fn publish(&mut self, mut board: Board) {
        if self.lost {
            return;
        }
        if let Some(watcher) = &mut board.watcher {
            watcher.lease_until = self.lease_until.filter(|_| !self.clock.is_simulated());
            watcher.wall_at = Some(self.clock.wall());
            watcher.beat = self.clock.beat(board.generated_at);
        }
        let board = Arc::new(board);
        let before = self.boards.borrow().clone();
        let changed = before.is_none_or(|old| old.incidents != board.incidents);
        let now = self.clock.instant();
        let due =
            self.snapshot_at.is_none_or(|t| now.saturating_duration_since(t) >= SNAPSHOT_EVERY);
        if changed || due {
            self.snapshot_at = Some(now);
            self.store(&board);
        }
        if !self.lost {
            self.boards.send_replace(Some(board));
        }
    }

    /// The board for other viewers. One that cannot be stored is shown here all the same.
    fn store(&mut self, board: &Board) {
        match self.keeper.put_board(board) {
            Ok(()) => {}
            Err(JournalError::LeaseLost) => self.lost = true,
            Err(error) => {
                tracing::warn!(%error, "the board could not be stored for other viewers");
            }
        }
    }
}

/// Sends an event; a hub that is gone has nobody left to tell.
pub fn tell(hub: &Sender<Signal>, event: WatchEvent) {
    let _gone = hub.send(Signal::Event(Box::new(event)));
}

#[cfg(test)]
mod tests;
