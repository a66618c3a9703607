//! Money and people: revenue at risk per minute, and its method. Always a range,
//! always with its method in words; `None` when there is nothing to count with.

use super::open_case::OpenCase;
use super::{shift_words, surge};
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::settings;
use crate::detect::cube::settings::Settings;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::Likelihood;
use crate::detect::scan::served;
use crate::detect::scan::share::Served;
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::segment::Dim;
use crate::policy::judging::Policy;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Money {
    /// Now: less the more its parts look well, nothing once they are over.
    pub per_minute: Option<Range>,
    /// What a minute cost before they looked well; none while they do not.
    pub burned: Option<Range>,
    pub lost: Option<Range>,
    pub affected: Option<Range>,
    pub method: String,
}

/// Estimates for a case, from its worst shift; sums so far stand in its toll.
pub fn estimate(settings: &Settings, cube: &Cube, live: &OpenCase, now: i64) -> Money {
    let (per_minute, mut method) = per_minute(settings, cube, live, now, |s| s.soon);
    let (now, burned) = if live.looks_well() {
        (per_minute.map(|r| r.times(remaining(cube, live, now))), per_minute)
    } else {
        (per_minute, None)
    };
    let cumulative = &live.cumulative;
    if cumulative.people.is_some() && !cumulative.method.is_empty() {
        method = format!("{method}; {}", cumulative.method);
    }
    Money { per_minute: now, burned, lost: cumulative.lost, affected: cumulative.people, method }
}

/// The share of its harm that the last minutes still show, 0..=1, of the worst part of a case.
fn remaining(cube: &Cube, live: &OpenCase, now: i64) -> f64 {
    let open = live.shifts.iter().filter(|e| e.until.is_none());
    let left = open.map(|e| {
        let (bad, usual) = shift_words::values(cube, e);
        match shift_words::newest(cube, e, now) {
            Some(new) if bad != usual => ((new - usual) / (bad - usual)).clamp(0.0, 1.0),
            Some(_) => 0.0,
            // nothing came since: what is not seen is not taken for well
            None => 1.0,
        }
    });
    left.fold(0.0, f64::max)
}

/// What a minute of the case costs, and how that was found: `share` tells how much of its place a
/// release or an arm is taken to serve.
pub fn per_minute(
    settings: &Settings,
    cube: &Cube,
    live: &OpenCase,
    now: i64,
    share: impl Fn(Served) -> f64,
) -> (Option<Range>, String) {
    let policy = &settings.policy;
    if live.is_telemetry() {
        return (None, "none: only the measuring is broken".to_owned());
    }
    if live.is_surge() {
        return surge::per_minute(policy, cube, live);
    }
    let Some((rate, how)) = revenue_rate(settings, cube, now) else {
        return (None, "cannot be estimated: neither orders nor revenue are measured".to_owned());
    };
    let part = |e: &Shift| {
        let (lost, why) = loss_share(policy, cube, e);
        (lost.times(share(e.served)), why)
    };
    let parts = live.present().into_iter().map(part);
    let best = parts.max_by(|a, b| (a.0.high).total_cmp(&b.0.high).then(b.1.cmp(&a.1)));
    let (share, why) = match best {
        Some(found) => found,
        None if !live.failing_checks.is_empty() => {
            (Range::new(0.0, 1.0), "checks fail; real orders show no loss yet".to_owned())
        }
        None => return (None, String::new()),
    };
    (Some(share.times(rate)), format!("{how}; {why}"))
}

/// Revenue per minute that is usual now, and how it was found.
fn revenue_rate(settings: &Settings, cube: &Cube, now: i64) -> Option<(f64, String)> {
    let policy = &settings.policy;
    let per_minute = |metric: Metric| usual(settings, cube, metric, now);
    let orders = per_minute(Metric::Orders);
    if let Some(revenue) = per_minute(Metric::Revenue).filter(|r| *r > 0.0) {
        let text =
            format!("usual revenue at this hour {revenue:.0} {} a minute", policy.shop.currency);
        return Some((revenue, text));
    }
    let aov = policy.shop.average_order_value?;
    let orders = orders?;
    let text = format!(
        "usual orders at this hour {orders:.1} a minute x {aov:.0} {}",
        policy.shop.currency
    );
    Some((orders * aov, text))
}

