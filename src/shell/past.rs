//! Reads the past of one source between its polls, piece by piece: a live question never waits for
//! more than the piece under way, the hub never has more than one to take in, and what fails is
//! asked again later from where it stopped. When judging may begin is decided here; what a piece is
//! and in which order they come is the source's business.

use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::domain::id::SourceId;
use crate::domain::past::Past;
use crate::domain::time::Span;
use crate::source::Source;
use crate::watch::event::WatchEvent;

use super::clock::{self, Clock};
use super::hub::{Signal, tell};

/// A past that is read within this is waited for as a whole.
const WHOLE_WITHIN: Duration = Duration::from_secs(20);
/// Judging begins with what is there after this, whatever is missing.
const BEGINS_WITHIN: Duration = Duration::from_secs(45);
/// After so many failed polls judging goes on without this source; its past waits for an answer.
const POLLS: u32 = 3;
/// Pause after a refused piece, doubled with each further one in a row up to the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// And of pieces that were too large: the next one is smaller, and there are few sizes.
const HEAVY_PAUSE: Duration = Duration::from_secs(2);

/// The past of one source, on its way.
pub struct PastReading {
    name: SourceId,
    days: u32,
    clock: Clock,
    hub: Sender<Signal>,
    begun: Duration,
    planned: bool,
    enough: bool,
    ended: bool,
    /// Refused pieces in a row, and until when nothing is asked (time up).
    refused: u32,
    wait_until: Duration,
    told: Vec<Past>,
}

impl PastReading {
    /// None of its past is read where `days` is 0.
    pub fn new(name: SourceId, days: u32, clock: Clock, hub: Sender<Signal>) -> Self {
        Self {
            name,
            days,
            clock,
            hub,
            begun: clock.up(),
            planned: false,
            enough: false,
            ended: days == 0,
            refused: 0,
            wait_until: Duration::ZERO,
            told: Vec::new(),
        }
    }

    /// The source was polled; its past is planned with its first answer.
    pub fn polled(&mut self, source: &mut Source, good: bool, failures: u32) {
        if self.ended {
            self.say_enough();
            return;
        }
        if good && !self.planned {
            self.planned = true;
            source.history(self.clock.now(), self.days);
            self.progress(source);
        }
        if failures >= POLLS {
            self.say_enough();
        }
    }

    /// Reads for so long, and no longer than there is something to read. The rest is slept away.
    pub async fn read_for(&mut self, source: &mut Source, span: Duration) {
        let until = self.clock.up().saturating_add(span);
        while self.planned && !self.ended {
            let now = self.clock.up();
            self.judge_enough(now);
            if now.max(self.wait_until) >= until {
                break;
            }
            tokio::time::sleep(self.wait_until.saturating_sub(now)).await;
            self.piece(source).await;
        }
        tokio::time::sleep(until.saturating_sub(self.clock.up())).await;
    }

    async fn piece(&mut self, source: &mut Source) {
        super::fault::here("past");
        match source.next_history(clock::up).await {
            None => self.end(source),
            Some(Ok(harvest)) => {
                self.refused = 0;
                if !harvest.is_empty() {
                    let batch = harvest.into();
                    self.hand_over(WatchEvent::PastRead { source: self.name.clone(), batch }).await;
                }
                self.progress(source);
            }
            Some(Err(error)) => {
                let longest = if error.is_heavy() { HEAVY_PAUSE } else { LONGEST_PAUSE };
                let pause = PAUSE.saturating_mul(1 << self.refused.min(8)).min(longest);
                let wish = error.after().map_or(Duration::ZERO, Span::to_std);
                self.refused += 1;
                self.wait_until = self.clock.up().saturating_add(pause.max(wish));
                tracing::info!(source = %self.name, %error, "a piece of the past was refused");
                self.progress(source);
            }
        }
    }

    /// Tells the hub and waits until it has taken it in: pieces must not pile up.
    async fn hand_over(&self, event: WatchEvent) {
        let (done, taken) = oneshot::channel();
        if self.hub.send(Signal::Told(Box::new(event), done)).is_ok() {
            let _gone = taken.await;
        }
    }

    fn progress(&mut self, source: &Source) {
        let pasts = source.pasts();
        if pasts != self.told {
            self.told = pasts;
            self.tell_progress();
        }
        self.judge_enough(self.clock.up());
    }

    /// The newest day of everything, when it does not come as a whole in a moment.
    fn judge_enough(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.begun);
        let some = self.planned && self.told.iter().all(Past::is_enough);
        if passed >= BEGINS_WITHIN || passed >= WHOLE_WITHIN && some {
            self.say_enough();
        }
    }

    fn say_enough(&mut self) {
        if !self.enough {
            self.enough = true;
            self.tell_progress();
        }
    }

    fn tell_progress(&self) {
        let (source, pasts, at) = (self.name.clone(), self.told.clone(), self.clock.now());
        tell(&self.hub, WatchEvent::PastTold { source, pasts, enough: self.enough, at });
    }

    fn end(&mut self, source: &Source) {
        self.progress(source);
        for words in self.told.iter().filter_map(Past::words) {
            tracing::warn!(source = %self.name, "{words}");
        }
        self.ended = true;
        self.enough = true;
        let (source, at) = (self.name.clone(), self.clock.now());
        tell(&self.hub, WatchEvent::PastEnded { source, at });
    }
}
