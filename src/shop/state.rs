//! Shop: one running shop: world, timeline, kept past, totals since the start. Thread-safe.
//! Asks the caller's clocks for the time and speaks no HTTP.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::accepted::Ledger;
use super::history::{History, count_minute};
use super::opening;
use super::scenario::{Scenario, ScenarioDraft};
use super::tally::Tally;
use super::timeline::{Service, ShopTimeline, ceil_minute, minute_of, minute_time};
use super::truth::Truth;
use super::world::World;
use crate::domain::time::{Span, Timestamp};

/// A source of the current time.
pub type TimeSource = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The two clocks of a shop: its own, which may run faster, and the one on the wall.
#[derive(Clone)]
pub struct Clocks {
    pub shop: TimeSource,
    pub wall: TimeSource,
}

impl fmt::Debug for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clocks")
    }
}

impl Clocks {
    /// A shop clock that starts at `base` now and runs `speed` times as fast as the wall's.
    pub fn scaled(wall: TimeSource, base: Timestamp, speed: f64) -> Self {
        let (zero, source) = (wall(), Arc::clone(&wall));
        let shop: TimeSource = Arc::new(move || {
            let passed = source().since(zero).millis() as f64 * speed;
            base.plus(Span::from_millis(passed as i64))
        });
        Self { shop, wall }
    }
}

/// Minutes from the start of a shop to its scenario's fault.
const FAULT_AFTER: i64 = 4;

/// What makes a shop; see [`super::Options`] for the meaning.
#[derive(Clone, Debug)]
pub struct ShopPlan {
    pub scenario: &'static Scenario,
    pub seed: u64,
    pub speed: f64,
    pub visits_per_day: f64,
    pub history_days: u32,
    pub start: Timestamp,
}

/// One shop.
#[derive(Debug)]
pub struct Shop {
    pub world: World,
    pub clocks: Clocks,
    pub history: History,
    pub scenario: &'static Scenario,
    /// Shop seconds per wall second, as told at the start.
    pub speed: f64,
    /// The minute the shop was started in; totals count from here.
    pub start: i64,
    /// Threads that still draw history.
    warming: AtomicUsize,
    timeline: RwLock<Arc<ShopTimeline>>,
    truth: Mutex<Truth>,
    totals: Mutex<Totals>,
    pub(super) ledger: Mutex<Ledger>,
}

/// Counters of complete minutes since the start.
#[derive(Debug)]
struct Totals {
    tally: Tally,
    /// The first minute not yet counted.
    next: i64,
}

/// A mutex that a panicking request cannot poison for the others: all its writes are whole.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shop {
    pub fn new(plan: &ShopPlan, clocks: Clocks) -> Self {
        let start = minute_of(plan.start);
        let mut timeline = opening::timeline(plan.seed, start);
        let mut truth = Truth::default();
        let mut draft = ScenarioDraft {
            name: plan.scenario.name,
            timeline: &mut timeline,
            truth: &mut truth,
            earliest: start,
            onset: start + FAULT_AFTER,
        };
        (plan.scenario.build)(&mut draft);
        let first = start - i64::from(plan.history_days) * 1440;
        Self {
            world: World::new(plan.seed, plan.visits_per_day * plan.scenario.traffic),
            clocks,
            history: History::new(first),
            scenario: plan.scenario,
            speed: plan.speed,
            start,
            warming: AtomicUsize::new(0),
            totals: Mutex::new(Totals { tally: Tally::new(timeline.versions.len()), next: start }),
            timeline: RwLock::new(Arc::new(timeline)),
            truth: Mutex::new(truth),
            ledger: Mutex::default(),
        }
    }

    /// Shop time now, never before the shop's start.
    pub fn now(&self) -> Timestamp {
        (self.clocks.shop)().max(minute_time(self.start))
    }

    pub fn timeline(&self) -> Arc<ShopTimeline> {
        Arc::clone(&self.timeline.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn truth(&self) -> Truth {
        lock(&self.truth).clone()
    }

    /// Starts a scenario's fault with the next minutes.
    pub fn inject(&self, scenario: &Scenario, now: Timestamp) {
        let earliest = minute_of(now) + 1;
        self.change(|timeline, truth| {
            let name = scenario.name;
            let onset = earliest + 1;
            (scenario.build)(&mut ScenarioDraft { name, timeline, truth, earliest, onset });
        });
    }

    /// Puts `target` live at `at` (later than now); true when it was ever live before.
    pub fn roll_back(&self, service: Service, target: &str, at: Timestamp) -> bool {
        self.change(|timeline, truth| {
            let taken = timeline.roll_back(service, target, at);
            if let Some(taken) = &taken {
                truth.heal(taken, minute_time(ceil_minute(at)));
            }
            taken.is_some()
        })
    }

    /// Whoever owns a fault that no rollback heals has mended it at `at`: it hurts nobody after
    /// this minute, and the truth says when it ended.
    pub fn mend(&self, at: Timestamp) {
        self.change(|timeline, truth| {
            let minute = ceil_minute(at);
            timeline.mend(minute);
            truth.end(minute_time(minute));
        });
    }

    fn change<T>(&self, edit: impl FnOnce(&mut ShopTimeline, &mut Truth) -> T) -> T {
        let mut truth = lock(&self.truth);
        let mut shared = self.timeline.write().unwrap_or_else(PoisonError::into_inner);
        edit(Arc::make_mut(&mut shared), &mut truth)
    }

    /// All counters from the start to `now`, to the second.
    pub fn totals(&self, now: Timestamp) -> Tally {
        let timeline = self.timeline();
        let minute = minute_of(now);
        let mut totals = lock(&self.totals);
        while totals.next < minute {
            let next = totals.next;
            count_minute(&self.world, &timeline, next, 60.0, &mut totals.tally);
            totals.next += 1;
        }
        let mut tally = totals.tally.clone();
        if totals.next > minute {
            // The clock was set back: counters never fall, they wait.
            return tally;
        }
        drop(totals);
        let seconds = now.since(minute_time(minute)).as_secs_f64().floor();
        count_minute(&self.world, &timeline, minute, seconds, &mut tally);
        tally
    }

    /// True while threads draw history; without them hours are drawn when they are asked for.
    pub fn is_warming(&self) -> bool {
        self.warming.load(Ordering::Acquire) > 0
    }

    /// Announces a drawing thread; it must call [`Shop::warm`].
    pub fn begin_warming(&self) {
        self.warming.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes an announcement back.
    pub fn end_warming(&self) {
        self.warming.fetch_sub(1, Ordering::AcqRel);
    }

    /// Draws its share (`part` of `parts`) of the hours before the start; blocks. The announcement
    /// is taken back at the end.
    pub fn warm(&self, part: i64, parts: i64, stop: &dyn Fn() -> bool) {
        let timeline = self.timeline();
        let (first, last) = (self.history.first.div_euclid(60), self.start.div_euclid(60));
        // Newest first: the last days are asked for first.
        let hours = (first..last).rev().filter(|h| h.rem_euclid(parts) == part);
        for hour in hours.take_while(|_| !stop()) {
            self.history.hour(&self.world, &timeline, hour);
        }
        self.end_warming();
    }
}
