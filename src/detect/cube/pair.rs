//! What is divided by what in a derived cuboid, and segments that only one of the two counts tells
//! apart. How they are paired in time is not known here.

use std::collections::BTreeMap;

use super::cuboid::Cuboid;
use super::key::CuboidKey;
use crate::domain::metric::Metric;
use crate::domain::segment::{DimValue, Segment};

/// What is divided by what.
#[derive(Clone, PartialEq, Debug)]
pub struct CountPair {
    pub key: CuboidKey,
    pub hits: CuboidKey,
    pub trials: CuboidKey,
}

impl CountPair {
    /// The two are told of the same instant.
    pub fn at_once(&self) -> bool {
        self.key.family.0 == Metric::OrderValue
    }
}

/// A segment that one of two full cuts holds in `(other)` is there in both: else its hits would be
/// held against the trials of others.
pub fn fold_unknown<T: Default>(
    (h, hits): (&mut BTreeMap<Segment, T>, &Cuboid),
    (n, trials): (&mut BTreeMap<Segment, T>, &Cuboid),
    key: &CuboidKey,
    add: impl Fn(&mut T, T),
) {
    let other = key.dims.iter().fold(Segment::all(), |s, d| s.with(*d, DimValue::Other));
    let fold = |rows: &mut BTreeMap<Segment, T>, judge: &Cuboid| {
        if judge.room() > 0 {
            return;
        }
        let all = std::mem::take(rows);
        for (seg, row) in all {
            let known = judge.slice_at(&seg).is_some();
            let seg = if known { seg } else { other.clone() };
            add(rows.entry(seg).or_default(), row);
        }
    };
    fold(h, trials);
    fold(n, hits);
}
