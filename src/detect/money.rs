//! Money and people: revenue at risk per minute, lost so far, affected sessions. Always a range,
//! always with its method in words; `None` when there is nothing to count with.

use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::segment::{Dim, Scope};
use crate::policy::judging::Policy;

use super::case::Live;
use super::effect::Effect;
use super::stat::Shape;
use super::store::Store;
use super::table::{Family, Role, Table};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Money {
    pub per_minute: Option<Range>,
    pub lost: Option<Range>,
    pub affected: Option<Range>,
    pub method: String,
}

/// Estimates for a case, from its worst effect.
pub fn estimate(policy: &Policy, store: &Store, live: &Live, now: i64) -> Money {
    if live.is_telemetry() {
        return Money {
            method: "none: only the measuring is broken".to_owned(),
            ..Money::default()
        };
    }
    let Some((rate, how)) = revenue_rate(policy, store, now) else {
        return Money {
            affected: affected(store, live, now),
            method: "cannot be estimated: neither orders nor revenue are measured".to_owned(),
            ..Money::default()
        };
    };
    let parts = live.effects.iter().map(|e| loss_share(policy, store, e));
    let best = parts.max_by(|a, b| (a.0.high).total_cmp(&b.0.high).then(b.1.cmp(&a.1)));
    let (share, why) = match best {
        Some(found) => found,
        None if !live.troubles.is_empty() => {
            (Range::new(0.0, 1.0), "checks fail; real orders show no loss yet".to_owned())
        }
        None => return Money::default(),
    };
    let bucket_min = store.bucket.as_mins_f64();
    let from = live.effects.iter().map(Effect::from).min().unwrap_or(live.opened);
    let to = live.effects.iter().map(|e| e.until.unwrap_or(now)).max().unwrap_or(now);
    let length = (to - from + 1).max(1) as f64 * bucket_min;
    let per_minute = share.times(rate);
    Money {
        per_minute: Some(per_minute),
        lost: Some(per_minute.times(length)),
        affected: affected(store, live, now),
        method: format!("{how}; {why}"),
    }
}

/// Revenue per minute that is usual now, and how it was found.
fn revenue_rate(policy: &Policy, store: &Store, now: i64) -> Option<(f64, String)> {
    let per_minute = |metric: Metric| usual(store, metric, now);
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

/// Usual events per minute over the whole shop at this time, from the count's own baseline.
fn usual(store: &Store, metric: Metric, now: i64) -> Option<f64> {
    let table = store.family((metric, Role::Plain)).find(|t| !t.leaves.is_empty())?;
    let mut e = 0.0;
    for leaf in &table.leaves {
        let n = table.acc_over(leaf, now - 2, now);
        e += if n.n > 0.0 { n.e / (n.n * 60.0) } else { 0.0 };
    }
    (e > 0.0).then_some(e)
}

/// Share of the shop's revenue an effect costs.
fn loss_share(policy: &Policy, store: &Store, e: &Effect) -> (Range, String) {
    let inside = exposure(policy, store, e);
    let error = spread(e);
    match e.shape {
        Shape::Step | Shape::Flow => {
            let loss = Range::new((e.harm - error).max(0.0), (e.harm + error).min(1.0));
            (loss.times(inside), format!("measured loss {:.0} % of this step", e.harm * 100.0))
        }
        Shape::Fault => {
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
        Shape::Mean | Shape::Level => {
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
fn slower_by(e: &Effect) -> f64 {
    if e.acc.n <= 0.0 {
        return 0.0;
    }
    let base = e.acc.e / e.acc.n;
    match e.shape {
        Shape::Level => e.harm,
        Shape::Mean | Shape::Fault | Shape::Step | Shape::Flow => base.exp() * e.harm.exp_m1(),
    }
}

/// Half width of the 95 % interval of a harm.
fn spread(e: &Effect) -> f64 {
    let scale = super::onset::weight(e.shape, &e.acc);
    if scale > 0.0 { 1.96 * e.acc.v.sqrt() / scale } else { 0.0 }
}

/// Share of revenue that passes through an effect's place.
fn exposure(policy: &Policy, store: &Store, e: &Effect) -> f64 {
    e.place.dims.iter().fold(1.0, |share, (dim, values)| {
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
        let measured = || if *dim == Dim::Template { 1.0 } else { order_share(store, *dim, e) };
        share * part.unwrap_or_else(measured).clamp(0.0, 1.0)
    })
}

/// Share of orders (else of the effect's own traffic) in the effect's values of one dimension.
fn order_share(store: &Store, dim: Dim, e: &Effect) -> f64 {
    let Some(values) = e.place.dims.get(&dim) else { return 1.0 };
    let table = store.family((Metric::Orders, Role::Plain)).find(|t| t.key.dims.contains(&dim));
    let Some(table) = table.or_else(|| store.tables.get(&e.table)) else { return 1.0 };
    let (mut inside, mut all) = (0.0, 0.0);
    for leaf in &table.leaves {
        let mass = leaf.sums.last().map_or(0.0, |a| a.e.max(0.0));
        all += mass;
        if values.contains(leaf.seg.get(dim).as_str()) {
            inside += mass;
        }
    }
    if all > 0.0 { inside / all } else { 1.0 }
}

/// Sessions since onset inside the worst effect's place.
fn affected(store: &Store, live: &Live, now: i64) -> Option<Range> {
    let from = live.effects.iter().map(Effect::from).min()?;
    let count = |family: Family| {
        let mut best: Option<f64> = None;
        for e in &live.effects {
            let found = store.family(family).filter_map(|t| sessions_in(t, &e.scope, from, now));
            best = found.chain(best).reduce(f64::max);
        }
        best
    };
    let sessions = count((Metric::Sessions, Role::Plain));
    let n = sessions.or_else(|| count((Metric::PageViews, Role::Plain)).map(|v| v / 3.5))?;
    Some(Range::new((n * 0.8).round(), (n * 1.2).round()))
}

fn sessions_in(t: &Table, scope: &Scope, from: i64, now: i64) -> Option<f64> {
    let mut scope = scope.clone();
    let before = scope.dims.len();
    scope.dims.retain(|d, _| t.key.dims.contains(d));
    if scope.dims.len() + 1 < before {
        return None;
    }
    let inside = t.leaves.iter().filter(|l| scope.contains(&l.seg));
    Some(inside.map(|l| t.acc_over(l, from, now).a).sum())
}
