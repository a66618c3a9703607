//! The engine over a small made-up shop: what it must find, name and clear, and what it must leave
//! alone. Rows of policy are in `threshold`, endings in `ending`, what must never matter in
//! `properties`, many segments in `crowd`, what is not learnt in `exclusions`, bots in `bots`,
//! places in `places`, what is only said in `guardrail_notes`.

mod beacons;
mod attribution;
mod bots;
mod budget;
mod contrast;
mod crowd;
mod ending;
mod fleet;
mod faults;
mod joining;
mod lags;
mod thresholds;
mod measuring;
mod money;
pub mod made_up;
mod guardrail_notes;
mod own;
mod pairs;
mod pasts;
mod places;
mod check_coverage;
mod properties;
mod traffic_loss;
mod exclusions;
mod ranks;
mod rates;
mod recovering;
mod response_time;
mod services;
mod multiplicity;
mod street;
mod surges;

use std::sync::Arc;

use self::made_up::{NOON, Shop, Wrong, at, fact, firing, window};
use crate::domain::histogram::Histogram;
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Value, Window};
use crate::domain::segment::Segment;
use crate::domain::severity::Severity;
use crate::verdict::{Class, Judgement, Verdict};

#[test]
fn a_calm_hour_opens_nothing_and_cells_are_sure() {
    let mut shop = Shop::warm();
    shop.release("r0", NOON + 600, &["pdp"]);
    let j = shop.run(60, Wrong::default());
    assert_eq!(firing(&j).len(), 0, "{:?}", j.cases);
    let cell = j.cells.iter().find(|c| c.metric == Metric::Inp && c.segment == Segment::all());
    let cell = cell.expect("a cell for the whole shop");
    assert_eq!(cell.verdict, Verdict::Ok);
    let (value, range) = (cell.value.expect("value"), cell.interval.expect("interval"));
    assert!(range.low <= value && value <= range.high);
    assert!(j.guardrails.iter().all(|g| g.verdict != Verdict::Breach));
}

#[test]
fn a_slow_release_is_one_case_with_its_place_and_its_release() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    shop.release("innocent", NOON - 7200, &["cart"]);
    shop.release("guilty", shop.now, &["pdp"]);
    let j = shop.run(20, Wrong { mobile_pdp_slower: 1.8, ..Wrong::default() });
    let cases = firing(&j);
    assert_eq!(cases.len(), 1, "{:?}", j.cases);
    let case = cases[0];
    assert_eq!(case.class, Class::Regression);
    assert_eq!(case.severity, Severity::Sev2);
    assert_eq!(case.segments.len(), 1);
    assert_eq!(case.segments[0].to_string(), "pdp · mobile");
    assert_eq!(case.suspect.release, Some(ReleaseId::new("guilty")), "{:?}", case.suspect);
    assert!(case.headline.starts_with("INP p75 "), "{}", case.headline);
    assert!(case.risk_per_minute.is_some_and(|r| r.low <= r.high));
}

#[test]
fn an_outage_is_one_sev_1_and_clears_after_the_fix() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let j = shop.run(8, Wrong { orders_fail: true, ..Wrong::default() });
    let cases = firing(&j);
    assert_eq!(cases.len(), 1, "{:?}", j.cases);
    assert_eq!(cases[0].class, Class::Availability);
    assert_eq!(cases[0].severity, Severity::Sev1);
    assert_eq!(cases[0].suspect.release, None);
    let key = cases[0].key.clone();
    let mut cleared = None;
    for minute in 1..=12 {
        let j = shop.run(1, Wrong::default());
        if cleared.is_none() && j.cases.iter().any(|c| c.key == key && !c.firing) {
            cleared = Some(minute);
        }
    }
    assert!(cleared.is_some_and(|m| m <= 8), "cleared after {cleared:?} minutes");
}

#[test]
fn lost_beacons_are_telemetry_and_no_business_case() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let j = shop.run(12, Wrong { beacons_lost: true, ..Wrong::default() });
    let cases = firing(&j);
    assert_eq!(cases.len(), 1, "{:?}", j.cases);
    assert_eq!(cases[0].class, Class::Telemetry);
    assert_eq!(cases[0].severity, Severity::Sev4);
}

#[test]
fn more_visitors_and_one_glitching_probe_are_no_case() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    for _ in 0..20 {
        let batch = window(&mut shop.dice, shop.now, 1, Wrong { visits: 1.7, ..Wrong::default() });
        shop.engine.observe(&batch);
        shop.check(true, &["eu", "us"]);
        shop.check(false, &["apac"]);
        shop.now += 60;
        let j = shop.engine.judge(at(shop.now));
        assert_eq!(firing(&j).len(), 0, "{:?}", j.cases);
    }
}

