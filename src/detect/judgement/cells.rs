//! Cells of the heatmap: value, sample size, 95 % interval, baseline and verdict for every segment
//! of up to two dimensions. Too few samples is `Unsure`, never `Ok`; a blind source is `Blind`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::cell_values::{
    CellReading, SURE_DIST, SURE_RATE, Sight, count, dist, quantile, rate, touches,
};
use crate::detect::cube::cuboid::{Cuboid, Slice};
use crate::detect::cube::key::CuboidRole;
use crate::detect::evidence::dispersion::Dispersion;
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::llr::evidence;
use crate::detect::evidence::tally::Tally;
use crate::detect::scan::onset::gain;
use crate::detect::scan::power::{Named, Power};
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;
use crate::domain::observation::Quality;
use crate::domain::segment::{Scope, Segment};
use crate::policy::guardrail::band_for;
use crate::policy::judging::Policy;
use crate::verdict::{Basis, Cell, Verdict};

/// Nats against its own window: from the first on a cell is not called ok, by the second a place in
/// an open case is said to look as usual.
const OWN_BAD: f64 = 6.0;
const OWN_WELL: f64 = 2.0;
/// Nats from which it is not called as usual either: one well cell in 140 by chance.
const OWN_DOUBT: f64 = 3.0;
/// A step that so many times more take than usual (a share) is not as usual.
const MORE: f64 = 0.25;
/// Half widths of its interval, and share of the usual value, from which a number is far out.
const FAR: f64 = 3.0;
const FAR_SHARE: f64 = 0.5;
/// Segments of at most so many dimensions become cells.
const MAX_DIMS: u32 = 2;

/// Samples or trials from which a number of this shape is shown as sure.
pub const fn enough(likelihood: Likelihood) -> f64 {
    match likelihood {
        Likelihood::LogNormal => SURE_DIST,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => {
            SURE_RATE
        }
    }
}

/// All cells, by metric and segment; of several cuts that know what is usual there the one with the
/// most samples speaks.
pub fn cells(sight: &Sight<'_>) -> Vec<Cell> {
    let mut out: BTreeMap<(Metric, Segment), Cell> = BTreeMap::new();
    for cuboid in sight.cube.cuboids.values() {
        if matches!(cuboid.key.family.1, CuboidRole::Beacon | CuboidRole::Surge) {
            continue;
        }
        let named = Named::of(sight.policy, cuboid.key.family);
        for slice in cuboid.slices.iter().filter(|c| shown(cuboid, c)) {
            let Some(cell) = cell(sight, cuboid, slice, named) else { continue };
            let key = (cell.metric, cell.segment.clone());
            let rank = |c: &Cell| (!c.quality.stale, c.basis.is_some());
            let better = |old: &Cell| match rank(&cell).cmp(&rank(old)) {
                Ordering::Greater => true,
                Ordering::Less => false,
                Ordering::Equal => cell.n > old.n * 1.0001,
            };
            if out.get(&key).is_none_or(better) {
                out.insert(key, cell);
            }
        }
    }
    out.into_values().collect()
}

fn shown(cuboid: &Cuboid, slice: &Slice) -> bool {
    slice.mask.count_ones() <= MAX_DIMS || cuboid.likelihood == Likelihood::Gauge
}

fn cell(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice, named: Named) -> Option<Cell> {
    let mut reading = match cuboid.likelihood {
        Likelihood::LogNormal => dist(sight, cuboid, slice)?,
        Likelihood::Rare | Likelihood::Conversion => rate(sight, cuboid, slice)?,
        Likelihood::Poisson | Likelihood::Gauge => count(sight, cuboid, slice)?,
    };
    // Green means: the named change would have been seen.
    if let Some(power) = Power::of(cuboid, slice, sight.bucket, named) {
        reading.sure = power.enough();
    }
    let metric = cuboid.key.family.0;
    let mut quality = sight.cube.marks.get(&cuboid.key).map_or(Quality::GOOD, |m| m.any);
    quality.low_sample |= !reading.sure;
    quality.incomplete |= late(sight, cuboid, slice);
    let doubt = sight.doubts.get(&cuboid.key.source).filter(|d| d.on_table(&cuboid.key));
    quality.stale |= doubt.is_some();
    let (own, holds_bad) = verdict(sight, cuboid, slice, &reading);
    let verdict = match (own, doubt) {
        (Verdict::Ok | Verdict::Unsure, Some(doubt)) => doubt.verdict(),
        (verdict, _) => verdict,
    };
    Some(Cell {
        metric,
        stat: stat(sight.policy, cuboid),
        segment: slice.seg.clone(),
        value: reading.value,
        unit: metric.row().unit.to_owned(),
        n: reading.n,
        interval: reading.interval,
        baseline: reading.baseline,
        basis: reading.baseline.and_then(|_| Basis::of_conj(cuboid, slice)),
        verdict,
        minutes: reading.buckets as f64 * sight.cube.bucket.as_mins_f64(),
        holds_bad,
        quality,
    })
}

