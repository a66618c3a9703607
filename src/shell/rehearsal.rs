//! The whole product without screen, journal file and waiting: a shop on loopback, real HTTP polls,
//! the watcher's core, and a clock that jumps from poll to poll. For drills, backtests and tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::board::Board;
use crate::config::Config;
use crate::detect::engine::Engine;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event as Told, Record};
use crate::shop::{Clocks, Options};
use crate::source::{self, Source, SourceConfig};
use crate::watch::event::{Batch, Effect, Event};
use crate::watch::state::Watch;
use crate::watch::update::update;

use super::clock::Clock;
use super::session::{self, BUCKET};
use super::settings;

/// A clock that stands where it was put.
#[derive(Clone, Debug, Default)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.millis())))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// For `shop::serve`.
    pub fn clocks(&self) -> Clocks {
        let (shop, wall) = (self.clone(), Clock::system());
        Clocks { shop: Arc::new(move || shop.now()), wall: Arc::new(move || wall.wall()) }
    }
}

/// A rehearsal under way.
pub struct Rehearsal {
    hands: Hands,
    watch: Watch,
    sources: Vec<(SourceConfig, Source, Timestamp)>,
    /// Everything that would be in the journal, in order.
    pub journal: Vec<Record>,
    /// The newest board.
    pub board: Option<Box<Board>>,
}

impl Rehearsal {
    /// Builds the sources of `config` and reads their past, as a start at `hands.now()` would.
    /// `step` is the longest that `step` will be asked for: no source is blind sooner than that.
    pub async fn start(
        config: &Config,
        hands: Hands,
        past_days: u32,
        step: Span,
    ) -> Result<Self, String> {
        let now = hands.now();
        let infos = config.sources.iter().map(session::info).collect();
        let engine = Engine::new(settings::of(config, BUCKET));
        // A quarter of a wall second is the floor between polls: one step of this clock.
        let mut setup = session::setup(config, Clock::system(), infos);
        setup.speed = (step.as_secs_f64() * 4.0).max(1.0);
        let watch = Watch::new(setup, engine, Vec::new(), now);
        let mut sources = Vec::new();
        for config in &config.sources {
            let mut source =
                source::build(config, BUCKET).map_err(|e| format!("{}: {e}", config.name))?;
            source.set_own_time(true);
            sources.push((config.clone(), source, now));
        }
        let mut rehearsal = Self { hands, watch, sources, journal: Vec::new(), board: None };
        rehearsal.past(past_days).await;
        Ok(rehearsal)
    }

    async fn past(&mut self, days: u32) {
        let now = self.hands.now();
        for index in 0..self.sources.len() {
            let Some((config, source, _)) = self.sources.get_mut(index) else { continue };
            let name = config.name.clone();
            let mut parts = Vec::new();
            if session::tells_past(config) {
                source.history(now, days);
                let mut tries = 0;
                while let Some(part) = source.next_history().await {
                    match part {
                        Ok(harvest) => parts.push(Batch::from(harvest)),
                        Err(_) if tries < 200 => {
                            tries += 1;
                            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                        }
                        Err(_) => break,
                    }
                }
            }
            for batch in parts {
                self.tell(Event::PastRead { source: name.clone(), batch });
            }
            self.tell(Event::PastEnded { source: name, at: now });
        }
    }

    /// Moves the clock by `step` and polls every source that is due; true while all answered.
    pub async fn step(&mut self, step: Span) -> bool {
        let now = self.hands.now().plus(step);
        self.hands.set(now);
        let mut good = true;
        for index in 0..self.sources.len() {
            let Some((config, source, due)) = self.sources.get_mut(index) else { continue };
            if *due > now {
                continue;
            }
            *due = now.plus(config.every);
            let (name, next_at) = (config.name.clone(), *due);
            let event = match source.poll(now).await {
                Ok(harvest) => {
                    Event::Polled { source: name, batch: harvest.into(), at: now, next_at }
                }
                Err(error) => {
                    good = false;
                    Event::PollFailed { source: name, why: error.to_string(), at: now, next_at }
                }
            };
            self.tell(event);
        }
        self.tell(Event::Woke { at: now });
        good
    }

    fn tell(&mut self, event: Event) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            for effect in update(&mut self.watch, event) {
                match effect {
                    Effect::Append(records) => {
                        self.journal.extend(records.iter().cloned());
                        queue.push(Event::Journaled { records, at: self.hands.now() });
                    }
                    Effect::Publish(board) => self.board = Some(board),
                }
            }
        }
    }

    /// The records that opened an incident.
    pub fn opened(&self) -> impl Iterator<Item = &Record> {
        self.journal.iter().filter(|r| matches!(r.event, Told::Opened { .. }))
    }
}

/// A shop for a rehearsal: default size, no truth served.
pub fn shop(scenario: &str, seed: u64, hands: &Hands, secret: &str) -> Options {
    Options { truth: false, ..Options::new(scenario, seed, hands.now(), secret) }
}
