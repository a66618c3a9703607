//! A surge can be a fault: prices at zero, coupons that stack, orders placed twice, machines that
//! buy. Orders per visit or the value of an order leave their band the profitable-looking way. What
//! demand or an announced sale explains is none; words and money of such a case are here too.

use super::kinds::{is_surge, of_value};
use super::open_case::OpenCase;
use super::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::tally::Tally;
use crate::detect::learning::exclusions;
use crate::detect::maths::interval::Z95;
use crate::detect::scan::shift::Shift;
use crate::domain::change::ChangeKind;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::policy::judging::Policy;

/// While a sale is on, orders are worth so much less, or come so many times as often per visit, as
/// no sale explains (a sale of 70 % is a clearance; three times the usual share of buyers is rare).
const ANNOUNCED_FALL: f64 = 0.7;
const ANNOUNCED_RISE: f64 = 2.0;
/// Share of the rise per visit that orders themselves must be above their usual: else visits are
/// counted less, and nobody buys more.
const BOUGHT: f64 = 0.5;
/// Orders for each payment try, against usual, from which orders are said to be placed twice.
const TWICE: f64 = 1.2;

/// An announced sale, demand that rises alike, or a count of visits that fails explain it.
pub fn explained(state: &EngineState, e: &Shift, bucket: i64) -> bool {
    if !is_surge(e) {
        return false;
    }
    let sale = announced(state, bucket);
    if of_value(e) {
        return sale && e.harm < ANNOUNCED_FALL;
    }
    if sale && e.harm < ANNOUNCED_RISE {
        return true;
    }
    let rise = |metric: Metric| rise_of(&state.cube, metric, e, bucket);
    let counted_less = rise(Metric::Orders).is_some_and(|rise| rise < BOUGHT * e.harm);
    let cheap = state.cases.iter().filter(|l| l.closed.is_none()).flat_map(|l| &l.shifts);
    let cheap =
        cheap.filter(|o| of_value(o) && o.until.is_none()).any(|o| o.place.overlaps(&e.place));
    let wanted = rise(Metric::Sessions).is_some_and(|rise| rise >= e.harm);
    counted_less || wanted && !cheap
}

/// A holiday, a campaign or a sale is on.
fn announced(state: &EngineState, bucket: i64) -> bool {
    let now = state.cube.start_of(bucket);
    let mut campaigns = state.changes.values().filter(|c| c.kind == ChangeKind::Campaign);
    let on = |c: &crate::domain::change::Change| {
        c.effective_at() <= now && c.finished_at.is_none_or(|end| now < end)
    };
    exclusions::announced(&state.settings, now).is_some() || campaigns.any(on)
}

/// Share by which a count is above its own usual in the place and time of a shift.
fn rise_of(cube: &Cube, metric: Metric, e: &Shift, bucket: i64) -> Option<f64> {
    let mut cuboids = cube.family((metric, CuboidRole::Plain));
    let cuboid = cuboids.find(|t| e.scope.dims.keys().all(|d| t.key.dims.contains(d)))?;
    let sum = sum(cuboid, e, bucket);
    (sum.expected > 0.0).then(|| sum.observed / sum.expected - 1.0)
}

fn sum(cuboid: &Cuboid, e: &Shift, bucket: i64) -> Tally {
    cuboid.scope_sum(&e.scope, (e.from(), bucket))
}

/// The lower bound of the share of an order's value that is given away.
pub fn given_away(cube: &Cube, e: &Shift) -> f64 {
    let Some(cuboid) = cube.cuboids.get(&e.cuboid).filter(|_| of_value(e)) else { return 0.0 };
    let half = Z95 * (e.tally.variance * e.dispersion(cuboid).overdispersion).max(0.0).sqrt();
    if e.tally.expected > 0.0 {
        (1.0 - (e.tally.observed + half) / e.tally.expected).max(0.0)
    } else {
        0.0
    }
}

/// What an order is worth now and usually, in money.
pub fn order_values(cube: &Cube, e: &Shift) -> Option<(f64, f64)> {
    let unit = cube.cuboids.get(&e.cuboid)?.unit;
    (of_value(e) && e.tally.units > 0.0)
        .then(|| (e.tally.observed / e.tally.units * unit, e.tally.expected / e.tally.units * unit))
}

