//! What a service uses up (CPU, memory, pools, queues, restarts) and how much is asked of it, as
//! evidence beside a case: does it bend when the harm begins? It never opens a case.

use crate::detect::cube::cuboid::{Cuboid, Leaf};
use crate::detect::cube::store::Cube;
use crate::domain::metric::{Kind, Metric};
use crate::domain::segment::{Dim, DimValue};

/// Buckets before the onset that say what is usual, and how many of them must be known.
const BEFORE: i64 = 120;
const LEAST: i64 = 10;
/// A bend lies this many buckets around the onset: what leaks or fills up comes before the harm.
const EARLY: i64 = 20;
const LATE: i64 = 5;
/// It must leave the usual swing by so many deviations and by such a share of what is usual, and
/// stay there for so many of the buckets since.
const DEVIATIONS: f64 = 6.0;
const SHARE: f64 = 0.3;
const STAYS: f64 = 0.6;
/// A normal deviation in units of the median absolute one.
const MAD_TO_SD: f64 = 1.4826;

/// A gauge of a service that left its usual level around an onset.
#[derive(Clone, PartialEq, Debug)]
pub struct Bend {
    pub service: String,
    pub metric: Metric,
    pub usual: f64,
    pub now: f64,
    /// The first bucket of the new level.
    pub from: i64,
    /// Distance from the usual level in deviations.
    pub far: f64,
}

/// The gauges of some services that bend around `onset` (first and last likely bucket).
pub fn bends(cube: &Cube, services: &[&str], onset: (i64, i64), now: i64) -> Vec<Bend> {
    let mut out: Vec<Bend> = Vec::new();
    for metric in Metric::RESOURCES {
        let cuboids = cube.cuboids.values().filter(|t| t.key.family.0 == metric);
        for cuboid in cuboids {
            for leaf in &cuboid.leaves {
                let DimValue::Value(name) = leaf.seg.get(Dim::Service) else { continue };
                if !services.contains(&&**name) {
                    continue;
                }
                if let Some(bend) = bend(cuboid, leaf, onset, now) {
                    out.push(Bend { service: name.to_string(), metric, ..bend });
                }
            }
        }
    }
    out.sort_by(|a, b| b.far.total_cmp(&a.far).then(a.service.cmp(&b.service)));
    out
}

fn value(cuboid: &Cuboid, leaf: &Leaf, bucket: i64) -> Option<f64> {
    let raw = cuboid.raw(leaf, bucket).filter(|_| !cuboid.is_muted(leaf, bucket))?;
    if cuboid.key.family.0.kind() == Kind::Count {
        return Some(f64::from(raw.sum));
    }
    (raw.count > 0.0).then(|| f64::from(raw.sum / raw.count))
}

fn bend(cuboid: &Cuboid, leaf: &Leaf, onset: (i64, i64), now: i64) -> Option<Bend> {
    let span = |from: i64, to: i64| (from..=to).filter_map(|b| Some((b, value(cuboid, leaf, b)?)));
    // Right after a start little is known from before: then only a bend at the onset itself counts.
    let first = span(onset.0 - EARLY - BEFORE, onset.0).next()?.0;
    let early = (onset.0 - EARLY).max(first + LEAST);
    let past: Vec<f64> = span(early - BEFORE, early - 1).map(|v| v.1).collect();
    if past.len() < LEAST as usize || early > onset.0 {
        return None;
    }
    let usual = median(past.clone());
    let away = MAD_TO_SD * median(past.iter().map(|x| (x - usual).abs()).collect());
    // What never moves leaves its level by a share of it, a count by several.
    let floor = match cuboid.key.family.0 {
        Metric::ServiceRestarts => 0.5,
        _ => 0.02 * usual.abs(),
    };
    let line = (DEVIATIONS * away.max(floor)).max(SHARE * usual.abs()).max(f64::MIN_POSITIVE);
    let beyond = |x: f64| (x - usual).abs() >= line;
    let recent: Vec<(i64, f64)> = span(early, now).collect();
    let first = recent.windows(2).find(|w| w.iter().all(|v| beyond(v.1)));
    let restarts = cuboid.key.family.0 == Metric::ServiceRestarts;
    let single = || recent.iter().find(|v| restarts && beyond(v.1)).map(|v| v.0);
    let from = first.and_then(|w| w.first().map(|v| v.0)).or_else(single)?;
    let after: Vec<f64> = recent.iter().filter(|v| v.0 >= from).map(|v| v.1).collect();
    let there = after.iter().filter(|x| beyond(**x)).count() as f64;
    let stays = restarts || there >= STAYS * after.len() as f64;
    let level = if restarts { after.iter().sum() } else { median(after) };
    let far = (level - usual).abs() / away.max(floor).max(f64::MIN_POSITIVE);
    (stays && from <= onset.1 + LATE).then(|| Bend {
        service: String::new(),
        metric: cuboid.key.family.0,
        usual,
        now: level,
        from,
        far: far.min(1e6),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
