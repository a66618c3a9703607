//! Fixed lines: thresholds in the metric's unit and error budgets that burn too fast. A line tells
//! that it matters, the own baseline tells that it is new: both must speak. One test per row and
//! cut, so less evidence is asked for than of the scan over all segments.

use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::place;
use crate::detect::cube::settings::VIEWS;
use crate::detect::evidence::stat::{Dispersion, Likelihood, Tally, evidence};
use crate::detect::maths::interval::{wilson, z_of};
use crate::detect::scan::localise;
use crate::detect::scan::scene::SearchScene;
use crate::detect::scan::shift::Shift;
use crate::domain::id::GuardrailId;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::Span;
use crate::policy::guardrail::{Condition, Guardrail, band_for, row_for};
use crate::policy::judging::Policy;

/// Nats against the own baseline that a crossing needs.
const NEW: f64 = 6.0;
/// Longest window of a threshold, in minutes; it is held by the first that crosses.
const WINDOWS: [i64; 4] = [1, 5, 15, 60];
const Z95: f64 = 1.96;

/// The guardrail an shift belongs to: the fixed line that found it, else the row that judges
/// changes of its metric.
pub fn guardrail_of<'a>(policy: &'a Policy, e: &Shift) -> Option<&'a Guardrail> {
    let rows = &policy.guardrail;
    let named = |name: &GuardrailId| rows.iter().find(|r| r.name == *name);
    let metric = e.cuboid.family.0;
    let line = e.line.as_ref().and_then(|(name, _)| named(name));
    line.or_else(|| band_for(rows, metric, &e.place)).or_else(|| row_for(rows, metric, &e.place))
}

/// A window in buckets and the side of a line that is bad there.
struct Bound {
    buckets: i64,
    /// In the cuboid's own unit: a log for distributions, a failure share for inverted rates.
    line: f64,
    /// `1.0` when above is bad.
    sign: f64,
}

/// Effects of every row whose line is crossed now.
pub fn crossed(scene: &SearchScene<'_>, bucket: i64) -> Vec<Shift> {
    let rows = scene.settings.policy.guardrail.iter();
    let mut out: Vec<Shift> = super::over_collection::found(scene, bucket);
    for row in rows.filter(|r| fixed(&r.condition)) {
        for metric in &row.metric {
            let cuboids = scene.cube.cuboids.values().filter(|t| {
                t.key.family.0 == *metric
                    && !matches!(t.key.family.1, CuboidRole::Beacon | CuboidRole::Surge)
                    && scene.sees(&t.key.source)
            });
            let found = cuboids.filter_map(|t| crossing(scene, row, *metric, t, bucket));
            let best = found.max_by(|a, b| a.nats.total_cmp(&b.nats).then(b.cuboid.cmp(&a.cuboid)));
            out.extend(best);
        }
    }
    out
}

fn fixed(condition: &Condition) -> bool {
    matches!(condition, Condition::Threshold { .. } | Condition::Burn { .. })
}

fn crossing(
    scene: &SearchScene<'_>,
    row: &Guardrail,
    metric: Metric,
    cuboid: &Cuboid,
    bucket: i64,
) -> Option<Shift> {
    let policy = &scene.settings.policy;
    let inside: Vec<bool> = cuboid
        .leaves
        .iter()
        .map(|l| place::within(&place::of_segment(policy, cuboid.key.family, &l.seg), &row.scope))
        .collect();
    let length = scene.cube.bucket;
    let (bounds, test) = held(row, cuboid, length, &inside, bucket)?;
    let longest = bounds.iter().map(|b| b.buckets).max()?;
    let accs = window(cuboid, &inside, bucket, longest);
    let dispersion = cuboid.dispersion(cuboid.mask_for(&cuboid.key.dims));
    let start = own_dims(&row.scope, cuboid);
    let total = localise::total(cuboid, &accs, &start);
    let ev = evidence(cuboid.likelihood, cuboid.sign, &total, dispersion);
    if ev.nats < NEW || ev.harm <= 0.0 {
        return None;
    }
    let mut found = localise::localise(cuboid, &accs, &start, |_| true);
    // Outside the row's scope nothing was summed: it stays part of the place.
    for (dim, values) in &start.dims {
        found.scope.dims.entry(*dim).or_insert_with(|| values.clone());
    }
    let place = place::of_scope(policy, (metric, cuboid.key.family.1), &found.scope);
    let mut shift = Shift::open(cuboid, place, found, bucket);
    shift.nats = shift.nats.max(ev.nats);
    shift.line = Some((row.name.clone(), test));
    Some(shift)
}

fn own_dims(scope: &Scope, cuboid: &Cuboid) -> Scope {
    let mut out = scope.clone();
    out.dims.retain(|d, _| cuboid.key.dims.contains(d));
    out
}

