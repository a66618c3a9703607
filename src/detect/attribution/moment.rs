//! When it began, weighed: the evidence of a case's first shifts over every moment and shape of
//! beginning, tempered, so that a change can be held against all of it. Knows no change.

use super::telling::Telling;
use crate::detect::cube::store::Cube;
use crate::detect::scan::shift::Shift;
use crate::domain::time::{Span, Timestamp};

/// Ways to begin: minutes until the harm is whole, and how common each is.
const SHAPES: [(f64, f64); 6] =
    [(0.0, 0.60), (4.0, 0.18), (15.0, 0.11), (60.0, 0.07), (240.0, 0.025), (960.0, 0.015)];
/// OnsetPosterior for each bucket.
const FINE: i64 = 4;
/// Minutes before the first shift that can be the beginning; three times that for slow growth.
const BACK_MIN: f64 = 180.0;
/// Effects that begin within so many minutes of the first one date the case with it.
const NEAR_MIN: f64 = 5.0;
/// Effects that are listened to; more tell the same.
const MOST: usize = 4;
/// Minutes by which one shift follows another, mean, and the share that is not told by any mean.
const LAG_MIN: f64 = 1.0;
const LOST: f64 = 0.05;

/// Likelihood against the best below which a moment is not looked at.
const NEGLIGIBLE: f64 = 1e-12;
/// Buckets before an onset without which it cannot be dated.
const KEPT: i64 = 12;

/// The weight of every moment, by shape.
pub struct OnsetPosterior {
    pub start: Timestamp,
    pub step: Span,
    /// Minutes of a step.
    minutes: f64,
    /// Likelihood of each moment over all shapes, against `top`; nothing where it is negligible.
    weights: Vec<f64>,
    /// Nats of the best one.
    top: f64,
    /// The shifts it was read from.
    tellings: Vec<Telling>,
    bucket: Span,
}

/// Effects that date a case: the first one and what began with it, the first at the head.
pub fn first(shifts: &[Shift], bucket: Span) -> Vec<&Shift> {
    let Some(first) = shifts.iter().min_by(|a, b| {
        // An onset that is hardly known reaches far back: its end tells what came first.
        let key = |e: &Shift| (e.onset.high, e.onset.bucket);
        key(a).cmp(&key(b)).then(b.nats.total_cmp(&a.nats)).then(a.cuboid.cmp(&b.cuboid))
    }) else {
        return Vec::new();
    };
    let near = (NEAR_MIN / bucket.as_mins_f64()).round().max(2.0) as i64;
    let with = |e: &&Shift| e.onset.low <= first.onset.high + near && !std::ptr::eq(*e, first);
    let mut rest: Vec<&Shift> = shifts.iter().filter(with).collect();
    rest.sort_by(|a, b| b.nats.total_cmp(&a.nats).then(a.cuboid.cmp(&b.cuboid)));
    std::iter::once(first).chain(rest.into_iter().take(MOST - 1)).collect()
}

impl OnsetPosterior {
    /// What the shifts say that date a case; none while their buckets are not kept.
    pub fn of(cube: &Cube, shifts: &[&Shift]) -> Option<Self> {
        let tellings: Vec<Telling> =
            shifts.iter().map(|e| telling(cube, e)).collect::<Option<_>>()?;
        let (from, to) = tellings
            .iter()
            .map(Telling::span)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .filter(|(a, b)| a < b)?;
        let fine = FINE as f64;
        let count = (to - from) * FINE;
        let lengths = SHAPES.map(|(min, _)| min / cube.bucket.as_mins_f64());
        let rows: Vec<Vec<Vec<f64>>> = tellings
            .iter()
            .map(|t| {
                let at = |i: i64| from as f64 + (i as f64 + 0.5) / fine;
                let row = |l: &f64| (0..count).map(|i| t.rise(at(i), *l)).collect();
                lengths.iter().map(row).collect()
            })
            .collect();
        let step = Span::from_millis(cube.bucket.millis() / FINE);
        let minutes = step.as_mins_f64();
        let (top, weights) = together(&rows, minutes);
        let start = cube.start_of(from);
        Some(Self { start, step, minutes, weights, top, tellings, bucket: cube.bucket })
    }

    /// Failing checks: it began somewhere between two runs.
    pub fn between(from: Timestamp, to: Timestamp, bucket: Span) -> Self {
        let step = Span::from_millis(bucket.millis() / FINE);
        let start = from.minus(Span::from_mins(5));
        let end = to.plus(Span::from_mins(5));
        let count = end.since(start).millis() / step.millis().max(1);
        let off = |i: i64| {
            let at = start.plus(step.times(i)).plus(Span::from_millis(step.millis() / 2));
            let away = from.since(at).as_mins_f64().max(at.since(to).as_mins_f64()).max(0.0);
            (-0.5 * (away / 0.5).powi(2)).exp()
        };
        let (weights, tellings) = ((0..count).map(off).collect(), Vec::new());
        Self { start, step, minutes: step.as_mins_f64(), weights, top: 0.0, tellings, bucket }
    }

