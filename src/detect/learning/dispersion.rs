//! How much the hours of each set of fixed dimensions vary beyond what independent samples would
//! (design effect), and how they drift from day to day. No level is learnt here.

use std::collections::BTreeMap;

use crate::detect::cube::cuboid::{Cuboid, Leaf};
use crate::detect::evidence::dispersion::Dispersion;
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::moments::HourMoments;
use crate::detect::evidence::tally::Tally;

/// Learns overdispersion and day drift of each mask from how history's hours scatter.
pub fn calibrate(cuboid: &mut Cuboid) {
    cuboid.dispersions.clear();
    cuboid.borrowed = false;
    if cuboid.hours.len() < ENOUGH_HOURS || cuboid.likelihood == Likelihood::Gauge {
        return;
    }
    let points = scatter(cuboid);
    let fits: Vec<(u16, Dispersion)> =
        points.into_iter().map(|(m, p)| (m, fit(cuboid.likelihood, p))).collect();
    cuboid.dispersions.extend(fits);
}

/// How far the hours of each mask's slices lie off, a week of them at a time: four weeks of
/// some thousand leaves at once would be the most that is ever in memory.
pub fn scatter(cuboid: &Cuboid) -> BTreeMap<u16, Vec<(f64, f64)>> {
    let mut points: BTreeMap<u16, Vec<(f64, f64)>> = BTreeMap::new();
    let (first, last) = match (cuboid.hours.keys().next(), cuboid.hours.keys().next_back()) {
        (Some(first), Some(last)) if last - first < 100_000 => (*first, *last),
        _ => return points,
    };
    let hours = (last - first + 1).unsigned_abs() as usize;
    let mut sums = vec![Tally::default(); BLOCK.unsigned_abs() as usize];
    for start in (first..=last).step_by(BLOCK.unsigned_abs() as usize) {
        let residuals: Vec<Vec<(i32, Tally)>> = cuboid
            .leaves
            .iter()
            .map(|l| {
                let at = |hour: i32| l.history.partition_point(|h| h.hour < hour);
                hourly(cuboid, l, l.history.get(at(start)..at(start + BLOCK)).unwrap_or_default())
            })
            .collect();
        for (n, slice) in cuboid.slices.iter().enumerate() {
            sums.fill(Tally::default());
            let leaves = slice.leaves.iter().filter_map(|i| residuals.get(*i as usize));
            for (hour, tally) in leaves.flatten() {
                if let Some(sum) = sums.get_mut((hour - start) as usize) {
                    sum.add(tally);
                }
            }
            // of very many points every second or third is enough, another one of each place
            let each = (cuboid.group(slice.mask).len() * hours).div_ceil(POINTS).max(1);
            let own = sums.iter().enumerate().filter(|(i, _)| (i + n).is_multiple_of(each));
            let own = own.filter_map(|(_, a)| point(cuboid.likelihood, a));
            points.entry(slice.mask).or_default().extend(own);
        }
    }
    points
}

/// History's hours of a leaf against its own profile.
pub fn hourly(cuboid: &Cuboid, leaf: &Leaf, hours: &[HourMoments]) -> Vec<(i32, Tally)> {
    hours
        .iter()
        .map(|h| {
            let mut mu = leaf.profile.mean_at(f64::from(h.hour.rem_euclid(24)) * 3600.0 + 1800.0);
            let mut n = f64::from(h.moments.count);
            if cuboid.timed() {
                n = 1.0;
                let day = h.hour.div_euclid(24).rem_euclid(7) as usize;
                mu *= cuboid.week.get(day).copied().unwrap_or(1.0);
            }
            let unit = match cuboid.likelihood {
                Likelihood::LogNormal | Likelihood::Gauge => f64::from(leaf.profile.s2),
                Likelihood::Rare | Likelihood::Conversion => (mu * (1.0 - mu)).max(1e-6),
                Likelihood::Poisson => mu.max(1e-9),
            };
            (
                h.hour,
                Tally {
                    units: n,
                    observed: f64::from(h.moments.sum),
                    expected: n * mu,
                    variance: n * unit,
                    explained: 0.0,
                },
            )
        })
        .collect()
}

/// Squared deviation in units of the naive variance, and how much a unit of drift would add.
pub fn point(likelihood: Likelihood, tally: &Tally) -> Option<(f64, f64)> {
    if tally.units <= 0.0
        || tally.variance <= 0.0
        || (likelihood != Likelihood::LogNormal && tally.expected < 3.0)
    {
        return None;
    }
    let scale = if likelihood == Likelihood::LogNormal { tally.units } else { tally.expected };
    let z2 = ((tally.observed - tally.expected).powi(2) / tally.variance).min(25.0);
    Some((scale * scale / tally.variance, z2))
}

/// Line through the points: the small ones show overdispersion, the big ones drift.
pub fn fit(likelihood: Likelihood, mut points: Vec<(f64, f64)>) -> Dispersion {
    let prior = Dispersion::prior(likelihood);
    if points.len() < 100 {
        return prior;
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let third = points.len() / 3;
    let mean = |p: &[(f64, f64)]| {
        let k = p.len().max(1) as f64;
        let (x, y) =
            (p.iter().map(|x| x.0).sum::<f64>() / k, p.iter().map(|x| x.1).sum::<f64>() / k);
        let spread = p.iter().map(|x| (x.1 - y).powi(2)).sum::<f64>() / k;
        (x, y, spread / k)
    };
    let (low, high) = points.split_at(third * 2);
    let (x0, y0, s0) = mean(low.get(..third.max(1)).unwrap_or(low));
    let (x1, y1, s1) = mean(high);
    // A drift is believed as far as it is proven: few hours or few events prove none.
    let proven = y1 - y0 - (s0 + s1).sqrt();
    let slope = if x1 > x0 * 1.2 { (proven / (x1 - x0)).max(0.0) } else { 0.0 };
    let phi = (y0 - slope * x0).clamp(1.0, 8.0);
    let (floor, ceiling) = match likelihood {
        Likelihood::LogNormal => (0.010, 0.06),
        Likelihood::Rare => (0.05, 0.3),
        Likelihood::Conversion => (0.02, 0.15),
        Likelihood::Poisson => (0.03, 0.3),
        Likelihood::Gauge => (0.02, 0.2),
    };
    Dispersion { overdispersion: phi.max(1.1), day_drift: slope.sqrt().clamp(floor, ceiling) }
}

/// Hours that are held against their profiles at a time, and points that one mask's fit takes: the
/// line through a quarter of a million is the line through more.
pub const BLOCK: i32 = 168;

pub const POINTS: usize = 250_000;

/// Hours of history that teach a calibration.
const ENOUGH_HOURS: usize = 48;
