//! What a full cut has no leaf for: each segment's newest buckets, so that a record told again
//! replaces the earlier one and the sum is the same in any order of arrival. Only sums here.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::size_of;

use crate::detect::evidence::stat::Moments;
use crate::domain::segment::Segment;

/// Buckets in which a record can still replace an earlier one, and segments told apart in each.
const KEPT: usize = 6;
const MOST: usize = 65_536;

#[derive(Clone, Debug, Default)]
pub(in crate::detect) struct Overflow {
    buckets: BTreeMap<i64, OverflowBucket>,
}

#[derive(Clone, Debug, Default)]
struct OverflowBucket {
    /// By a fixed hash of the segment.
    cells: BTreeMap<u64, Moments>,
    /// Beyond the most that are told apart.
    rest: Moments,
    changed: bool,
}

impl Overflow {
    /// A bucket older than all that are kept is too late.
    pub(in crate::detect) fn put(&mut self, seg: &Segment, bucket: i64, raw: Moments) {
        let bucket = self.buckets.entry(bucket).or_default();
        let mut hasher = DefaultHasher::new();
        seg.hash(&mut hasher);
        let key = hasher.finish();
        bucket.changed = true;
        if bucket.cells.len() < MOST || bucket.cells.contains_key(&key) {
            bucket.cells.insert(key, raw);
        } else {
            add(&mut bucket.rest, &raw);
        }
        while self.buckets.len() > KEPT {
            self.buckets.pop_first();
        }
    }

    /// The sums of the buckets that changed since the last call.
    pub(in crate::detect) fn sums(&mut self) -> Vec<(i64, Moments)> {
        let changed = self.buckets.iter_mut().filter(|(_, b)| b.changed);
        changed
            .map(|(at, bucket)| {
                bucket.changed = false;
                let mut sum = bucket.rest;
                bucket.cells.values().for_each(|raw| add(&mut sum, raw));
                (*at, sum)
            })
            .collect()
    }

    /// Segments in the fullest of the kept buckets.
    pub(in crate::detect) fn segments(&self) -> usize {
        self.buckets.values().map(|b| b.cells.len()).max().unwrap_or(0)
    }

    pub(in crate::detect) fn bytes(&self) -> usize {
        let cells: usize = self.buckets.values().map(|b| b.cells.len()).sum();
        cells * size_of::<(u64, Moments)>()
    }
}

fn add(sum: &mut Moments, raw: &Moments) {
    sum.count += raw.count;
    sum.sum += raw.sum;
    sum.sum_sq += raw.sum_sq;
}