    /// Log likelihood of "it began at some moment that nothing tells": for each minute one chance.
    pub fn anyhow(&self) -> f64 {
        let all: f64 = self.weights.iter().sum();
        self.top + (all * self.minutes).ln()
    }

    /// Log likelihood of "it began as `delay` (a density per minute, by milliseconds) says".
    pub fn after(&self, live: Timestamp, delay: impl Fn(f64) -> f64) -> f64 {
        let offset = self.start.since(live).millis() as f64;
        let step = self.step.millis() as f64;
        let each = self.weights.iter().enumerate().filter(|(_, p)| **p > 0.0);
        let sum: f64 = each.map(|(i, p)| p * delay(offset + (i as f64 + 0.5) * step)).sum();
        self.top + (sum * self.minutes).ln()
    }

    /// Log likelihood of any dose over time: mean share of each bucket, by its start and end.
    pub fn dosed(&self, dose: impl Fn(Timestamp, Timestamp) -> f64) -> f64 {
        let bucket = self.bucket;
        let share = |b: i64| {
            let start = Timestamp::from_millis(b.saturating_mul(bucket.millis()));
            dose(start, start.plus(bucket))
        };
        let all: f64 = self.tellings.iter().map(|t| t.dosed(share)).sum();
        all / tempered(self.tellings.len())
    }

    /// Nats of the best single beginning.
    pub fn best(&self) -> f64 {
        self.top
    }

    /// Effects that it was read from: none for failing checks alone.
    pub fn is_measured(&self) -> bool {
        !self.tellings.is_empty()
    }

    /// When it began: the middle, and between which two with 80 %.
    pub fn range(&self) -> (Timestamp, Timestamp, Timestamp) {
        let all: f64 = self.weights.iter().sum();
        let find = |share: f64| {
            let mut sum = 0.0;
            let i = self.weights.iter().position(|p| {
                sum += p;
                sum >= share * all
            });
            let i = i64::try_from(i.unwrap_or(0)).unwrap_or(0);
            self.start.plus(self.step.times(i)).plus(Span::from_millis(self.step.millis() / 2))
        };
        (find(0.5), find(0.1), find(0.9))
    }
}

/// Effects of one cause err together (one scrape, one cache): so many count as their root.
fn tempered(shifts: usize) -> f64 {
    (shifts.max(1) as f64).sqrt()
}

/// All buckets of an shift that can tell its beginning.
fn telling(cube: &Cube, e: &Shift) -> Option<Telling> {
    let cuboid = cube.cuboids.get(&e.cuboid)?;
    if e.onset.low <= cuboid.oldest().saturating_add(KEPT) {
        return None;
    }
    let back = (BACK_MIN / cube.bucket.as_mins_f64()) as i64 * if e.onset.ramp { 3 } else { 1 };
    let series = cuboid.series(&e.scope, e.last_bad.max(e.found));
    let kept = series.partition_point(|(b, _)| *b < e.onset.low - back);
    let series = series.get(kept..).unwrap_or_default();
    (!series.is_empty()).then(|| Telling::of(e, series, e.dispersion(cuboid)))
}

/// One likelihood from those of several shifts: the first dates, the others may lag behind it.
/// Nats of the best moment, and every moment against it.
fn together(rows: &[Vec<Vec<f64>>], minutes: f64) -> (f64, Vec<f64>) {
    let Some((first, rest)) = rows.split_first() else { return (0.0, Vec::new()) };
    let others: Vec<Vec<f64>> = rest.iter().map(|r| lagged(r, minutes)).collect();
    let root = tempered(rows.len());
    let mut logs: Vec<Vec<f64>> = Vec::with_capacity(first.len());
    for (row, (_, prior)) in first.iter().zip(SHAPES) {
        let with = |i: usize| others.iter().filter_map(|o| o.get(i)).sum::<f64>();
        let each = row.iter().enumerate();
        logs.push(each.map(|(i, nats)| (nats + with(i)) / root + prior.ln()).collect());
    }
    let top = logs.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let count = logs.first().map_or(0, Vec::len);
    let at = |i: usize| logs.iter().filter_map(|r| r.get(i)).map(|l| (l - top).exp()).sum();
    let weights = (0..count).map(at).map(|p: f64| if p > NEGLIGIBLE { p } else { 0.0 });
    (top, weights.collect())
}

/// Nats of "this shift begins at each moment or somewhat later".
fn lagged(shapes: &[Vec<f64>], minutes: f64) -> Vec<f64> {
    let count = shapes.first().map_or(0, Vec::len);
    let top = shapes.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let weight = |i: usize| {
        let each = shapes.iter().zip(SHAPES);
        each.filter_map(|(r, (_, p))| r.get(i).map(|l| p * (l - top).exp())).sum::<f64>()
    };
    let stay = (-minutes / LAG_MIN).exp();
    let weights: Vec<f64> = (0..count).map(weight).collect();
    let floor = LOST * weights.iter().copied().fold(0.0, f64::max);
    let (mut next, mut out) = (0.0, vec![0.0; count]);
    for (slot, w) in out.iter_mut().zip(&weights).rev() {
        next = (1.0 - stay) * w + stay * next;
        *slot = top + (next + floor * (1.0 - stay)).ln();
    }
    out
}
