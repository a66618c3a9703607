//! How long checks take: what is slow, where it is told, and when it is over.
//! Failing runs are in `check_coverage`.

use super::made_up::*;
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::id::{JourneyId, SourceId};
use crate::domain::metric::Metric;
use crate::verdict::{Case, Judgement, Verdict};

const USUAL: [(&str, f64); 2] = [("eu", 600.0), ("us", 900.0)];

/// Minutes of a shop whose checks pass, `slower` times as slow as usual at each location.
fn timed(shop: &mut Shop, minutes: i64, wrong: Wrong, slower: [f64; 2]) -> Judgement {
    let mut last = Judgement::default();
    for _ in 0..minutes {
        let batch = window(&mut shop.dice, shop.now, 1, wrong);
        shop.engine.observe(&batch);
        let runs = USUAL.iter().zip(slower).map(|((location, ms), slower)| Check {
            source: SourceId::new("probes"),
            journey: JourneyId::new("checkout"),
            location: (*location).to_owned(),
            at: at(shop.now),
            outcome: CheckOutcome::Pass,
            duration_ms: Some(ms * slower * (0.3 * (shop.dice.next() - 0.5)).exp()),
            message: String::new(),
        });
        let runs: Vec<Check> = runs.collect();
        shop.engine.observe_checks(&runs);
        shop.now += 60;
        last = shop.engine.judge(at(shop.now));
    }
    last
}

/// A shop whose checks have been timed for five hours.
fn shop() -> Shop {
    let mut shop = Shop::warm();
    let calm = timed(&mut shop, 300, Wrong::default(), [1.0, 1.0]);
    assert_eq!(row(&calm), (Verdict::Ok, "checks take as long as usual".to_owned()));
    shop
}

fn row(judgement: &Judgement) -> (Verdict, String) {
    let mut rows = judgement.guardrails.iter();
    let row = rows.find(|g| g.guardrail.as_str() == "check-response-time");
    row.map(|g| (g.verdict, g.detail.clone())).expect("a row")
}

fn slow(case: &Case) -> Vec<&str> {
    let mine = case.findings.iter().filter(|f| f.metric == Metric::CheckDuration);
    mine.map(|f| f.text.as_str()).collect()
}

#[test]
fn checks_15_what_takes_longer_from_every_location_is_a_case_and_ends() {
    let mut shop = shop();
    let early = timed(&mut shop, 8, Wrong::default(), [2.2, 2.2]);
    assert!(firing(&early).is_empty(), "held for ten minutes: {:?}", early.cases);
    let late = timed(&mut shop, 8, Wrong::default(), [2.2, 2.2]);
    let cases = firing(&late);
    assert_eq!(cases.len(), 1, "{:?}", late.cases);
    let case = cases[0];
    assert!(case.headline.starts_with("Checks of checkout take "), "{}", case.headline);
    assert_eq!((case.key.as_str(), case.severity.number()), ("checks-slow", 3));
    let finding = case.findings.first().expect("a finding");
    let (value, usual) = (finding.value.expect("ms"), finding.baseline.expect("ms"));
    assert!((value / usual - 2.2).abs() < 0.5 && finding.unit == "ms", "{finding:?}");
    assert_eq!(finding.segment.to_string(), "checkout");
    assert_eq!(row(&late), (Verdict::Breach, finding.text.clone()));
    let journey = late.journeys.iter().find(|j| j.journey.as_str() == "checkout").expect("a row");
    assert!(journey.checks[0].contains("usually 0.6"), "{:?}", journey.checks);

    let well = timed(&mut shop, 30, Wrong::default(), [1.0, 1.0]);
    let case = well.cases.iter().find(|c| c.key == "checks-slow").expect("told once more");
    assert!(!case.firing && slow(case)[0].contains(" took "), "{:?}", slow(case));
    assert!(case.findings[0].now.is_some_and(|now| now < 1.2 * usual), "{:?}", case.findings);
    assert_eq!(row(&well).0, Verdict::Ok);
}

#[test]
fn checks_15_slow_checks_that_fall_silent_are_not_told_to_be_over() {
    let mut shop = shop();
    timed(&mut shop, 16, Wrong::default(), [2.2, 2.2]);
    let mut last = Judgement::default();
    for _ in 0..30 {
        let batch = window(&mut shop.dice, shop.now, 1, Wrong::default());
        shop.engine.observe(&batch);
        shop.now += 60;
        last = shop.engine.judge(at(shop.now));
    }
    let case = last.cases.iter().find(|c| c.key == "checks-slow").expect("still told");
    assert!(case.firing, "{case:?}");
}

#[test]
fn checks_15_one_slow_location_is_told_and_opens_nothing() {
    let mut shop = shop();
    let last = timed(&mut shop, 30, Wrong::default(), [3.0, 1.0]);
    assert!(firing(&last).is_empty(), "{:?}", last.cases);
    let (verdict, words) = row(&last);
    assert_eq!(verdict, Verdict::Unsure);
    assert!(words.starts_with("eu: checkout takes ") && words.contains("usually 0.6"), "{words}");
}

#[test]
fn checks_15_slow_checks_are_a_sign_of_the_case_on_their_pages() {
    let mut shop = shop();
    let wrong = Wrong { errors: 0.2, ..Wrong::default() };
    let last = timed(&mut shop, 25, wrong, [2.5, 2.5]);
    let cases = firing(&last);
    assert_eq!(cases.len(), 1, "{:?}", cases.iter().map(|c| &c.headline).collect::<Vec<_>>());
    assert_eq!(slow(cases[0]).len(), 1, "{:?}", cases[0].findings);
    let well = timed(&mut shop, 40, Wrong::default(), [1.0, 1.0]);
    assert!(firing(&well).is_empty(), "{:?}", well.cases);
}

#[test]
fn checks_15_the_usual_scatter_of_a_day_opens_nothing() {
    let mut shop = shop();
    for hour in 0..12 {
        let busy = 1.0 + 0.25 * f64::from(hour % 6) / 6.0;
        let last = timed(&mut shop, 60, Wrong::default(), [busy, busy]);
        assert!(last.cases.iter().all(|c| c.key != "checks-slow"), "{:?}", last.cases);
    }
}