/// One line for a case: what rises, what an order is worth, and what to look for.
pub fn headline(policy: &Policy, cube: &Cube, case: &OpenCase) -> Option<String> {
    let present = case.present();
    let strongest = |value: bool| {
        let mine = present.iter().filter(|e| is_surge(e) && of_value(e) == value);
        mine.max_by(|a, b| a.nats.total_cmp(&b.nats))
    };
    let worth = strongest(true).and_then(|e| order_values(cube, e));
    let money = |x: f64| format!("{} {x:.0}", policy.shop.currency);
    let average = |word: &str| {
        worth.map(|(now, usual)| format!("{word} order {} (usual {usual:.0})", money(now)))
    };
    let times = strongest(false).filter(|e| e.tally.expected > 0.0).map(|e| {
        (format!("Orders at {:.1} times their usual rate", e.tally.observed / e.tally.expected), e)
    });
    match (times, average("average")) {
        (Some((times, _)), Some(average)) => {
            Some(format!("{times}, {average}: price or coupon error?"))
        }
        (None, Some(_)) => {
            average("Average").map(|average| format!("{average}: price or coupon error?"))
        }
        (Some((times, e)), None) => Some(match per_payment(cube, e) {
            Some(each) => format!("{times}, {each:.1} for each payment: placed twice?"),
            None => format!("{times} at their usual value: bulk or automated buying?"),
        }),
        (None, None) => None,
    }
}

/// Orders for each payment try since the onset, when they are clearly more than usual.
fn per_payment(cube: &Cube, e: &Shift) -> Option<f64> {
    let cuboid =
        cube.family((Metric::OrderRate, CuboidRole::Step)).find(|t| !t.leaves.is_empty())?;
    let all = cuboid.scope_sum(&e.scope, (e.from(), e.last_bad));
    let each = all.observed / all.units.max(1.0);
    (all.expected > 0.0 && all.observed >= TWICE * all.expected).then_some(each)
}

/// What is given away in a minute: the value that orders lack. Where they lack none, orders beyond
/// the usual may have to be taken back.
pub fn per_minute(policy: &Policy, cube: &Cube, case: &OpenCase) -> (Option<Range>, String) {
    let present = case.present();
    let minutes =
        |e: &Shift| (e.last_bad - e.from() + 1).max(1) as f64 * cube.bucket.as_mins_f64().max(1e-9);
    let values = present.iter().filter(|e| of_value(e)).filter_map(|e| {
        let cuboid = cube.cuboids.get(&e.cuboid)?;
        let lacking = (e.tally.expected - e.tally.observed) * cuboid.unit;
        let half = Z95
            * (e.tally.variance * e.dispersion(cuboid).overdispersion).max(0.0).sqrt()
            * cuboid.unit;
        let each = |x: f64| x.max(0.0) / minutes(e);
        let range = Range::new(each(lacking - half), each(lacking + half));
        let (now, usual) = order_values(cube, e)?;
        Some((
            range,
            format!(
                "orders are worth {now:.0} {c}, usually {usual:.0} {c}",
                c = policy.shop.currency
            ),
        ))
    });
    let most = values.max_by(|a, b| a.0.high.total_cmp(&b.0.high));
    if let Some((range, how)) = most {
        return (Some(range), format!("given away: {how}"));
    }
    let worth = cube.family((Metric::OrderValue, CuboidRole::Surge)).find(|t| t.unit_known);
    let Some(worth) = worth.map(|t| t.unit).or(policy.shop.average_order_value) else {
        return (None, "cannot be estimated: the value of an order is not measured".to_owned());
    };
    let extra = present.iter().filter(|e| is_surge(e));
    let extra = extra
        .map(|e| (e.tally.observed - e.tally.expected).max(0.0) / minutes(e))
        .fold(0.0, f64::max);
    let how = format!(
        "{extra:.1} orders a minute beyond their usual share of visits x {worth:.0} {}, if they \
         are taken back",
        policy.shop.currency
    );
    (Some(Range::new(0.0, extra * worth)), how)
}
