//! A shift in plain words with its numbers: its value now and usually, its label, one line.
//! Sentences on whole cases are made elsewhere.

use super::kinds::{is_beacon, is_traffic_loss};
use super::{kinds, surge};
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::percentiles;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::level::level;
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::units::amount;
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;
use crate::domain::time::Span;

/// Value now and usual value of a shift, in the metric's unit as people read it.
pub fn values(cube: &Cube, e: &Shift) -> (f64, f64) {
    let cuboid = cube.cuboids.get(&e.cuboid);
    if let Some(read) = cuboid.and_then(|t| measured(cube, t, e)) {
        return read;
    }
    if let Some(worth) = surge::order_values(cube, e) {
        return worth;
    }
    let inverted = cuboid.is_some_and(|t| t.inverted);
    level(e.likelihood, inverted, e.quantile, &e.tally)
}

/// The value of the last minutes at the place of a shift, in the metric's unit; after the last
/// bad bucket where they look well. None where nothing came.
pub fn newest(cube: &Cube, e: &Shift, bucket: i64) -> Option<f64> {
    let cuboid = cube.cuboids.get(&e.cuboid)?;
    let well = e.until.is_some() || e.looks_well();
    let first =
        |length: i64| (bucket - length + 1).max(if well { e.last_bad + 1 } else { i64::MIN });
    let over = |from: i64| cuboid.scope_sum(&e.scope, (from, bucket));
    let mut from = first(NEWEST);
    let mut tally = over(from);
    if tally.units < FEW {
        from = first(LONGER);
        tally = over(from);
    }
    if tally.units <= 0.0 {
        return None;
    }
    let dist = (e.likelihood == Likelihood::LogNormal)
        .then(|| percentiles::quantile(cube, cuboid, &e.scope, (from, bucket), e.quantile))
        .flatten();
    if let Some((value, _)) = dist.filter(|d| d.1 >= FEW) {
        return Some(value);
    }
    let unit = if kinds::is_surge(e) { cuboid.unit } else { 1.0 };
    Some(level(e.likelihood, cuboid.inverted, e.quantile, &tally).0 * unit)
}

/// The percentile of the histograms since onset, where they are still kept, and before the shift.
pub fn measured(cube: &Cube, cuboid: &Cuboid, e: &Shift) -> Option<(f64, f64)> {
    let span = (e.from(), e.last_bad);
    let kept = Span::from_hours(1).millis() / cube.bucket.millis().max(1);
    if e.likelihood != Likelihood::LogNormal
        || span.1 - span.0 >= kept
        || span.1 < cuboid.latest - kept / 2
    {
        return None;
    }
    let (now, n) = percentiles::quantile(cube, cuboid, &e.scope, span, e.quantile)?;
    (n >= SURE).then(|| (now, now / (e.sign * e.harm).exp()))
}

fn from_to(metric: Metric, base: f64, now: f64) -> String {
    let now = amount(metric, now);
    // The unit once, where both are in the same.
    if metric.row().unit == "ms" && metric != Metric::BeaconLag {
        return format!("{base:.0} -> {now}");
    }
    format!("{} -> {now}", amount(metric, base))
}

pub fn label(e: &Shift) -> String {
    let label = e.cuboid.family.0.row().label;
    let mut chars = label.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let label = format!("{first}{}", chars.as_str());
    if e.likelihood == Likelihood::LogNormal { format!("{label} {}", stat(e)) } else { label }
}

/// `INP p75 in pdp`.
pub fn label_in(e: &Shift) -> String {
    format!("{} in {}", label(e), e.place)
}

pub fn stat(e: &Shift) -> String {
    match e.likelihood {
        Likelihood::LogNormal => format!("p{:.0}", e.quantile * 100.0),
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => {
            "rate".to_owned()
        }
    }
}

/// One line for a shift: `Payment step 61% -> 18%`.
pub fn line(cube: &Cube, e: &Shift) -> String {
    let metric = e.cuboid.family.0;
    let (now, base) = values(cube, e);
    if is_beacon(e) {
        let percent = e.harm * 100.0;
        return if e.sign > 0.0 {
            format!("Beacons up {percent:.0}%, visits are not: collected more than once")
        } else {
            format!("Beacons down {percent:.0}%, visits are not")
        };
    }
    if e.likelihood == Likelihood::Poisson && !kinds::is_surge(e) {
        return format!("{} down {:.0}%", label(e), e.harm * 100.0);
    }
    format!("{} {}", label(e), from_to(metric, base, now))
}

/// ` (1240 samples)`; counts of events have none.
pub fn samples(e: &Shift) -> String {
    let counted = e.tally.units > 0.0 && !is_traffic_loss(e);
    if counted { format!(" ({:.0} samples)", e.tally.units) } else { String::new() }
}

/// Samples from which a histogram's own percentile is told.
pub const SURE: f64 = 200.0;

/// The last minutes are told of so many buckets, of more where few come.
pub const NEWEST: i64 = 5;

pub const FEW: f64 = 20.0;

const LONGER: i64 = 15;
