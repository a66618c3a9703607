//! The book of series: what goes in, in which order, and the case that comes out.

use super::*;
use crate::domain::observation::{Quality, Window};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::verdict::{Case, Class, Judged};

fn row(n: i64, value: Value) -> Observation {
    let start = Timestamp::from_secs(1_800_000_000 + n * 300);
    Observation {
        source: "money".into(),
        metric: Metric::CacPayback,
        segment: Segment::all(),
        window: Window { start, end: start.plus(Span::from_mins(5)) },
        value,
        quality: Quality::GOOD,
    }
}

fn gauge(n: i64) -> Observation {
    let wave = (n as f64 / 7.0).sin();
    row(n, Value::Gauge(if n == 600 { 90.0 } else { 30.0 + wave }))
}

fn cases(book: &mut SeriesBook, n: i64) -> Vec<Case> {
    let mut judgement = Judgement::default();
    book.tell(&mut judgement, None, &BTreeMap::new(), gauge(n).window.end);
    judgement.cases
}

#[test]
fn rows_open_and_close_one_case_in_whatever_order_the_past_came() {
    let mut book = SeriesBook::new(SeriesRules::default());
    let mut past: Vec<Observation> = (0..590).map(gauge).collect();
    past.reverse();
    assert!(book.take(past).is_empty());
    let hour = Observation {
        window: Window::ending(gauge(0).window.start, Span::from_hours(1)),
        ..row(0, Value::Gauge(900.0))
    };
    book.take(vec![hour]);
    book.start(&|_, _| false);
    assert_eq!(book.lines.values().next().map(|l| l.rows), Some(590), "the hour stays out");
    book.take((585..600).map(gauge).collect());
    assert!(cases(&mut book, 600).is_empty());
    book.take(vec![gauge(600)]);
    let open = cases(&mut book, 601);
    let case = open.first().expect("a case");
    assert!(case.firing && case.onset_at == gauge(600).window.start, "{case:#?}");
    assert_eq!((case.class, case.severity), (Class::Efficiency, Severity::Sev3));
    assert!(case.evidence_for[0].contains("90.0 days, expected 29.2"), "{:?}", case.evidence_for);
    book.take((601..620).map(gauge).collect());
    assert!(!cases(&mut book, 620).first().expect("told once more").firing);
    assert!(cases(&mut book, 700).is_empty());
}

#[test]
fn what_has_segments_or_is_no_gauge_is_left_to_the_engine() {
    let mut rules = SeriesRules::default();
    let count = row(0, Value::Count(3.0));
    let mobile = crate::domain::segment::DimValue::Value("mobile".into());
    let cut = Observation {
        segment: Segment::all().with(crate::domain::segment::Dim::Device, mobile),
        ..gauge(0)
    };
    let mut book = SeriesBook::new(rules.clone());
    assert_eq!(book.take(vec![count.clone(), cut.clone()]).len(), 2);
    rules.declared.insert(("money".into(), Metric::CacPayback), Bad::Down);
    let mut book = SeriesBook::new(rules);
    assert_eq!(book.take(vec![count, cut]).len(), 1, "a declared count is a series");
}

fn efficiency() -> SeriesBook {
    let hour = Span::from_hours(1);
    let drift = DriftRule { min_change: 0.2, hold: hour, clear: hour, demand: true };
    let mut rules = SeriesRules::default();
    let rule = SeriesRow { name: "revenue-efficiency".into(), drift: Some(drift) };
    rules.guardrails.insert(Metric::CacPayback, rule);
    let mut book = SeriesBook::new(rules);
    book.start(&|_, _| false);
    let value = |n: i64| Value::Gauge(if n < 600 { 41.0 } else { 60.0 });
    book.take((0..620).map(|n| row(n, value(n))).collect());
    book
}

fn told(book: &mut SeriesBook, change: Option<f64>) -> Judgement {
    let mut judgement = Judgement::default();
    judgement.guardrails.push(crate::verdict::GuardrailState {
        guardrail: "revenue-efficiency".into(),
        class: "efficiency".to_owned(),
        owner: "growth".to_owned(),
        verdict: Verdict::Unsure,
        detail: String::new(),
        judged: Judged::Unmeasured,
        exposure: crate::policy::guardrail::Exposure::Low,
    });
    let demand = change.map(|change| Demand { change, hours: 4.0 });
    book.tell(&mut judgement, demand, &BTreeMap::new(), gauge(620).window.end);
    judgement
}

