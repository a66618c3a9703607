//! Money and people of a case: ranges, methods, sampling, long incidents, and the end.
//! The truth of the made-up shop is counted beside them.

use super::made_up::{Shop, Wrong, firing};
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::verdict::Case;

const FAIL: Wrong = Wrong { orders_fail: true, ..NOTHING };
const NOTHING: Wrong = Wrong {
    mobile_pdp_slower: 0.0,
    orders_fail: false,
    beacons_lost: false,
    visits: 0.0,
    errors: 0.0,
    quality: crate::domain::observation::Quality::GOOD,
};
/// Both devices of the made-up shop.
const SESSIONS_A_MINUTE: f64 = 120.0;
/// Orders a minute times 50.
const REVENUE_A_MINUTE: f64 = SESSIONS_A_MINUTE * 0.3 * 0.5 * 0.7 * 0.95 * 50.0;

fn case(shop: &mut Shop, minutes: i64, wrong: Wrong) -> Case {
    let told = shop.run(minutes, wrong);
    let found = firing(&told).into_iter().find(|c| c.risk_per_minute.is_some()).cloned();
    found.expect("a case with money")
}

fn people(c: &Case) -> Range {
    c.affected.expect("affected")
}

#[test]
fn people_and_money_hold_the_truth_in_their_range_and_say_how() {
    let mut shop = Shop::warm();
    shop.run(30, NOTHING);
    let c = case(&mut shop, 40, FAIL);
    let (met, lost) = (people(&c), c.lost.expect("lost"));
    let (true_met, true_lost) = (40.0 * SESSIONS_A_MINUTE, 40.0 * REVENUE_A_MINUTE * 0.9);
    assert!(met.low <= true_met * 1.1 && met.high >= true_met * 0.9, "{met:?}");
    assert!(met.high - met.low < 0.15 * true_met, "a count is known well: {met:?}");
    assert!(met.high - met.low > 2.0 * true_met.sqrt(), "and is never exact: {met:?}");
    assert!(lost.low < true_lost * 1.15 && lost.high > true_lost * 0.85, "{lost:?}");
    assert!(c.money_method.contains("sessions counted by shop"), "{}", c.money_method);
    assert!(c.money_method.contains("usual revenue"), "{}", c.money_method);
}

#[test]
fn a_sampled_count_is_undone_and_is_less_sure() {
    let mut full = Shop::warm();
    let mut tenth = Shop::told(
        |s| {
            s.sampling.insert(("shop".into(), Metric::Sessions), 0.1);
        },
        1.0,
    );
    full.run(30, NOTHING);
    tenth.run(30, NOTHING);
    let (a, b) = (case(&mut full, 40, FAIL), case(&mut tenth, 40, FAIL));
    let middle = |r: Range| f64::midpoint(r.low, r.high);
    let times = middle(people(&b)) / middle(people(&a));
    assert!((9.5..10.5).contains(&times), "{times}");
    let wide = |r: Range| (r.high - r.low) / middle(r);
    assert!(wide(people(&b)) > 0.9 * wide(people(&a)), "no surer for having been sampled");
    assert!(b.money_method.contains("10 % sample undone"), "{}", b.money_method);
    assert_eq!(a.risk_per_minute, b.risk_per_minute, "sessions are no money");
}

#[test]
fn where_sessions_know_no_page_its_views_say_how_many_at_least_and_at_most() {
    let mut shop = Shop::warm();
    shop.run(30, NOTHING);
    let c = case(&mut shop, 40, Wrong { mobile_pdp_slower: 2.0, ..NOTHING });
    let met = people(&c);
    let views = 40.0 * 40.0;
    assert!(met.low < views / 3.0 && met.high > views * 0.9 && met.high < views * 1.6, "{met:?}");
    assert!(c.money_method.contains("page views of rum at 1 to 3.5 a visit"), "{}", c.money_method);
}

#[test]
fn a_long_incident_never_shrinks_and_stands_still_when_it_is_over() {
    let mut shop = Shop::warm();
    shop.run(30, NOTHING);
    let (mut met, mut lost) = (0.0, 0.0);
    for _ in 0..11 {
        let c = case(&mut shop, 60, FAIL);
        assert!(people(&c).low >= met && c.lost.expect("lost").low >= lost, "{c:#?}");
        (met, lost) = (people(&c).low, c.lost.expect("lost").low);
    }
    let truth = 660.0 * SESSIONS_A_MINUTE;
    assert!((0.9 * truth..1.1 * truth).contains(&met), "11 hours, a ring of 512 minutes: {met}");
    shop.run(3, NOTHING);
    let told = shop.run(60, NOTHING);
    let over = told.cases.iter().find(|c| c.lost.is_some());
    if let Some(c) = over {
        assert!(people(c).low <= met * 1.02, "counted after the end: {:?} {met}", people(c));
    }
    let ends = shop.engine.state.lives.iter().filter_map(|l| l.cumulative.people).map(|p| p.low);
    assert!(ends.fold(0.0, f64::max) <= met * 1.02);
}

#[test]
fn a_fault_and_waiting_cost_a_bounded_share_of_the_revenue_that_passes_through() {
    let mut shop = Shop::warm();
    shop.run(30, NOTHING);
    let failing = case(&mut shop, 30, Wrong { errors: 0.2, ..NOTHING });
    let risk = failing.risk_per_minute.expect("risk");
    let [least, most] = shop.engine.state.settings.policy.shop.error_loss;
    let share = |x: f64| x * 0.2 * REVENUE_A_MINUTE;
    assert!(risk.low <= share(least) * 1.2 && risk.high >= share(most) * 0.7, "{risk:?}");
    assert!(risk.high < 0.5 * REVENUE_A_MINUTE, "{risk:?}");
    let mut shop = Shop::warm();
    shop.run(30, NOTHING);
    let slow = case(&mut shop, 30, Wrong { mobile_pdp_slower: 2.0, ..NOTHING });
    let risk = slow.risk_per_minute.expect("risk");
    assert!(risk.high > 0.0 && risk.high < 0.4 * REVENUE_A_MINUTE, "half of pdp at most: {risk:?}");
    assert!(slow.money_method.contains("ms slower"), "{}", slow.money_method);
}
