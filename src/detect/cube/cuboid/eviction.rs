//! Who has a leaf of its own: admission up to a cap, `(other)` beyond it, eviction of leaves that
//! nobody was seen in for long. Sorts leaves and makes slices. Nothing is judged here.

use std::collections::BTreeMap;

use super::{Cuboid, Leaf, Likelihood, Moments, Profile, Slice, project};
use crate::domain::segment::{Dim, DimValue, Segment};

/// More leaves than this in one cut fold into `(other)`.
pub const MAX_LEAVES: usize = 4000;
/// Conjunctions fix at most so many dimensions, or all of them.
const MAX_FIXED: u32 = 4;
/// Hours without a sample after which a leaf goes; of a release or an arm of an experiment sooner.
const IDLE_HOURS: i32 = 7 * 24;
const IDLE_RELEASE_HOURS: i32 = 2 * 24;
/// What old releases taught goes with the history it was learnt from.
const IDLE_REST_HOURS: i32 = 28 * 24;

impl Cuboid {
    /// The leaf of a segment, made when new. Beyond the cap it is the cut's `(other)`.
    pub fn leaf_index(&mut self, seg: &Segment) -> usize {
        let seg = if self.admits(seg) { seg.clone() } else { self.other() };
        if let Some(i) = self.index.get(&seg) {
            return *i;
        }
        self.leaves.push(Leaf {
            seg: seg.clone(),
            at: self.leaves.len(),
            hist: Vec::new(),
            prof: Profile::default(),
            sums: Vec::new(),
            expl: Vec::new(),
        });
        self.index.insert(seg, self.leaves.len() - 1);
        self.stale = true;
        self.leaves.len() - 1
    }

    /// The segment that stands for all that have no leaf of their own.
    pub fn other(&self) -> Segment {
        self.key.dims.iter().fold(Segment::all(), |s, d| s.with(*d, DimValue::Other))
    }

    pub fn knows(&self, seg: &Segment) -> bool {
        self.index.contains_key(seg)
    }

    /// New segments that still get a leaf of their own.
    pub fn room(&self) -> usize {
        MAX_LEAVES.saturating_sub(self.leaves.len())
    }

    pub(in crate::detect) fn admits(&self, seg: &Segment) -> bool {
        self.room() > 0 || self.knows(seg)
    }

    /// Segments in `(other)` of late, and all segments with them.
    pub fn folded(&self) -> Option<(usize, usize)> {
        let (folded, own) = (self.overflow.segments(), self.leaves.len().min(MAX_LEAVES));
        (folded > 0).then_some((folded, own + folded))
    }

    /// Puts what had no room into `(other)`: the sum over its segments, whatever their order.
    pub fn pour(&mut self) {
        for (bucket, raw) in self.overflow.sums() {
            let other = self.other();
            let leaf = self.leaf_index(&other);
            self.set(leaf, bucket, raw);
        }
    }

    /// Drops leaves without a sample for long before `hour`. What a release or an arm taught stays
    /// as its place's `(other)` release: the next one leans on it.
    pub fn evict(&mut self, hour: i32) -> bool {
        let leaves = std::mem::take(&mut self.leaves);
        let (gone, kept): (Vec<Leaf>, Vec<Leaf>) =
            leaves.into_iter().partition(|l| hour - self.seen(l) > idle_hours(l) && !self.rings(l));
        self.leaves = kept;
        if gone.is_empty() {
            return false;
        }
        self.stale = true;
        self.settle();
        let first = self.hours.keys().next().copied().unwrap_or(hour);
        let teaches = !self.timed();
        for leaf in gone.iter().filter(|l| teaches && names_release(&l.seg)) {
            let place = retired(&leaf.seg);
            for h in leaf.hist.iter().filter(|h| h.raw.count > 0.0 && h.hour >= first) {
                self.put_hour(&place, h.hour, 0, h.raw);
            }
        }
        self.settle();
        self.leaves.shrink_to_fit();
        true
    }

    /// The last hour of history with a sample.
    fn seen(&self, leaf: &Leaf) -> i32 {
        let last = leaf.hist.iter().rev().find(|h| self.sampled(h.raw));
        last.map_or(i32::MIN / 2, |h| h.hour)
    }

    fn rings(&self, leaf: &Leaf) -> bool {
        let oldest = self.oldest();
        let kept = self.ring.iter().zip(&self.slots).filter(|(_, slot)| **slot >= oldest);
        let cell = |column: &Vec<Moments>| column.get(leaf.at).is_some_and(|r| self.sampled(*r));
        kept.map(|(column, _)| column).any(cell)
    }

    pub fn sampled(&self, raw: Moments) -> bool {
        if self.timed() { raw.sum > 0.0 } else { raw.count > 0.0 }
    }

    /// Sorts leaves and makes the slices again when leaves came or went.
    pub fn settle(&mut self) -> bool {
        self.pour();
        if !self.stale {
            return false;
        }
        self.stale = false;
        self.touched = true;
        self.leaves.sort_by(|a, b| a.seg.cmp(&b.seg));
        self.align();
        self.index = self.leaves.iter().enumerate().map(|(i, l)| (l.seg.clone(), i)).collect();
        let mut map: BTreeMap<(u16, Segment), Vec<u32>> = BTreeMap::new();
        for (i, leaf) in self.leaves.iter().enumerate() {
            for mask in masks(self.likelihood, self.key.dims.len()) {
                let seg = project(&leaf.seg, &self.key.dims, mask);
                map.entry((mask, seg)).or_default().push(i as u32);
            }
        }
        self.slice =
            map.into_iter().map(|((mask, seg), leaves)| Slice { mask, seg, leaves }).collect();
        self.slice_index =
            self.slice.iter().enumerate().map(|(i, c)| (c.seg.clone(), i as u32)).collect();
        true
    }

    /// Puts the ring's columns into the order of the leaves.
    fn align(&mut self) {
        for column in self.ring.iter_mut().filter(|c| !c.is_empty()) {
            let moved = self.leaves.iter().map(|l| column.get(l.at).copied().unwrap_or_default());
            *column = moved.collect();
        }
        for (i, leaf) in self.leaves.iter_mut().enumerate() {
            leaf.at = i;
        }
    }
}

/// It names a release or an arm, which is new by nature.
pub fn names_release(seg: &Segment) -> bool {
    [Dim::Release, Dim::Cohort].iter().any(|d| matches!(seg.get(*d), DimValue::Value(_)))
}

/// The same place with its release and arm in `(other)`.
fn retired(seg: &Segment) -> Segment {
    seg.dims().fold(Segment::all(), |s, (d, v)| {
        let old = matches!(d, Dim::Release | Dim::Cohort) && matches!(v, DimValue::Value(_));
        s.with(d, if old { DimValue::Other } else { v.clone() })
    })
}

fn idle_hours(leaf: &Leaf) -> i32 {
    let rest = [Dim::Release, Dim::Cohort].iter().any(|d| *leaf.seg.get(*d) == DimValue::Other);
    if names_release(&leaf.seg) {
        IDLE_RELEASE_HOURS
    } else if rest {
        IDLE_REST_HOURS
    } else {
        IDLE_HOURS
    }
}

/// The masks to scan: all subsets; gauges are never added up.
fn masks(likelihood: Likelihood, dims: usize) -> impl Iterator<Item = u16> {
    let full = (1_u16 << dims.min(Dim::ALL.len())) - 1;
    (0..=full).filter(move |m| {
        *m == full || (likelihood != Likelihood::Gauge && m.count_ones() <= MAX_FIXED)
    })
}
