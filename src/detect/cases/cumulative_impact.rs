//! The toll of a case: what it has cost and whom it has met so far, counted bucket by bucket while
//! it is bad, so that it never shrinks, outlives the ring and stands still once the harm is over.
//! What a minute costs is estimated in `money`; nothing is judged here.

use super::accrued::Count;
use super::kinds::{is_surge, is_visit_loss};
use super::open_case::OpenCase;
use super::revenue_at_risk;
use super::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::settings::{Sampling, VIEWS, share};
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::Tally;
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Scope};

/// Counts what this bucket added to every open case.
pub fn tick(state: &mut EngineState, bucket: i64) {
    let EngineState { settings, cube, lives, .. } = state;
    for live in lives.iter_mut().filter(|l| l.closed.is_none() && !l.is_telemetry()) {
        let Some((from, to)) = bad_span(cube, live, bucket) else { continue };
        let minute = revenue_at_risk::per_minute(settings, cube, live, bucket, |s| s.now).0;
        let mut cumulative = std::mem::take(&mut live.cumulative);
        for (a, b) in cumulative.new_parts(from, to) {
            if let Some(minute) = minute {
                let cost = minute.times((b - a + 1) as f64 * cube.bucket.as_mins_f64());
                cumulative.lost = Some(cumulative.lost.map_or(cost, |sum| sum.plus(cost)));
            }
            let all = people(live).filter_map(|e| met(cube, &settings.sampling, e, a, b));
            if let Some(most) = all.max_by(|x, y| x.most.0.total_cmp(&y.most.0)) {
                cumulative.meet(most);
            }
        }
        live.cumulative = cumulative;
    }
}

/// Effects that tell how many people; of counts that fell together the one that counts visits.
fn people(live: &OpenCase) -> impl Iterator<Item = &Shift> {
    let visits = |e: &&Shift| e.cuboid.family.0 == Metric::Sessions;
    let told = live.shifts.iter().filter(visits).any(is_visit_loss);
    live.shifts.iter().filter(move |e| !told || !is_visit_loss(e) || visits(e))
}

/// Those who were expected and did not come.
fn missing(cube: &Cube, sampling: &Sampling, e: &Shift, from: i64, to: i64) -> Option<Count> {
    let cuboid = cube.cuboids.get(&e.cuboid)?;
    let mut sum = Tally::default();
    for leaf in cuboid.leaves.iter().filter(|l| e.scope.contains(&l.seg)) {
        sum.add(&cuboid.acc_over(leaf, from, to));
    }
    let s = share(sampling, cuboid);
    let lost = (sum.expected - sum.observed).max(0.0);
    let size = (lost / s, (sum.variance * e.dispersion(cuboid).overdispersion).max(1.0) / (s * s));
    let each = if e.cuboid.family.0 == Metric::EdgeRequests { VIEWS } else { 1.0 };
    let least = (size.0 / each, size.1 / (each * each));
    let (label, source) = (e.cuboid.family.0.row().label, &cuboid.key.source);
    let method = format!("{label} expected by {source}, less those that came");
    Some(Count { least, most: size, method })
}

/// From the onset to the last bad bucket; while checks fail, to now.
fn bad_span(cube: &Cube, live: &OpenCase, bucket: i64) -> Option<(i64, i64)> {
    let since = live.failing_checks.iter().map(|t| cube.bucket_of(t.since));
    let from = live.shifts.iter().map(Shift::from).chain(since).min()?;
    let failing = live.failing_checks.iter().any(|t| !t.over).then_some(bucket);
    let ends = live.shifts.iter().map(|e| e.until.unwrap_or(e.last_bad));
    let to = ends.chain(failing).max()?.min(bucket);
    (from <= to).then_some((from, to))
}

/// Sessions that met an shift in the buckets `from..=to`.
fn met(cube: &Cube, sampling: &Sampling, e: &Shift, from: i64, to: i64) -> Option<Count> {
    if is_visit_loss(e) {
        return missing(cube, sampling, e, from, to);
    }
    if is_surge(e) {
        let mut cuboids = cube.family((Metric::Orders, CuboidRole::Plain));
        let t = cuboids.find(|t| e.scope.dims.keys().all(|d| t.key.dims.contains(d)))?;
        let (n, s) = (sum(t, &e.scope, from, to), share(sampling, t));
        let size = (n / s, n.max(1.0) / (s * s));
        let method = format!("orders counted by {}", t.key.source);
        return Some(Count { least: size, most: size, method });
    }
    let count = |metric: Metric, scope: &Scope| {
        let cuboids = cube.family((metric, CuboidRole::Plain));
        let fit = cuboids.filter(|t| scope.dims.keys().all(|d| t.key.dims.contains(d)));
        let counted = fit.map(|t| (sum(t, scope, from, to), t));
        let (n, t) = counted.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.key.cmp(&a.1.key)))?;
        Some((n, share(sampling, t), t.key.source.clone()))
    };
    let words = |s: f64| {
        if s < 1.0 { format!(", {:.0} % sample undone", s * 100.0) } else { String::new() }
    };
    if let Some((n, s, source)) = count(Metric::Sessions, &e.scope) {
        let size = (n / s, n.max(1.0) / (s * s));
        let method = format!("sessions counted by {source}{}", words(s));
        return Some(Count { least: size, most: size, method });
    }
    // Sessions know no page: who saw it is counted by its views, at most all visits around it.
    let (views, s, source) = count(Metric::PageViews, &e.scope)?;
    let most = (views / s, VIEWS * views.max(1.0) / (s * s));
    let least = (most.0 / VIEWS, most.1 / (VIEWS * VIEWS));
    let mut wide = e.scope.clone();
    wide.dims.remove(&Dim::Template);
    let around = count(Metric::Sessions, &wide).map(|(n, s, _)| (n / s, n.max(1.0) / (s * s)));
    let most = around.filter(|w| w.0 < most.0 && w.0 >= least.0).unwrap_or(most);
    let method = format!("page views of {source} at 1 to {VIEWS} a visit{}", words(s));
    Some(Count { least, most, method })
}

/// Events of a scope; where the ring no longer reaches, as many a bucket as where it does.
fn sum(t: &Cuboid, scope: &Scope, from: i64, to: i64) -> f64 {
    let kept = (from.max(t.oldest()), to.min(t.latest));
    if kept.0 > kept.1 {
        return 0.0;
    }
    let inside = t.leaves.iter().filter(|l| scope.contains(&l.seg));
    let events = inside.flat_map(|l| (kept.0..=kept.1).filter_map(|b| t.raw(l, b)));
    let n: f64 = events.map(|raw| f64::from(raw.sum)).sum();
    n * (to.min(t.latest) - from + 1) as f64 / (kept.1 - kept.0 + 1) as f64
}
