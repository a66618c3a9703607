//! How much of its place a release or an arm serves: now, as its label shows, and soon, as its
//! rollout goes. A label that is new has few samples behind it and may reach every shopper in a
//! minute: severity and money ask for this share, not for the label's past. No judgement here.

use super::share::Served;
use super::shift::Shift;
use crate::detect::cube::changes::Changes;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::store::Cube;
use crate::domain::change::Change;
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};

/// Samples of the place that tell a share, and the newest minutes they may come from.
const ENOUGH: f64 = 100.0;
const NEWEST: Span = Span::from_mins(5);
/// A stage that begins within this time counts as begun, and so long after a change that tells no
/// stages its label is taken to be on its way to all.
const SOON: Span = Span::from_mins(15);
/// A label whose share grew by so much from the first half of its time to the second still grows.
const GROWS: f64 = 1.3;
/// Buckets that a label must be old before it can be seen to stand still.
const STILL: i64 = 4;

/// A place that names a release or an arm.
pub fn names(scope: &Scope) -> bool {
    [Dim::Release, Dim::Cohort].iter().any(|d| scope.dims.contains_key(d))
}

/// The place without its release and arm.
pub fn rest(scope: &Scope) -> Scope {
    let mut rest = scope.clone();
    rest.dims.retain(|d, _| !matches!(d, Dim::Release | Dim::Cohort));
    rest
}

/// What an shift's place serves, measured anew.
pub fn of(cube: &Cube, changes: &Changes, e: &Shift, bucket: i64) -> Served {
    let Some(cuboid) = cube.cuboids.get(&e.cuboid).filter(|_| names(&e.scope)) else {
        return Served::ALL;
    };
    let place = ServedPlace { cuboid, wide: rest(&e.scope), scope: &e.scope };
    let now = place.newest(bucket, cube.bucket);
    let told = changes.values().filter(|c| named(&e.scope, c));
    let at = cube.end_of(bucket);
    let soon = told.map(|c| place.about_to(c, at, (e.from(), bucket), now)).fold(now, f64::max);
    Served { now, soon }
}

/// The change that brought a release the place names.
fn named(scope: &Scope, change: &Change) -> bool {
    let values = scope.dims.get(&Dim::Release);
    values.is_some_and(|v| v.contains(change.id.as_str()) || v.contains(&change.version))
}

struct ServedPlace<'a> {
    cuboid: &'a Cuboid,
    wide: Scope,
    scope: &'a Scope,
}

impl ServedPlace<'_> {
    /// Samples in buckets, in the place without the release and with it.
    fn seen(&self, from: i64, to: i64) -> (f64, f64) {
        let (mut all, mut inside) = (0.0, 0.0);
        for leaf in self.cuboid.leaves.iter().filter(|l| self.wide.contains(&l.seg)) {
            let raw = (from..=to).filter_map(|b| self.cuboid.raw(leaf, b));
            let n: f64 =
                raw.map(|r| f64::from(if self.cuboid.timed() { r.sum } else { r.count })).sum();
            all += n;
            inside += if self.scope.contains(&leaf.seg) { n } else { 0.0 };
        }
        (all, inside)
    }

    /// The share in the newest buckets that hold enough samples.
    fn newest(&self, bucket: i64, length: Span) -> f64 {
        let most = (NEWEST.millis() / length.millis().max(1)).max(1);
        let (mut all, mut inside) = (0.0, 0.0);
        for back in 0..most {
            let (a, i) = self.seen(bucket - back, bucket - back);
            (all, inside) = (all + a, inside + i);
            if all >= ENOUGH {
                break;
            }
        }
        if all > 0.0 { inside / all } else { 1.0 }
    }

    /// What a change will reach soon. Where its feed tells no stages it is on its way to all,
    /// unless the label's share is seen to stand still.
    fn about_to(&self, c: &Change, at: Timestamp, span: (i64, i64), now: f64) -> f64 {
        if c.rolled_back_at.is_some_and(|t| t <= at) {
            return now;
        }
        if !c.stages.is_empty() {
            let begun = c.stages.iter().filter(|s| s.at <= at.plus(SOON));
            return begun.map(|s| s.share).next_back().unwrap_or(0.0).max(c.share_at(at));
        }
        let fresh = !c.ran_before && at.since(c.effective_at()) <= SOON;
        if fresh && !self.stands_still(span) { 1.0 } else { now }
    }

    fn stands_still(&self, (from, to): (i64, i64)) -> bool {
        let half = from + (to - from + 1) / 2;
        let share = |(all, inside): (f64, f64)| if all > 0.0 { inside / all } else { 0.0 };
        let (first, second) = (share(self.seen(from, half - 1)), share(self.seen(half, to)));
        to - from + 1 >= STILL && second <= GROWS * first
    }
}
