//! One task per source: ask, tell the hub, wait its interval; back off when it fails.
//! One request in flight per source; between two polls its past is read (`past`).

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::Sender;

use futures_util::FutureExt;

use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};
use crate::source::backoff::Backoff;
use crate::source::{Harvest, Source, SourceError};
use crate::watch::event::{Batch, WatchEvent};

use super::clock::Clock;
use super::hub::{Signal, tell};
use super::past::PastReading;

/// What a poller needs to know about its source.
pub struct Poller {
    pub name: SourceId,
    pub every: Span,
    pub source: Source,
    /// Days of past to read at start; 0 for none.
    pub past_days: u32,
    /// First poll is spread over this share of an interval so that restarts do not herd (0..1).
    pub phase: f64,
}

impl From<Harvest> for Batch {
    fn from(harvest: Harvest) -> Self {
        Self {
            observations: harvest.observations,
            checks: harvest.checks,
            changes: harvest.changes,
            notes: harvest.notes,
            partial: harvest.partial,
            waiting: harvest.waiting,
            flaws: harvest.flaws,
        }
    }
}

/// A source with a fault in it is asked again after this long, from the start.
const AFTER_FAULT: std::time::Duration = std::time::Duration::from_secs(30);

/// Polls for ever. A fault in one adapter ends neither the others nor the program: its source is
/// told as failing, and `again` builds it anew. Its past is not read a second time.
pub async fn guarded(
    first: Poller,
    mut again: impl FnMut() -> Option<Poller>,
    clock: Clock,
    hub: Sender<Signal>,
) {
    let (name, mut next) = (first.name.clone(), Some(first));
    while let Some(poller) = next {
        let polling = AssertUnwindSafe(run(poller, clock, hub.clone())).catch_unwind();
        let _fault = polling.await.is_err();
        let (source, at) = (name.clone(), clock.now());
        let next_at = self::next(at, AFTER_FAULT, clock);
        let why = "a fault in this program's reading of it; see the log".to_owned();
        tell(&hub, WatchEvent::PastEnded { source: source.clone(), at });
        tell(&hub, WatchEvent::PollFailed { source, why, at, next_at });
        tokio::time::sleep(AFTER_FAULT).await;
        next = again().map(|poller| Poller { past_days: 0, ..poller });
    }
}

/// Polls until the hub is gone.
async fn run(mut poller: Poller, clock: Clock, hub: Sender<Signal>) {
    tokio::time::sleep(clock.wall_for(poller.every).mul_f64(poller.phase.clamp(0.0, 1.0))).await;
    poller.source.set_own_time(clock.is_simulated());
    let mut backoff = Backoff::default();
    let mut past = PastReading::new(poller.name.clone(), poller.past_days, clock, hub.clone());
    let mut failures = 0_u32;
    loop {
        super::fault::here("poller");
        let now = clock.now();
        let answer = poller.source.poll(now).await;
        let good = answer.is_ok();
        failures = if good { 0 } else { failures.saturating_add(1) };
        let wait = poller.report(answer, &mut backoff, clock, &hub);
        past.polled(&mut poller.source, good, failures);
        past.read_for(&mut poller.source, wait).await;
    }
}

impl Poller {
    fn report(
        &self,
        answer: Result<Harvest, SourceError>,
        backoff: &mut Backoff,
        clock: Clock,
        hub: &Sender<Signal>,
    ) -> std::time::Duration {
        let at = clock.now();
        let source = self.name.clone();
        match answer {
            Ok(harvest) => {
                backoff.succeeded();
                let wait = clock.pause_for(self.every);
                let next_at = next(at, wait, clock);
                tell(hub, WatchEvent::Polled { source, batch: harvest.into(), at, next_at });
                wait
            }
            Err(error) => {
                let every = Span::from_millis(
                    i64::try_from(clock.pause_for(self.every).as_millis()).unwrap_or(i64::MAX),
                );
                let wait = backoff.failed(every, random_u64(), error.after());
                let wait = wait.to_std().max(super::clock::WALL_FLOOR);
                let next_at = next(at, wait, clock);
                tracing::warn!(source = %self.name, %error, "poll failed");
                tell(hub, WatchEvent::PollFailed { source, why: error.to_string(), at, next_at });
                wait
            }
        }
    }
}

fn next(at: Timestamp, wait: std::time::Duration, clock: Clock) -> Timestamp {
    at.plus(Span::from_millis((wait.as_secs_f64() * 1000.0 * clock.speed()) as i64))
}

/// Randomness for jitter; not for secrets.
pub fn random_u64() -> u64 {
    let mut bytes = [0_u8; 8];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => u64::from(std::process::id()),
    }
}
