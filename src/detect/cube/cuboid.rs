//! One cut of one metric: leaves that share the same fixed dimensions, their ring of live buckets,
//! their hourly history, and every slice over them. Each cut counts the same visits, so cuts
//! are never added up.

pub mod eviction;
pub mod window_sums;

mod overflow;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::size_of;

use self::overflow::Overflow;
use super::hit::Hit;
use super::key::{CuboidKey, CuboidRole};
use crate::detect::baseline::profile::Profile;
use crate::detect::evidence::stat::{
    Dispersion, Explained, HourMoments, Likelihood, Moments, Tally, inverted, likelihood_of,
};
use crate::domain::metric::{Bad, Metric};
use crate::domain::segment::{Dim, DimValue, Segment};

pub use self::eviction::{MAX_LEAVES, names_release};

/// One cell of the cut.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub seg: Segment,
    /// Its column in the ring of buckets.
    at: usize,
    pub hist: Vec<HourMoments>,
    pub prof: Profile,
    /// Sums over the standard windows, newest bucket included.
    pub sums: Vec<Tally>,
    /// What known incidents explain of each window's observed sum.
    pub expl: Vec<Explained>,
}

/// A slice: some dimensions fixed to one value each.
#[derive(Clone, Debug)]
pub struct Slice {
    pub mask: u16,
    pub seg: Segment,
    pub leaves: Vec<u32>,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks of one table")]
pub struct Cuboid {
    pub key: CuboidKey,
    pub likelihood: Likelihood,
    pub sign: f64,
    /// Success shares are kept as failures.
    pub inverted: bool,
    pub leaves: Vec<Leaf>,
    index: HashMap<Segment, usize>,
    pub slice: Vec<Slice>,
    slice_index: HashMap<Segment, u32>,
    pub dispersion: BTreeMap<u16, Dispersion>,
    /// What the two ends of a window add to its variance (see `lag`).
    pub edge: f64,
    /// What one hit stands for: money is counted in usual orders.
    pub unit: f64,
    pub unit_known: bool,
    /// Copies of each sample that come now; 1 but while beacons come twice.
    pub copies: f64,
    /// The live buckets, each with a column per leaf: one bucket of all leaves lies together,
    /// because that is how windows are rolled on. Columns at the end may be missing (zero).
    ring: Vec<Vec<Moments>>,
    /// Which bucket each slot holds; `i64::MIN` means nothing arrived.
    slots: Vec<i64>,
    pub latest: i64,
    /// Hours with any history and which of their minutes it covers.
    pub hours: BTreeMap<i32, u64>,
    /// Share of a usual day, by day of week from Thursday (the epoch's); counts per time only.
    pub week: [f64; 7],
    pub bucket_ms: i64,
    /// The bucket the window sums stand at; a record for an earlier one makes them wrong.
    pub rolled: i64,
    /// Lengths (buckets) of the windows that stand in the leaves' sums.
    pub lengths: Vec<i64>,
    pub touched: bool,
    /// Known shifts explain something of its windows.
    pub explained: bool,
    /// What the sweep found; good for the windows as they are when `swept`.
    pub hits: Vec<Hit>,
    pub swept: bool,
    /// Announced work: measured, not judged, not learnt from.
    pub muted: Vec<Muted>,
    /// Leaves came or went: order and slices must be made again.
    stale: bool,
    /// What there was no room for, of the newest buckets.
    overflow: Overflow,
    pub history_dirty: bool,
    /// It has no history of its own and leans on a sibling cut.
    pub borrowed: bool,
}

/// Announced work in bucket numbers (both ends in), with the leaves it covers; all when `None`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Muted {
    pub from: i64,
    pub to: i64,
    pub only: Option<BTreeSet<Segment>>,
}

/// Hours of history kept per leaf: four weeks.
pub const MAX_HOURS: usize = 672;
/// Room made for more hours of a leaf: a week, so that four weeks take no more than they are.
const GROWS_BY: usize = 169;

