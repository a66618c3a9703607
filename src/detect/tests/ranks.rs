//! Severity and money from the start, whatever joins later, whatever label names the place, and
//! while nobody tells anything.

use super::made_up::{NOON, Shop, Wrong, at, firing, window};
use crate::domain::change::Stage;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::{Dim, DimValue};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::verdict::{Case, Judgement};

const FINE: Wrong = Wrong {
    mobile_pdp_slower: 0.0,
    orders_fail: false,
    beacons_lost: false,
    visits: 0.0,
    errors: 0.0,
    quality: crate::domain::observation::Quality::GOOD,
};

/// A minute in which `share` of the payments fail, and `checks` of the runs of each location.
fn failing(shop: &mut Shop, share: f64, checks: f64, busy: f64) -> Judgement {
    let mut batch = window(&mut shop.dice, shop.now, 1, Wrong { visits: busy, ..FINE });
    for o in &mut batch {
        if let (Metric::Orders | Metric::Revenue, Value::Count(n)) = (o.metric, &mut o.value) {
            let one = if o.metric == Metric::Revenue { 50.0 } else { 1.0 };
            let kept = shop.dice.of(*n / one, 1.0 - share);
            *n = kept * one;
        }
    }
    shop.engine.observe(&batch);
    for location in ["eu", "us"] {
        let ok = shop.dice.next() >= checks;
        shop.check(ok, &[location]);
    }
    shop.now += 60;
    shop.engine.judge(at(shop.now))
}

/// Minutes of failing until the loss of orders is found, and until it is a Sev 1.
fn until_sev_1(seed: u64, checks: f64, busy: f64) -> (i64, i64) {
    let mut shop = Shop::told(|_| {}, busy);
    shop.dice.0 = seed;
    for _ in 0..10 {
        failing(&mut shop, 0.0, 0.0, busy);
    }
    let (mut seen, mut first) = (99, 99);
    for minute in 1..=30 {
        let j = failing(&mut shop, 0.34, checks, busy);
        for case in firing(&j) {
            let orders = case.findings.iter().any(|f| f.metric == Metric::OrderRate);
            seen = if orders { seen.min(minute) } else { seen };
            first = if case.severity == Severity::Sev1 { first.min(minute) } else { first };
        }
    }
    (seen, first)
}

#[test]
fn a_third_of_the_checkouts_failing_is_sev_1_as_soon_as_it_is_found() {
    for seed in 1..=6 {
        let (seen, first) = until_sev_1(seed, 1.0, 5.0);
        assert!(seen <= 4 && first <= seen + 2, "seed {seed}: found {seen}, Sev 1 {first}");
        // Where a third of the checkouts fails, so does a third of the checks.
        let (seen, first) = until_sev_1(seed, 0.34, 5.0);
        assert!(seen <= 4 && first <= seen + 6, "seed {seed}: found {seen}, Sev 1 {first}");
    }
}

#[test]
fn a_quiet_shop_whose_checks_all_fail_waits_for_no_bad_luck_to_end() {
    let minutes: Vec<i64> = (1..=12)
        .map(|seed| {
            let mut shop = Shop::told(|_| {}, 0.1);
            shop.dice.0 = seed * 1_000_003;
            for _ in 0..10 {
                failing(&mut shop, 0.0, 0.0, 0.1);
            }
            let sev_1 = |j: Judgement| firing(&j).iter().any(|c| c.severity == Severity::Sev1);
            let first = (1..=60).find(|_| sev_1(failing(&mut shop, 0.6, 1.0, 0.1)));
            first.unwrap_or(60)
        })
        .collect();
    let mean = minutes.iter().sum::<i64>() as f64 / minutes.len() as f64;
    assert!(mean <= 6.5, "three of five payments fail and every check: Sev 1 after {minutes:?}");
}

#[test]
fn a_tenth_of_the_checkouts_failing_is_no_collapse() {
    for seed in 1..=3 {
        let mut shop = Shop::told(|_| {}, 5.0);
        shop.dice.0 = seed;
        for minute in 0..40 {
            let share = if minute < 10 { 0.0 } else { 0.12 };
            let j = failing(&mut shop, share, 5.0 * share, 5.0);
            let worst = firing(&j).iter().map(|c| c.severity).min();
            assert!(worst.is_none_or(|s| s > Severity::Sev1), "seed {seed}, minute {minute}");
        }
    }
}

fn severity(wrong: Wrong) -> Severity {
    let mut shop = Shop::warm();
    shop.run(15, FINE);
    let j = shop.run(20, wrong);
    firing(&j).iter().map(|c| c.severity).min().unwrap_or(Severity::Sev4)
}

