//! History: buckets of minutes and hours, drawn on demand and kept while they are likely asked for.
//! Holds no clock: callers say up to when the past is complete.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bucket::ShopBucket;
use super::moment::{Moment, delay_at, delays, orphans};
use super::tally::Tally;
use super::timeline::ShopTimeline;
use super::visit::{VisitPart, draw};
use super::world::World;

/// Minutes kept; the longest minute request is six hours.
const KEEP_MINUTES: i64 = 420;

/// Counts the first `until` seconds of a minute: what arrives in time and what arrives late from
/// earlier minutes.
pub fn count_minute(
    world: &World,
    timeline: &ShopTimeline,
    minute: i64,
    until: f64,
    tally: &mut Tally,
) {
    tally.grow(timeline.versions.len());
    let before = tally.edge;
    draw(&Moment::new(world, timeline, minute), VisitPart::OnTime, until, tally);
    for delay in delays(timeline) {
        let sent = minute - delay;
        if delay_at(timeline, sent) == Some(delay) {
            draw(&Moment::new(world, timeline, sent), VisitPart::Late, until, tally);
        }
    }
    tally.orphaned(before, |template, requests| {
        orphans(world, timeline, minute, template, requests)
    });
}

/// Draws minutes `[from, to)` into one bucket.
pub fn draw_bucket(world: &World, timeline: &ShopTimeline, from: i64, to: i64) -> ShopBucket {
    let mut tally = Tally::new(timeline.versions.len());
    for minute in from..to {
        count_minute(world, timeline, minute, 60.0, &mut tally);
    }
    ShopBucket::freeze(&tally)
}

/// The kept past of one shop. Minutes before `first` have no visits: the shop did not exist.
#[derive(Debug)]
pub struct History {
    pub first: i64,
    minutes: Mutex<BTreeMap<i64, Arc<ShopBucket>>>,
    hours: Mutex<BTreeMap<i64, Arc<ShopBucket>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl History {
    pub fn new(first: i64) -> Self {
        Self { first, minutes: Mutex::default(), hours: Mutex::default() }
    }

    /// A complete minute; drawn when it is not kept.
    pub fn minute(&self, world: &World, timeline: &ShopTimeline, minute: i64) -> Arc<ShopBucket> {
        if minute < self.first {
            return Arc::default();
        }
        if let Some(kept) = lock(&self.minutes).get(&minute) {
            return Arc::clone(kept);
        }
        let bucket = Arc::new(draw_bucket(world, timeline, minute, minute + 1));
        let mut minutes = lock(&self.minutes);
        minutes.insert(minute, Arc::clone(&bucket));
        while let Some((oldest, newest)) = minutes
            .first_key_value()
            .zip(minutes.last_key_value())
            .map(|((a, _), (b, _))| (*a, *b))
            .filter(|(a, b)| b - a > KEEP_MINUTES)
        {
            minutes.remove(&oldest.min(newest));
        }
        bucket
    }

    /// A complete hour (`hour` counts from the epoch); drawn when it is not kept.
    pub fn hour(&self, world: &World, timeline: &ShopTimeline, hour: i64) -> Arc<ShopBucket> {
        if let Some(kept) = lock(&self.hours).get(&hour) {
            return Arc::clone(kept);
        }
        let from = (hour * 60).max(self.first);
        let bucket = Arc::new(draw_bucket(world, timeline, from, (hour + 1) * 60));
        lock(&self.hours).insert(hour, Arc::clone(&bucket));
        bucket
    }

    pub fn has_hour(&self, hour: i64) -> bool {
        (hour + 1) * 60 <= self.first || lock(&self.hours).contains_key(&hour)
    }

    /// Any complete stretch that is a whole number of minutes below an hour, or one hour.
    pub fn stretch(
        &self,
        world: &World,
        timeline: &ShopTimeline,
        from: i64,
        minutes: i64,
    ) -> Arc<ShopBucket> {
        if minutes == 60 {
            return self.hour(world, timeline, from.div_euclid(60));
        }
        if minutes == 1 {
            return self.minute(world, timeline, from);
        }
        let mut tally = Tally::new(timeline.versions.len());
        for minute in from..from + minutes {
            self.minute(world, timeline, minute).add_to(&mut tally);
        }
        Arc::new(ShopBucket::freeze(&tally))
    }

    /// Share of the complete hours before `start` that are kept, 0..=1.
    pub fn warm_share(&self, start: i64) -> f64 {
        let (first, last) = (self.first.div_euclid(60), start.div_euclid(60));
        if last <= first {
            return 1.0;
        }
        let kept = lock(&self.hours).range(first..last).count();
        kept as f64 / (last - first) as f64
    }

    /// Bytes held by kept hours.
    pub fn weight(&self) -> usize {
        lock(&self.hours).values().map(|b| b.weight()).sum()
    }
}