impl Cuboid {
    pub fn new(key: CuboidKey, bucket_ms: i64, slots: usize) -> Self {
        let (likelihood, sign) = match key.family.1 {
            CuboidRole::Beacon => (Likelihood::Poisson, -1.0),
            CuboidRole::Surge => (Likelihood::Poisson, likelihood_of(key.family.0).1),
            CuboidRole::Reading => (Likelihood::Gauge, likelihood_of(key.family.0).1),
            CuboidRole::Plain | CuboidRole::Step => likelihood_of(key.family.0),
        };
        let sign =
            if key.family.1 == CuboidRole::Reading { reading_sign(key.family.0) } else { sign };
        Self {
            inverted: key.family.1 == CuboidRole::Plain && inverted(key.family.0),
            key,
            likelihood,
            sign,
            leaves: Vec::new(),
            index: HashMap::new(),
            slice: Vec::new(),
            slice_index: HashMap::new(),
            dispersion: BTreeMap::new(),
            edge: 0.0,
            unit: 1.0,
            unit_known: false,
            copies: 1.0,
            ring: vec![Vec::new(); slots.max(1)],
            slots: vec![i64::MIN; slots.max(1)],
            latest: i64::MIN,
            hours: BTreeMap::new(),
            week: [1.0; 7],
            bucket_ms: bucket_ms.max(1),
            rolled: i64::MIN,
            lengths: Vec::new(),
            touched: true,
            explained: false,
            hits: Vec::new(),
            swept: false,
            muted: Vec::new(),
            stale: false,
            overflow: Overflow::default(),
            history_dirty: false,
            borrowed: false,
        }
    }

    /// Counts per time need the time as exposure; other cuboids bring their own.
    pub fn timed(&self) -> bool {
        self.likelihood == Likelihood::Poisson && self.key.family.1 == CuboidRole::Plain
    }

    pub fn slice_at(&self, seg: &Segment) -> Option<&Slice> {
        self.slice_index.get(seg).and_then(|i| self.slice.get(*i as usize))
    }

    /// What finding a segment costs; keys are stored beside the leaves.
    pub fn index_bytes(&self) -> usize {
        let entry = size_of::<(Segment, usize)>();
        (self.index.capacity() + self.slice_index.capacity()) * entry + self.overflow.bytes()
    }

    /// Buckets kept, at least one.
    fn kept(&self) -> i64 {
        i64::try_from(self.slots.len()).unwrap_or(1).max(1)
    }

    fn slot(&self, bucket: i64) -> usize {
        bucket.rem_euclid(self.kept()) as usize
    }

    /// The bucket arrived from the source (its cells may still be zero).
    pub fn delivered(&self, bucket: i64) -> bool {
        self.slots.get(self.slot(bucket)) == Some(&bucket)
    }

    /// Makes room for a bucket; false when it is too old to be kept.
    fn open(&mut self, bucket: i64) -> bool {
        let keep = self.kept();
        if self.latest != i64::MIN && bucket <= self.latest - keep {
            return false;
        }
        if !self.delivered(bucket) {
            let slot = self.slot(bucket);
            if let Some(column) = self.ring.get_mut(slot) {
                column.clear();
            }
            if let Some(s) = self.slots.get_mut(slot) {
                *s = bucket;
            }
            self.touched |= bucket <= self.rolled;
        }
        self.latest = self.latest.max(bucket);
        true
    }

    /// Sets a leaf's bucket; a later record for the same bucket replaces the earlier one. False
    /// when the cut has no room for the segment: then it counts in `(other)`, once that is poured.
    pub fn put(&mut self, seg: &Segment, bucket: i64, raw: Moments) -> bool {
        let own = self.admits(seg);
        if self.open(bucket) {
            if own {
                let leaf = self.leaf_index(seg);
                self.set(leaf, bucket, raw);
            } else {
                self.overflow.put(seg, bucket, raw);
            }
        }
        own
    }

    fn set(&mut self, leaf: usize, bucket: i64, raw: Moments) {
        let (leaves, slot) = (self.leaves.len(), self.slot(bucket));
        let Some(column) = self.ring.get_mut(slot) else { return };
        if column.len() <= leaf {
            column.resize(leaves, Moments::default());
        }
        if let Some(r) = column.get_mut(leaf) {
            if bucket <= self.rolled && *r != raw {
                self.touched = true;
            }
            *r = raw;
        }
    }

