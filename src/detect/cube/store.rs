//! All cuboids of all cuts: takes observations in, keeps history and live buckets, evicts the old.
//! Later records replace earlier ones; order of arrival does not matter. No judgement here.

use std::collections::BTreeMap;

use super::cuboid::Cuboid;
use super::histograms::Histograms;
use super::key::{CuboidKey, CuboidRole, Family};
use super::lag::Lag;
use super::reach::Reach;
use crate::detect::evidence::likelihood::inverted;
use crate::detect::evidence::moments::Moments;
use crate::domain::histogram::{Histogram, middle};
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::{Dim, Segment};
use crate::domain::time::{Span, Timestamp};
use crate::policy::buckets::buckets_kept;

/// Everything measured.
#[derive(Clone, Debug)]
pub struct Cube {
    pub bucket: Span,
    slots: usize,
    pub cuboids: BTreeMap<CuboidKey, Cuboid>,
    pub histograms: Histograms,
    /// How far apart the two counts of a derived cuboid are.
    pub lags: BTreeMap<CuboidKey, Lag>,
    /// Doubts about the newest records of each cuboid.
    pub marks: BTreeMap<CuboidKey, Marks>,
    /// Pages that releases and arms declare.
    pub reach: Reach,
    /// The first and the newest live bucket seen.
    pub first: Option<i64>,
    pub newest: Option<i64>,
}

/// Doubts about one bucket's records, in any order of arrival.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    bucket: i64,
    /// Doubts that any of its records raised.
    pub any: Quality,
    /// No record is free of the doubts that keep evidence from paging.
    pub all_weak: bool,
}

impl Marks {
    fn take(&mut self, bucket: i64, q: Quality) {
        if bucket > self.bucket {
            *self = Self { bucket, any: q, all_weak: q.blocks_high_severity() };
        } else if bucket == self.bucket {
            self.any = self.any.or(q);
            self.all_weak &= q.blocks_high_severity();
        }
    }
}

impl Cube {
    pub fn new(bucket: Span) -> Self {
        Self {
            bucket,
            slots: buckets_kept(bucket),
            cuboids: BTreeMap::new(),
            histograms: Histograms::new(bucket),
            lags: BTreeMap::new(),
            marks: BTreeMap::new(),
            reach: Reach::default(),
            first: None,
            newest: None,
        }
    }

    pub fn bucket_of(&self, t: Timestamp) -> i64 {
        t.millis().div_euclid(self.bucket.millis())
    }

    pub fn start_of(&self, bucket: i64) -> Timestamp {
        Timestamp::from_millis(bucket.saturating_mul(self.bucket.millis()))
    }

    pub fn end_of(&self, bucket: i64) -> Timestamp {
        self.start_of(bucket.saturating_add(1))
    }

    pub fn cuboid(&mut self, key: CuboidKey) -> &mut Cuboid {
        let (bucket, slots) = (self.bucket.millis(), self.slots);
        self.cuboids.entry(key.clone()).or_insert_with(|| Cuboid::new(key, bucket, slots))
    }

    /// Takes a live bucket's record.
    pub fn live(&mut self, o: &Observation) {
        let Some(moments) = Self::moments_of(o) else { return };
        let bucket = self.bucket_of(o.window.end.minus(Span::from_millis(1)));
        let key = key_of(o);
        self.marks.entry(key.clone()).or_default().take(bucket, o.quality);
        let cuboid = self.cuboid(key.clone());
        let own = cuboid.put(&o.segment, bucket, moments);
        match &o.value {
            Value::Dist(h) if own => self.histograms.put(&key, &o.segment, bucket, h),
            Value::Dist(h) => {
                let other = cuboid.other();
                self.histograms.fold(key, other, bucket, h);
            }
            _ => {}
        }
        self.newest = self.newest.max(Some(bucket));
        self.first = Some(self.first.map_or(bucket, |f| f.min(bucket)));
    }