#[test]
fn payback_opens_unless_demand_explains_it() {
    let mut book = efficiency();
    let calm = told(&mut book, Some(-0.3));
    assert!(calm.cases.is_empty());
    let state = &calm.guardrails[0];
    assert_eq!(state.verdict, Verdict::Unsure);
    let why = "paid visits down 30 %: demand explains it";
    assert!(state.detail.contains(why), "{}", state.detail);
    let bought = told(&mut book, Some(1.35));
    let why = "paid visits up 135 %: demand explains it";
    assert!(bought.cases.is_empty() && bought.guardrails[0].detail.contains(why));
    let open = told(&mut book, Some(0.02));
    let case = open.cases.first().expect("a case");
    assert_eq!((case.class, case.severity), (Class::Efficiency, Severity::Sev3));
    assert_eq!(case.onset_at, row(600, Value::Gauge(0.0)).window.start);
    assert!(case.evidence_for[1].contains("no demand explanation"), "{:?}", case.evidence_for);
    assert_eq!(open.guardrails[0].verdict, Verdict::Breach);
    let later = told(&mut book, Some(-0.3));
    assert!(later.cases[0].firing, "what was told ends by the number, not by demand");
    assert!(later.cases[0].evidence_against[0].contains("down 30 %"));
    let blind = told(&mut efficiency(), None);
    assert!(blind.cases[0].evidence_against[0].contains("nobody counts paid visits"));
}

#[test]
fn payback_that_follows_from_a_known_loss_is_no_case_of_its_own() {
    let loss = |class: Class, lost: f64| Case {
        class,
        lost: Some(crate::domain::money::Range::new(0.0, lost)),
        headline: "Payment step 74% -> 45%".to_owned(),
        ..told(&mut efficiency(), None).cases.remove(0)
    };
    let tell = |book: &mut SeriesBook, cases: Vec<Case>, hours: i64| {
        let mut judgement = told(&mut efficiency(), None);
        judgement.cases = cases;
        judgement.guardrails[0].verdict = Verdict::Unsure;
        book.tell(
            &mut judgement,
            None,
            &BTreeMap::new(),
            gauge(620).window.end.plus(Span::from_hours(hours)),
        );
        judgement
    };
    let mine = |j: &Judgement| j.cases.iter().any(|c| c.class == Class::Efficiency);
    let mut book = efficiency();
    let during = tell(&mut book, vec![loss(Class::Conversion, 900.0)], 0);
    assert!(!mine(&during));
    let detail = &during.guardrails[0].detail;
    assert!(
        detail.contains("60.0 days, expected 41.0; follows from: Payment step 74%"),
        "{detail}"
    );
    assert!(!mine(&tell(&mut book, Vec::new(), 23)), "the figure covers the day");
    assert!(mine(&tell(&mut book, Vec::new(), 25)), "no longer");
    let harmless = tell(&mut efficiency(), vec![loss(Class::Regression, 0.0)], 0);
    assert!(mine(&harmless), "what costs no orders explains nothing");
    let blind = tell(&mut efficiency(), vec![loss(Class::Telemetry, 900.0)], 0);
    assert!(mine(&blind));
}

#[test]
fn hours_of_the_past_teach_a_drift_row_what_is_usual() {
    let mut rules = SeriesRules::default();
    let hour = Span::from_hours(1);
    let drift = DriftRule { min_change: 0.2, hold: hour, clear: hour, demand: false };
    let rule = SeriesRow { name: "revenue-efficiency".into(), drift: Some(drift) };
    rules.guardrails.insert(Metric::CacPayback, rule);
    let mut book = SeriesBook::new(rules);
    let past = (1..=48).map(|n| Observation {
        window: Window::ending(row(-12 * n, Value::Gauge(0.0)).window.start, hour),
        ..row(0, Value::Gauge(40.0 + (n % 3) as f64))
    });
    book.take(past.collect());
    book.start(&|_, _| false);
    book.take((0..13).map(|n| row(n, Value::Gauge(60.0))).collect());
    let open = cases(&mut book, 13);
    assert!(
        open[0].evidence_for[0].contains("60.0 days, expected 41.0"),
        "{:?}",
        open[0].evidence_for
    );
}