    /// Adds to a leaf's hour of history; `minutes` marks which minutes of the hour it covers.
    pub fn put_hour(&mut self, seg: &Segment, hour: i32, minutes: u64, raw: Moments) {
        let leaf = self.leaf_index(seg);
        *self.hours.entry(hour).or_default() |= minutes;
        while self.hours.len() > MAX_HOURS {
            self.hours.pop_first();
        }
        let Some(leaf) = self.leaves.get_mut(leaf) else { return };
        match leaf.hist.binary_search_by_key(&hour, |h| h.hour) {
            Ok(i) => {
                if let Some(h) = leaf.hist.get_mut(i) {
                    h.raw.count += raw.count;
                    h.raw.sum += raw.sum;
                    h.raw.sum_sq += raw.sum_sq;
                }
            }
            Err(i) => {
                if leaf.hist.len() == leaf.hist.capacity() {
                    leaf.hist.reserve_exact(GROWS_BY);
                }
                leaf.hist.insert(i, HourMoments { hour, raw });
            }
        }
        if leaf.hist.len() > MAX_HOURS {
            leaf.hist.remove(0);
        }
        self.history_dirty = true;
    }

    /// Takes some hours out of history.
    pub fn forget_hours(&mut self, gone: &BTreeSet<i32>) {
        self.hours.retain(|hour, _| !gone.contains(hour));
        for leaf in &mut self.leaves {
            leaf.hist.retain(|h| !gone.contains(&h.hour));
        }
        self.history_dirty = true;
    }

    pub fn forget_history(&mut self) {
        self.hours.clear();
        for leaf in &mut self.leaves {
            leaf.hist.clear();
        }
    }

    /// The leaf's bucket, or nothing when it did not arrive.
    pub fn raw(&self, leaf: &Leaf, bucket: i64) -> Option<Moments> {
        let slot = self.slot(bucket);
        let column = (self.slots.get(slot) == Some(&bucket)).then(|| self.ring.get(slot))??;
        Some(column.get(leaf.at).copied().unwrap_or_default())
    }

    /// What the live buckets cost.
    pub fn ring_bytes(&self) -> usize {
        let cells: usize = self.ring.iter().map(Vec::capacity).sum();
        cells * size_of::<Moments>() + self.ring.capacity() * size_of::<Vec<Moments>>()
    }

    /// The oldest bucket that can still be in the ring.
    pub fn oldest(&self) -> i64 {
        if self.latest == i64::MIN {
            return i64::MAX;
        }
        self.latest.saturating_sub(self.kept() - 1)
    }

    /// Overdispersion and drift of a mask; less than a day of history is trusted little, and a copy
    /// of a sample tells nothing new.
    pub fn dispersion(&self, mask: u16) -> Dispersion {
        let learnt = self.dispersion.get(&mask).copied().unwrap_or_else(|| {
            let prior = Dispersion::prior(self.likelihood);
            let young = self.hours.len() < 24 && !self.borrowed;
            if young { prior.doubted() } else { prior }
        });
        Dispersion { overdispersion: learnt.overdispersion * self.copies, ..learnt }
    }

    /// The slices that fix just the masked dimensions.
    pub fn group(&self, mask: u16) -> &[Slice] {
        let from = self.slice.partition_point(|c| c.mask < mask);
        let to = self.slice.partition_point(|c| c.mask <= mask);
        self.slice.get(from..to).unwrap_or(&[])
    }

    /// The mask of the dimensions of this cut that are in `dims`.
    pub fn mask_for(&self, dims: &[Dim]) -> u16 {
        let fixed = self.key.dims.iter().enumerate().filter(|(_, d)| dims.contains(d));
        fixed.fold(0, |m, (i, _)| m | 1 << i)
    }

    /// Mask of the dimensions that a segment fixes.
    pub fn mask_of(&self, seg: &Segment) -> u16 {
        self.key
            .dims
            .iter()
            .enumerate()
            .filter(|(_, d)| *seg.get(**d) != DimValue::All)
            .fold(0, |m, (i, _)| m | 1 << i)
    }
}

/// Readings are not turned into failures, so a success share is bad when it falls.
fn reading_sign(metric: Metric) -> f64 {
    if metric.row().bad == Bad::Down { -1.0 } else { 1.0 }
}

/// The segment with only the masked dimensions fixed. Of all of them it is the segment itself.
pub fn project(seg: &Segment, dims: &[Dim], mask: u16) -> Segment {
    if mask.count_ones() as usize == dims.len() {
        return seg.clone();
    }
    dims.iter()
        .enumerate()
        .filter(|(i, _)| mask & (1 << i) != 0)
        .fold(Segment::all(), |out, (_, d)| out.with(*d, seg.get(*d).clone()))
}
