//! The engine over small made-up shops: what it must find, name and clear, and what it must leave
//! alone. Numbers come from a fixed generator, so that every run is the same.

use std::sync::Arc;

use super::engine::{Engine, Settings};
use super::verdict::{Class, Judgement, Verdict};
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::histogram::Histogram;
use crate::domain::id::{JourneyId, ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;

const TEMPLATES: [&str; 3] = ["pdp", "cart", "checkout"];
const DEVICES: [&str; 2] = ["mobile", "desktop"];
/// 2025-03-10 12:00 UTC.
const NOON: i64 = 1_741_608_000;

/// What is wrong in a minute of the made-up shop.
#[derive(Clone, Copy, Default)]
struct Wrong {
    mobile_pdp_slower: f64,
    orders_fail: bool,
    beacons_lost: bool,
    visits: f64,
}

struct Dice(u64);
impl Dice {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64) / f64::from(u32::MAX >> 1)
    }

    /// About `mean` events, spread like a Poisson count.
    fn count(&mut self, mean: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        (mean + sum * mean.max(0.0).sqrt()).round().max(0.0)
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn seg(dims: &[(Dim, &str)]) -> Segment {
    dims.iter().fold(Segment::all(), |s, (d, v)| s.with(*d, DimValue::Value((*v).into())))
}

fn fact(
    source: &str,
    metric: Metric,
    segment: Segment,
    window: Window,
    value: Value,
) -> Observation {
    Observation {
        source: SourceId::new(source),
        metric,
        segment,
        window,
        value,
        quality: Quality::GOOD,
    }
}

/// A log-normal-like histogram of `n` samples around `median` in coarse buckets.
fn dist(dice: &mut Dice, n: f64, median: f64) -> Value {
    let bounds: Arc<[f64]> =
        [50.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, f64::INFINITY].into_iter().collect();
    let mut counts = vec![0.0; bounds.len()];
    for _ in 0..n as usize {
        let z = (0..6).map(|_| dice.next()).sum::<f64>() - 3.0;
        let x = median * (z * 0.9).exp();
        let i = bounds.iter().position(|b| x <= *b).unwrap_or(0);
        if let Some(c) = counts.get_mut(i) {
            *c += 1.0;
        }
    }
    Value::Dist(Histogram::new(bounds, counts))
}

/// All facts of one window of `minutes` of the shop.
fn window(dice: &mut Dice, start: i64, minutes: i64, wrong: Wrong) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let busy = minutes as f64 * if wrong.visits > 0.0 { wrong.visits } else { 1.0 };
    let mut out = Vec::new();
    for device in DEVICES {
        for template in TEMPLATES {
            let s = seg(&[(Dim::Template, template), (Dim::Device, device)]);
            let lost = wrong.beacons_lost && device == "mobile";
            let views = dice.count(40.0 * busy * if lost { 0.3 } else { 1.0 });
            let hurt = template == "pdp" && device == "mobile" && wrong.mobile_pdp_slower > 0.0;
            let median = 120.0 * if hurt { wrong.mobile_pdp_slower } else { 1.0 };
            let samples = views.min(200.0);
            let hits = dice.count(views * 0.01).min(views);
            out.push(fact("rum", Metric::Inp, s.clone(), w, dist(dice, samples, median)));
            out.push(fact("rum", Metric::PageViews, s.clone(), w, Value::Count(views)));
            out.push(fact("rum", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials: views }));
        }
        let s = seg(&[(Dim::Device, device)]);
        let sessions = dice.count(60.0 * busy);
        let atc = dice.count(sessions * 0.3);
        let checkout = dice.count(atc * 0.5).min(atc);
        let pay = dice.count(checkout * 0.7).min(checkout);
        let orders = dice.count(pay * if wrong.orders_fail { 0.1 } else { 0.95 }).min(pay);
        let counts = [
            (Metric::Sessions, sessions),
            (Metric::AddToCart, atc),
            (Metric::CheckoutStart, checkout),
            (Metric::PaymentTry, pay),
            (Metric::Orders, orders),
            (Metric::Revenue, orders * 50.0),
        ];
        out.extend(counts.map(|(m, n)| fact("shop", m, s.clone(), w, Value::Count(n))));
    }
    out
}

struct Shop {
    engine: Engine,
    dice: Dice,
    now: i64,
}

impl Shop {
    /// A shop with three days of history, at noon.
    fn warm() -> Self {
        let policy = Policy::builtin().expect("policy");
        let mut shop = Self {
            engine: Engine::new(Settings::new(Span::from_mins(1), policy)),
            dice: Dice(7),
            now: NOON,
        };
        for hour in 1..=72 {
            let batch = window(&mut shop.dice, NOON - hour * 3600, 60, Wrong::default());
            shop.engine.history(&batch);
        }
        shop
    }

    fn cold() -> Self {
        let policy = Policy::builtin().expect("policy");
        let engine = Engine::new(Settings::new(Span::from_mins(1), policy));
        Self { engine, dice: Dice(7), now: NOON }
    }

    /// Lives through some minutes; the last judgement.
    fn run(&mut self, minutes: i64, wrong: Wrong) -> Judgement {
        let mut last = Judgement::default();
        for _ in 0..minutes {
            let batch = window(&mut self.dice, self.now, 1, wrong);
            self.engine.observe(&batch);
            self.check(!wrong.orders_fail, &["eu", "us"]);
            self.now += 60;
            last = self.engine.judge(at(self.now));
        }
        last
    }

    fn check(&mut self, ok: bool, locations: &[&str]) {
        let outcome = || if ok { CheckOutcome::Pass } else { CheckOutcome::Fail("status".into()) };
        let runs = locations.iter().map(|l| Check {
            source: SourceId::new("probes"),
            journey: JourneyId::new("checkout"),
            location: (*l).to_owned(),
            at: at(self.now),
            outcome: outcome(),
            duration_ms: None,
            message: String::new(),
        });
        let runs: Vec<Check> = runs.collect();
        self.engine.observe_checks(&runs);
    }

    fn release(&mut self, id: &str, when: i64, templates: &[&str]) {
        self.engine.observe_changes(&[Change {
            source: SourceId::new("git"),
            id: ReleaseId::new(id),
            kind: ChangeKind::Deploy,
            service: "shop".into(),
            environment: "production".into(),
            version: id.into(),
            previous: None,
            status: ChangeStatus::Succeeded,
            created_at: at(when),
            started_at: Some(at(when)),
            finished_at: None,
            stages: Vec::new(),
            templates: templates.iter().map(|t| (*t).to_owned()).collect(),
            rolled_back_at: None,
            author: String::new(),
            url: String::new(),
        }]);
    }
}

fn firing(j: &Judgement) -> Vec<&super::verdict::Case> {
    j.cases.iter().filter(|c| c.firing).collect()
}

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
    assert!(firing(&j).iter().all(|c| c.severity == Severity::Sev2), "{:?}", j.cases);
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