/// Every leaf's sum over the newest buckets; nothing for leaves outside the row's scope.
fn window(cuboid: &Cuboid, inside: &[bool], bucket: i64, buckets: i64) -> Vec<Tally> {
    let leaves = cuboid.leaves.iter().zip(inside);
    leaves
        .map(|(l, inside)| match inside {
            true => cuboid.acc_over(l, bucket - buckets + 1, bucket),
            false => Tally::default(),
        })
        .collect()
}

/// The windows in which the row's line is crossed, with the test in words.
fn held(
    row: &Guardrail,
    cuboid: &Cuboid,
    length: Span,
    inside: &[bool],
    bucket: i64,
) -> Option<(Vec<Bound>, String)> {
    let dispersion = cuboid.dispersion(0);
    let sum = |buckets: i64| {
        let mut sum = Tally::default();
        for acc in window(cuboid, inside, bucket, buckets) {
            sum.add(&acc);
        }
        sum
    };
    let count = |span: Span| (span.millis() / length.millis().max(1)).max(1);
    match row.condition {
        Condition::Burn { objective, factor, long, short, min_bad, min_users } => {
            if cuboid.likelihood != Likelihood::Rare {
                return None;
            }
            let line = (factor * (1.0 - objective)).clamp(0.0, 1.0);
            let bounds = [long, short].map(|w| Bound { buckets: count(w), line, sign: 1.0 });
            let sums = [sum(bounds[0].buckets), sum(bounds[1].buckets)];
            let over = |a: &Tally| a.units > 0.0 && a.observed / a.units >= line;
            let proven = crosses(cuboid.likelihood, &sums[0], &bounds[0], dispersion);
            let burn = sums[0].observed / sums[0].units.max(1.0) / (1.0 - objective).max(1e-9);
            let users = users(cuboid, sums[0].observed);
            let many = sums[0].observed >= min_bad && users >= min_users;
            (sums.iter().all(over) && proven && many).then(|| {
                let text = format!(
                    "error budget burns {burn:.1}x over {long}, line {factor}x over {long} and \
                     {short}, {:.0} failed, at least {users:.0} users",
                    sums[0].observed
                );
                (bounds.into(), text)
            })
        }
        Condition::Threshold { above, below } => {
            let lines = [(above, 1.0), (below, -1.0)];
            let lines = lines.iter().filter_map(|(x, sign)| Some(((*x)?, *sign)));
            let tries = lines.flat_map(|(x, sign)| WINDOWS.map(|w| (x, sign, Span::from_mins(w))));
            tries
                .map(|(x, sign, w)| {
                    let (line, sign) = unit_line(row, cuboid, x, sign);
                    (Bound { buckets: count(w), line, sign }, x, sign, w)
                })
                .find(|(bound, ..)| {
                    crosses(cuboid.likelihood, &sum(bound.buckets), bound, dispersion)
                })
                .map(|(bound, x, sign, w)| {
                    let side = if (sign > 0.0) == cuboid.inverted { "below" } else { "above" };
                    (vec![bound], format!("{side} the line {x} over {w}, usually not"))
                })
        }
        _ => None,
    }
}

/// The fewest users behind so many failures.
fn users(cuboid: &Cuboid, failed: f64) -> f64 {
    match cuboid.key.family.0 {
        Metric::UserErrorRate | Metric::CrashRate => failed,
        _ => failed / VIEWS,
    }
}

/// A line in the metric's unit as the cuboid counts it.
fn unit_line(row: &Guardrail, cuboid: &Cuboid, x: f64, sign: f64) -> (f64, f64) {
    match cuboid.likelihood {
        Likelihood::LogNormal => {
            let spread = cuboid.leaves.iter().map(|l| f64::from(l.prof.s2)).fold(0.0, f64::max);
            (x.max(1e-9).ln() - z_of(row.percentile() / 100.0) * spread.sqrt(), sign)
        }
        Likelihood::Rare if cuboid.inverted => (1.0 - x, -sign),
        // Counts are shown per minute and kept per hour.
        Likelihood::Poisson => (x * 60.0, sign),
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Gauge => (x, sign),
    }
}

/// Proven beyond the line, where it usually is not.
fn crosses(likelihood: Likelihood, acc: &Tally, bound: &Bound, dispersion: Dispersion) -> bool {
    if acc.units <= 0.0 {
        return false;
    }
    let beyond = |x: f64| bound.sign * (x - bound.line) > 0.0;
    let (low, high) = match likelihood {
        Likelihood::Rare | Likelihood::Conversion => {
            let phi = dispersion.overdispersion.max(1.0);
            wilson(acc.observed / phi, acc.units / phi)
        }
        Likelihood::LogNormal | Likelihood::Poisson | Likelihood::Gauge => {
            let noise = if likelihood == Likelihood::Poisson {
                acc.observed.max(1.0)
            } else {
                acc.variance
            };
            let half = Z95 * (noise * dispersion.overdispersion).max(0.0).sqrt() / acc.units;
            (acc.observed / acc.units - half, acc.observed / acc.units + half)
        }
    };
    let near = if bound.sign > 0.0 { low } else { high };
    beyond(near) && !beyond(acc.expected / acc.units)
}