/// Usual events per minute over the whole shop at this time, by the past of the cut that has most
/// of it. Nothing of now is asked: the source may be blind.
fn usual(settings: &Settings, cube: &Cube, metric: Metric, now: i64) -> Option<f64> {
    let known = cube.family((metric, CuboidRole::Plain)).filter(|t| !t.leaves.is_empty());
    let cuboid = known.min_by_key(|t| std::cmp::Reverse(t.hours.len()))?;
    let an_hour: f64 = cuboid.leaves.iter().map(|leaf| cuboid.usual(leaf, now)).sum();
    (an_hour > 0.0).then_some(an_hour / 60.0 / settings::share(&settings.sampling, cuboid))
}

/// Share of the shop's revenue an shift costs.
fn loss_share(policy: &Policy, cube: &Cube, e: &Shift) -> (Range, String) {
    let inside = exposure(policy, cube, e);
    let error = spread(e);
    match e.likelihood {
        Likelihood::Conversion | Likelihood::Poisson => {
            let loss = Range::new((e.harm - error).max(0.0), (e.harm + error).min(1.0));
            (loss.times(inside), format!("measured loss {:.0} % of this step", e.harm * 100.0))
        }
        Likelihood::Rare => {
            let [low, high] = policy.shop.error_loss;
            let low = (e.harm - error).max(0.0) * low;
            let high = ((e.harm + error) * high).min(1.0);
            (
                Range::new(low, high).times(inside),
                format!(
                    "{:.1} points more errors, {:.0}-{:.0} % of those who meet one leave",
                    e.harm * 100.0,
                    policy.shop.error_loss[0] * 100.0,
                    policy.shop.error_loss[1] * 100.0
                ),
            )
        }
        Likelihood::LogNormal | Likelihood::Gauge => {
            let ms = slower_by(e);
            let [low, high] = policy.shop.speed_loss_per_100ms;
            let part = |x: f64| (x * ms / 100.0).clamp(0.0, 0.4);
            (
                Range::new(part(low), part(high)).times(inside),
                format!(
                    "{ms:.0} ms slower, {:.1}-{:.1} % of conversions per 100 ms, at most 40 %",
                    low * 100.0,
                    high * 100.0
                ),
            )
        }
    }
}

/// Typical added waiting, from the shift of the mean of logs.
fn slower_by(e: &Shift) -> f64 {
    if e.acc.units <= 0.0 {
        return 0.0;
    }
    let base = e.acc.expected / e.acc.units;
    match e.likelihood {
        Likelihood::Gauge => e.harm,
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson => {
            base.exp() * e.harm.exp_m1()
        }
    }
}

/// Half width of the 95 % interval of a harm.
fn spread(e: &Shift) -> f64 {
    let scale = crate::detect::scan::onset::weight(e.likelihood, &e.acc);
    if scale > 0.0 { 1.96 * e.acc.variance.sqrt() / scale } else { 0.0 }
}

/// Share of revenue that passes through an shift's place, without the release it names.
fn exposure(policy: &Policy, cube: &Cube, e: &Shift) -> f64 {
    served::rest(&e.place).dims.iter().fold(1.0, |share, (dim, values)| {
        let rows = policy.shop.exposure.get(dim);
        let known = |v: &String| rows.and_then(|r| r.get(v)).copied();
        let part = if *dim == Dim::Template {
            values
                .iter()
                .filter_map(known)
                .fold(None, |m: Option<f64>, x| Some(m.map_or(x, |m| m.max(x))))
        } else if values.iter().any(|v| known(v).is_some()) {
            Some(values.iter().filter_map(known).sum())
        } else {
            None
        };
        let measured = || if *dim == Dim::Template { 1.0 } else { order_share(cube, *dim, e) };
        share * part.unwrap_or_else(measured).clamp(0.0, 1.0)
    })
}

/// Share of usual orders (else of the shift's own traffic) in an shift's values of a dimension.
fn order_share(cube: &Cube, dim: Dim, e: &Shift) -> f64 {
    let Some(values) = e.place.dims.get(&dim) else { return 1.0 };
    let cuboid =
        cube.family((Metric::Orders, CuboidRole::Plain)).find(|t| t.key.dims.contains(&dim));
    let Some(cuboid) = cuboid.or_else(|| cube.cuboids.get(&e.cuboid)) else { return 1.0 };
    let (mut inside, mut all) = (0.0, 0.0);
    for leaf in &cuboid.leaves {
        let mass = if cuboid.timed() {
            cuboid.usual(leaf, cuboid.rolled)
        } else {
            leaf.sums.last().map_or(0.0, |a| a.expected.max(0.0))
        };
        all += mass;
        if values.contains(leaf.seg.get(dim).as_str()) {
            inside += mass;
        }
    }
    if all > 0.0 { inside / all } else { 1.0 }
}