#[test]
fn a_blind_source_is_one_case_and_its_cells_are_blind() {
    let mut shop = Shop::warm();
    shop.run(5, Wrong::default());
    shop.engine.source_blind(&SourceId::new("rum"), true, at(shop.now));
    let j = shop.run(2, Wrong::default());
    assert_eq!(firing(&j).len(), 1);
    assert_eq!(firing(&j)[0].key, "telemetry:source:rum");
    assert_eq!(firing(&j)[0].severity, Severity::Sev4);
    assert!(j.cells.iter().any(|c| c.metric == Metric::Inp && c.verdict == Verdict::Blind));
    shop.engine.source_blind(&SourceId::new("rum"), false, at(shop.now));
    let j = shop.run(1, Wrong::default());
    assert!(j.cases.iter().all(|c| !c.firing));
}

#[test]
fn everything_that_feeds_checkout_blind_is_sev_2() {
    let mut shop = Shop::warm();
    shop.run(5, Wrong::default());
    for source in ["shop", "probes"] {
        shop.engine.source_blind(&SourceId::new(source), true, at(shop.now));
    }
    let j = shop.run(1, Wrong::default());
    assert_eq!(firing(&j).len(), 1, "one network, one page: {:?}", j.cases);
    assert_eq!(firing(&j)[0].severity, Severity::Sev2);
    assert_eq!(firing(&j)[0].headline, "No data from probes and shop; checkout is blind");
    shop.engine.source_blind(&SourceId::new("shop"), false, at(shop.now));
    let j = shop.run(1, Wrong::default());
    assert_eq!(firing(&j).len(), 1, "one of them is silent still");
    shop.engine.source_blind(&SourceId::new("probes"), false, at(shop.now));
    assert_eq!(firing(&shop.run(1, Wrong::default())).len(), 0);
}

#[test]
fn without_history_it_learns_first_and_then_sees_an_outage() {
    let mut shop = Shop::cold();
    let j = shop.run(10, Wrong::default());
    assert!(shop.engine.learning());
    assert!(j.cells.iter().all(|c| c.verdict == Verdict::Unsure));
    shop.run(35, Wrong::default());
    let j = shop.run(8, Wrong { orders_fail: true, ..Wrong::default() });
    assert_eq!(firing(&j).len(), 1, "{:?}", j.cases);
    assert_eq!(firing(&j)[0].class, Class::Availability);
}

#[test]
fn order_of_arrival_changes_nothing() {
    let story = |reverse: bool| {
        let mut shop = Shop::warm();
        let mut last = Judgement::default();
        for minute in 0..25 {
            let slow = if minute >= 10 { 1.8 } else { 0.0 };
            let wrong = Wrong { mobile_pdp_slower: slow, ..Wrong::default() };
            let mut batch = window(&mut shop.dice, shop.now, 1, wrong);
            if reverse {
                batch.reverse();
            }
            shop.engine.observe(&batch);
            shop.now += 60;
            last = shop.engine.judge(at(shop.now));
        }
        last
    };
    let (a, b) = (story(false), story(true));
    assert_eq!(firing(&a).len(), 1);
    assert_eq!(a.cases, b.cases);
    assert_eq!(a.cells, b.cells);
}

#[test]
fn a_single_gauge_without_samples_is_judged_by_its_usual_range() {
    let mut shop = Shop::cold();
    let series = |shop: &mut Shop, start: i64, minutes: i64, value: f64| {
        let w = Window { start: at(start), end: at(start + minutes * 60) };
        let noise = shop.dice.next() * 4.0;
        fact("mon", Metric::Lcp, Segment::all(), w, Value::Gauge(value + noise))
    };
    for hour in 1..=72 {
        let o = series(&mut shop, NOON - hour * 3600, 60, 2000.0);
        shop.engine.history(&[o]);
    }
    let mut opened = Vec::new();
    for minute in 0..40 {
        let value = if minute < 20 { 2000.0 } else { 3500.0 };
        let now = shop.now;
        let o = series(&mut shop, now, 1, value);
        shop.engine.observe(&[o]);
        shop.now += 60;
        let j = shop.engine.judge(at(shop.now));
        opened.push(firing(&j).len());
    }
    assert!(opened.iter().take(20).all(|n| *n == 0), "{opened:?}");
    assert_eq!(opened.last(), Some(&1), "{opened:?}");
}

#[test]
fn garbage_is_survived() {
    let mut shop = Shop::warm();
    let w = Window { start: at(NOON), end: at(NOON) };
    let bad = [
        fact("x", Metric::Lcp, Segment::all(), w, Value::Gauge(f64::NAN)),
        fact("x", Metric::Orders, Segment::all(), w, Value::Count(-5.0)),
        fact("x", Metric::JsErrorRate, Segment::all(), w, Value::Ratio { hits: 9.0, trials: 0.0 }),
        fact("x", Metric::Sessions, Segment::all(), w, Value::Count(f64::INFINITY)),
        fact(
            "x",
            Metric::Inp,
            Segment::all(),
            w,
            Value::Dist(Histogram::new(Arc::new([]), vec![])),
        ),
    ];
    shop.engine.observe(&bad);
    shop.engine.history(&bad);
    let j = shop.engine.judge(at(NOON + 60));
    assert!(j.cases.is_empty());
    let late = shop.engine.judge(at(NOON + 86_400 * 30));
    assert!(late.cases.is_empty());
    shop.engine.judge(at(0));
}
