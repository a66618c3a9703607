//! The histograms of the last hour, for the percentiles that people read.
//! Tests use sums of logs instead; percentiles are read here and never averaged.

use std::collections::{BTreeMap, VecDeque};
use std::mem::size_of;
use std::sync::Arc;

use super::key::CuboidKey;
use crate::domain::histogram::{Histogram, middle};
use crate::domain::money::Range;
use crate::domain::segment::Segment;
use crate::domain::time::Span;

/// One cut's histograms by leaf.
#[derive(Clone, Debug)]
pub struct CuboidHistograms {
    pub bounds: Arc<[f64]>,
    pub leaves: BTreeMap<Segment, VecDeque<(i64, Vec<f32>)>>,
}

#[derive(Clone, Debug)]
pub struct Histograms {
    keep: i64,
    pub cuts: BTreeMap<CuboidKey, CuboidHistograms>,
    /// What goes into `(other)`, summed over one batch.
    rest: BTreeMap<(CuboidKey, Segment, i64), Histogram>,
}

impl Histograms {
    pub fn new(bucket: Span) -> Self {
        let keep = (Span::from_hours(1).millis() / bucket.millis().max(1)).clamp(1, 120);
        Self { keep, cuts: BTreeMap::new(), rest: BTreeMap::new() }
    }

    /// Puts a bucket; the same bucket again replaces it. Other bounds are folded into the cut's.
    pub fn put(&mut self, key: &CuboidKey, seg: &Segment, bucket: i64, h: &Histogram) {
        let cut = self.cuts.entry(key.clone()).or_insert_with(|| CuboidHistograms {
            bounds: h.bounds.clone(),
            leaves: BTreeMap::new(),
        });
        let counts: Vec<f32> = if cut.bounds == h.bounds {
            h.counts.iter().map(|c| *c as f32).collect()
        } else {
            refit(&cut.bounds, h)
        };
        let ring = cut.leaves.entry(seg.clone()).or_default();
        match ring.iter().position(|(b, _)| *b >= bucket) {
            Some(i) if ring.get(i).is_some_and(|(b, _)| *b == bucket) => {
                if let Some(slot) = ring.get_mut(i) {
                    slot.1 = counts;
                }
            }
            Some(i) => ring.insert(i, (bucket, counts)),
            None => ring.push_back((bucket, counts)),
        }
        let newest = ring.back().map_or(bucket, |(b, _)| *b);
        while ring.front().is_some_and(|(b, _)| *b <= newest - self.keep) {
            ring.pop_front();
        }
    }

    /// Adds a bucket of a segment that has no leaf to its cut's `(other)`, until it is poured.
    pub fn fold(&mut self, key: CuboidKey, other: Segment, bucket: i64, h: &Histogram) {
        let sum = self.rest.entry((key, other, bucket));
        let sum = sum.or_insert_with(|| Histogram::new(h.bounds.clone(), Vec::new()));
        let counts: Vec<f32> = if sum.bounds == h.bounds {
            h.counts.iter().map(|c| *c as f32).collect()
        } else {
            refit(&sum.bounds, h)
        };
        sum.counts.resize(sum.bounds.len(), 0.0);
        for (sum, c) in sum.counts.iter_mut().zip(counts) {
            *sum += f64::from(c);
        }
    }

    /// At the end of a batch.
    pub fn pour(&mut self) {
        for ((key, other, bucket), h) in std::mem::take(&mut self.rest) {
            self.put(&key, &other, bucket, &h);
        }
    }

    /// Forgets segments of which nothing was told for as long as buckets are kept.
    pub fn prune(&mut self, bucket: i64) {
        for cut in self.cuts.values_mut() {
            let newest = |ring: &VecDeque<(i64, Vec<f32>)>| ring.back().map_or(i64::MIN, |b| b.0);
            cut.leaves.retain(|_, ring| newest(ring) > bucket - self.keep);
        }
        self.cuts.retain(|_, cut| !cut.leaves.is_empty());
    }

    pub fn bytes(&self) -> usize {
        let bucket = |(_, c): &(i64, Vec<f32>)| c.capacity() * size_of::<f32>();
        let ring = |r: &VecDeque<(i64, Vec<f32>)>| {
            size_of::<(Segment, VecDeque<(i64, Vec<f32>)>)>()
                + r.capacity() * size_of::<(i64, Vec<f32>)>()
                + r.iter().map(bucket).sum::<usize>()
        };
        self.cuts.values().flat_map(|c| c.leaves.values()).map(ring).sum()
    }
}

impl CuboidHistograms {
    /// One leaf's histogram over the buckets `from..=to`, added into `into`.
    pub fn add(&self, seg: &Segment, from: i64, to: i64, into: &mut Vec<f64>) {
        into.resize(self.bounds.len(), 0.0);
        let Some(ring) = self.leaves.get(seg) else { return };
        for (_, counts) in ring.iter().filter(|(b, _)| (from..=to).contains(b)) {
            for (sum, c) in into.iter_mut().zip(counts) {
                *sum += f64::from(*c);
            }
        }
    }
}

/// Counts moved into other bounds by the middle of their bucket.
fn refit(bounds: &[f64], h: &Histogram) -> Vec<f32> {
    let mut out = vec![0.0_f32; bounds.len()];
    let mut low = 0.0;
    for (high, count) in h.bounds.iter().zip(&h.counts) {
        let at = middle(low, *high);
        let i = bounds.iter().position(|b| at <= *b).unwrap_or(bounds.len().saturating_sub(1));
        if let Some(slot) = out.get_mut(i) {
            *slot += *count as f32;
        }
        if high.is_finite() {
            low = *high;
        }
    }
    out
}

/// A percentile with its 95 % interval by order statistics; `spread` widens the ranks for samples
/// that cluster in visits (design shift). Bucket edges bound what can be known.
pub fn percentile(h: &Histogram, q: f64, spread: f64) -> Option<(f64, Range)> {
    let n = h.total();
    let value = h.quantile(q)?.value;
    let half = 1.96 * (q * (1.0 - q) / n.max(1.0) * spread.max(1.0)).sqrt();
    let low = h.quantile((q - half).max(0.0))?.value;
    let high = h.quantile((q + half).min(1.0))?.value;
    Some((value, Range::new(low, high)))
}