fn stat(policy: &Policy, cuboid: &Cuboid) -> String {
    match cuboid.likelihood {
        Likelihood::LogNormal => format!("p{:.0}", quantile(policy, cuboid.key.family.0) * 100.0),
        Likelihood::Rare | Likelihood::Conversion => "rate".to_owned(),
        Likelihood::Poisson => "count".to_owned(),
        Likelihood::Gauge => "value".to_owned(),
    }
}

/// The cell's own verdict on its own window, and whether that window holds harm that is over. An
/// open case breaks the cells of its place but those whose own numbers clearly say otherwise.
fn verdict(
    sight: &Sight<'_>,
    cuboid: &Cuboid,
    slice: &Slice,
    reading: &CellReading,
) -> (Verdict, bool) {
    if sight.blind.contains(&cuboid.key.source) {
        return (Verdict::Blind, false);
    }
    let about = |e: &&&Shift| e.cuboid.family == cuboid.key.family && touches(&e.scope, &slice.seg);
    let dispersion = cuboid.dispersion(slice.mask);
    let bad = is_bad(sight.policy, cuboid, &reading.own, dispersion) || is_far(cuboid, reading);
    let mut open = sight.shifts.iter().filter(|e| e.until.is_none()).filter(about).peekable();
    if open.peek().is_some() {
        let burns = |e: &&&Shift| {
            let for_it = gain(e.likelihood, e.sign, &reading.own, dispersion, e.least_harm());
            let worse = evidence(e.likelihood, e.sign, &reading.own, dispersion).harm > 0.0;
            !e.looks_well() && worse && for_it > -OWN_WELL
        };
        let burns = open.any(|e| burns(&e));
        return if burns { (Verdict::Breach, false) } else { (Verdict::Unsure, bad) };
    }
    let over = sight.shifts.iter().chain(sight.ended).filter(|e| e.until.is_some());
    if bad {
        let first = sight.bucket - reading.buckets + 1;
        let mut over = over.filter(about);
        return (Verdict::Unsure, over.any(|e| e.until.is_some_and(|u| u >= first)));
    }
    let unknown = !reading.learnt || reading.value.is_none() || reading.baseline.is_none();
    if !reading.sure
        || unknown
        || sight.learning
        || is_odd(sight.policy, cuboid, reading, dispersion)
    {
        return (Verdict::Unsure, false);
    }
    (Verdict::Ok, false)
}

/// Its own numbers are worse than usual by what a guardrail would call a change.
fn is_bad(policy: &Policy, cuboid: &Cuboid, own: &Tally, dispersion: Dispersion) -> bool {
    let ev = evidence(cuboid.likelihood, cuboid.sign, own, dispersion);
    let row = band_for(&policy.guardrail, cuboid.key.family.0, &Scope::everything());
    let least = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
    ev.nats >= OWN_BAD && ev.harm >= least || ev.nats >= 2.0 * OWN_BAD
}

/// Not proven to be worse, and too far out to be called as usual; of a step also when far more take
/// it than usual.
fn is_odd(policy: &Policy, cuboid: &Cuboid, reading: &CellReading, dispersion: Dispersion) -> bool {
    let row = band_for(&policy.guardrail, cuboid.key.family.0, &Scope::everything());
    let least = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
    let by = |sign: f64| evidence(cuboid.likelihood, sign, &reading.own, dispersion);
    let (worse, better) = (by(cuboid.sign), by(-cuboid.sign));
    worse.nats >= OWN_DOUBT && worse.harm >= least
        || cuboid.likelihood == Likelihood::Conversion
            && better.nats >= OWN_BAD
            && better.harm >= MORE
}

/// A new value of a dimension has no past to be held against; what is usual around it is known, and
/// its number lies far outside.
fn is_far(cuboid: &Cuboid, reading: &CellReading) -> bool {
    let rate = matches!(
        cuboid.likelihood,
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Conversion
    );
    let (Some(value), Some(base), Some(range)) =
        (reading.value, reading.baseline, reading.interval.filter(|_| rate))
    else {
        return false;
    };
    let sign = if cuboid.inverted { -cuboid.sign } else { cuboid.sign };
    let by = sign * (value - base);
    by > FAR * (range.high - range.low) / 2.0 && by > FAR_SHARE * base
}

/// Beacons of this source come late here: the newest windows are provisional.
fn late(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> bool {
    sight.shifts.iter().any(|e| {
        e.cuboid.family.0 == Metric::BeaconLag
            && e.until.is_none()
            && e.cuboid.source == cuboid.key.source
            && e.scope.overlaps(&Scope::of(&slice.seg))
    })
}