#[test]
fn what_joins_never_makes_it_less() {
    let errors = Wrong { errors: 0.06, ..FINE };
    let slow = Wrong { mobile_pdp_slower: 1.06, ..FINE };
    let both = Wrong { mobile_pdp_slower: 1.06, ..errors };
    let alone = severity(errors).min(severity(slow));
    assert!(severity(both) <= alone, "{:?} for {alone:?}", severity(both));
}

/// A release that slows its pages; `share` of them is served by it from the tenth minute on.
fn labelled(share: f64, staged: bool, minutes: i64) -> (Shop, Judgement) {
    let label = |batch: &mut Vec<Observation>, id: &str, kept: f64| {
        batch.retain(|o| o.source.as_str() == "rum" && o.metric == Metric::Inp);
        for o in batch {
            o.segment = o.segment.clone().with(Dim::Release, DimValue::Value(id.into()));
            if let Value::Dist(h) = &mut o.value {
                h.counts.iter_mut().for_each(|c| *c = (*c * kept).round());
            }
        }
    };
    let mut shop = Shop::told(|_| {}, 10.0);
    for hour in 1..=72 {
        let wrong = Wrong { visits: 10.0, ..FINE };
        let mut batch = window(&mut shop.dice, NOON - hour * 3600, 60, wrong);
        label(&mut batch, "r1", 1.0);
        shop.engine.history(&batch);
    }
    let begins = NOON + 600;
    let stages = if staged { vec![Stage { at: at(begins), share }] } else { Vec::new() };
    let mut last = Judgement::default();
    for minute in 0..10 + minutes {
        if minute == 10 {
            shop.release("r2", begins, &["pdp"]);
            let change = shop.engine.state.changes.values_mut().next().expect("the release");
            change.stages.clone_from(&stages);
        }
        let slow = if minute < 10 { 0.0 } else { 2.5 };
        let (old, new) = if minute < 10 { (1.0, 0.0) } else { (1.0 - share, share) };
        let calm = Wrong { visits: 10.0, ..FINE };
        let mut batch = window(&mut shop.dice, shop.now, 1, calm);
        let others: Vec<_> = batch.iter().filter(|o| o.metric != Metric::Inp).cloned().collect();
        label(&mut batch, "r1", old);
        let wrong = Wrong { mobile_pdp_slower: slow, ..calm };
        let mut fresh = window(&mut shop.dice, shop.now, 1, wrong);
        label(&mut fresh, "r2", new);
        batch.extend(others);
        batch.extend(if new > 0.0 { fresh } else { Vec::new() });
        shop.engine.observe(&batch);
        shop.now += 60;
        last = shop.engine.judge(at(shop.now));
    }
    (shop, last)
}

fn worst(j: &Judgement) -> Case {
    let cases = firing(j);
    (*cases.iter().min_by_key(|c| c.severity).expect("a case")).clone()
}

#[test]
fn a_release_counts_by_what_it_serves_and_will_serve_not_by_its_young_label() {
    let (_, at_once) = labelled(0.3, false, 3);
    assert_eq!(worst(&at_once).severity, Severity::Sev2, "on its way to all");
    let (_, half) = labelled(0.5, true, 8);
    assert_eq!(worst(&half).severity, Severity::Sev2);
    let (_, staged) = labelled(0.05, true, 15);
    assert_eq!(worst(&staged).severity, Severity::Sev3, "{:?}", worst(&staged).rule);
    let (_, stands) = labelled(0.05, false, 20);
    assert_eq!(worst(&stands).severity, Severity::Sev3, "five minutes in a hundred, for long");
    let high = |j: &Judgement| worst(j).risk_per_minute.map_or(0.0, |r| r.high);
    let (all, few) = (high(&at_once), high(&staged));
    assert!(all > 8.0 * few && few > 0.0, "{all} a minute for all of it, {few} for a twentieth");
}

#[test]
fn usual_revenue_comes_from_the_past_while_every_source_is_blind() {
    let mut shop = Shop::warm();
    shop.run(20, FINE);
    let j = shop.run(8, Wrong { orders_fail: true, ..FINE });
    let before = worst(&j).risk_per_minute.expect("a price");
    for source in ["rum", "shop", "probes"] {
        shop.engine.source_blind(&source.into(), true, at(shop.now));
    }
    for minute in 1..=7 {
        shop.now += 60;
        let j = shop.engine.judge(at(shop.now).plus(Span::from_secs(60)));
        let cases = firing(&j);
        let priced = cases.iter().filter_map(|c| c.risk_per_minute).map(|r| r.high);
        let now = priced.fold(0.0, f64::max);
        let same = now > 0.9 * before.high && now < 1.1 * before.high;
        assert!(same, "minute {minute}: {now} for {}", before.high);
    }
}