    /// Takes a record older than live: any window up to a day.
    pub fn history(&mut self, o: &Observation) {
        let Some(mut moments) = Self::moments_of(o) else { return };
        let hour_ms = Span::from_hours(1).millis();
        let hours = hours_of(o.window);
        let Some(first) = i32::try_from(o.window.start.millis().div_euclid(hour_ms)).ok() else {
            return;
        };
        let share = 1.0 / hours as f32;
        if hours > 1 {
            moments = Moments {
                count: moments.count * share,
                sum: moments.sum * share,
                sum_sq: moments.sum_sq * share,
            };
        }
        let minutes = minutes_of(o.window, hours);
        let key = key_of(o);
        let cuboid = self.cuboid(key);
        for hour in 0..hours {
            cuboid.put_hour(&o.segment, first.saturating_add(hour), minutes, moments);
        }
    }

    pub fn moments_of(o: &Observation) -> Option<Moments> {
        match &o.value {
            Value::Dist(h) => Some(logs(h)),
            Value::Ratio { hits, trials } => {
                let (n, s) = (clean(*trials)?, clean(*hits)?.min(clean(*trials)?));
                let s = if inverted(o.metric) { n - s } else { s };
                Some(Moments { count: n as f32, sum: s as f32, sum_sq: 0.0 })
            }
            Value::Count(c) => Some(Moments { count: 1.0, sum: clean(*c)? as f32, sum_sq: 0.0 }),
            Value::Gauge(g) if g.is_finite() => {
                Some(Moments { count: 1.0, sum: *g as f32, sum_sq: (*g * *g) as f32 })
            }
            Value::Gauge(_) | Value::Missing(_) => None,
        }
    }

    /// Cuboids of one family, in key order.
    pub fn family(&self, family: Family) -> impl Iterator<Item = &Cuboid> {
        self.cuboids.values().filter(move |t| t.key.family == family)
    }

    /// Families present, in order.
    pub fn families(&self) -> Vec<Family> {
        let mut out: Vec<Family> = self.cuboids.keys().map(|k| k.family).collect();
        out.dedup();
        out.sort();
        out.dedup();
        out
    }
}

/// The cuboid a record belongs to: its metric, source and the dimensions it fixes.
pub fn key_of(o: &Observation) -> CuboidKey {
    let role = match o.value {
        Value::Gauge(_) => CuboidRole::Reading,
        Value::Dist(_) | Value::Ratio { .. } | Value::Count(_) | Value::Missing(_) => {
            CuboidRole::Plain
        }
    };
    CuboidKey { family: (o.metric, role), source: o.source.clone(), dims: dims_of(&o.segment) }
}

fn dims_of(segment: &Segment) -> Vec<Dim> {
    segment.dims().map(|(d, _)| d).collect()
}

fn clean(x: f64) -> Option<f64> {
    (x.is_finite() && x >= 0.0).then_some(x)
}

/// Whole hours a window covers, at least one, at most a day.
fn hours_of(w: Window) -> i32 {
    let hours = (w.length().as_mins_f64() / 60.0).round();
    if hours >= 1.0 { (hours as i32).min(24) } else { 1 }
}

/// Which minutes of its hour a window covers, as bits.
fn minutes_of(w: Window, hours: i32) -> u64 {
    const FULL: u64 = (1 << 60) - 1;
    if hours > 1 || w.length() >= Span::from_mins(60) {
        return FULL;
    }
    let from = w.start.secs().div_euclid(60).rem_euclid(60) as u64;
    let count = (w.length().as_mins_f64().round() as u64).clamp(1, 60 - from.min(59));
    (((1_u64 << count) - 1) << from) & FULL
}

/// Samples, sum and sum of squares of the logs of the buckets' middles.
pub fn logs(h: &Histogram) -> Moments {
    let (mut n, mut s, mut q) = (0.0, 0.0, 0.0);
    let mut low = 0.0_f64;
    for (high, count) in h.bounds.iter().zip(&h.counts) {
        if *count > 0.0 {
            let x = middle(low, *high).ln();
            n += count;
            s += count * x;
            q += count * x * x;
        }
        if high.is_finite() {
            low = *high;
        }
    }
    Moments { count: n as f32, sum: s as f32, sum_sq: q as f32 }
}
