//! How measuring itself fails (seed 001, F1 to F7): each is a telemetry case of Sev 4 and none
//! a business case. The shop is the made-up one with regions, lag and orphans added.

use super::made_up::*;
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::Dim;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::verdict::{Case, Class, Judgement, Verdict};

const REGIONS: [&str; 3] = ["eu", "us", "apac"];

/// What goes wrong with the telling in a minute.
#[derive(Clone, Copy)]
struct Odd {
    /// Beacons of `us` and of everywhere, as factors.
    us: f64,
    all: f64,
    /// Sessions everywhere.
    visits: f64,
    lag_ms: f64,
    orphans: f64,
}

const FINE: Odd = Odd { us: 1.0, all: 1.0, visits: 1.0, lag_ms: 1200.0, orphans: 0.02 };

fn told(dice: &mut Dice, start: i64, minutes: i64, odd: Odd) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let busy = minutes as f64;
    let mut out = Vec::new();
    for region in REGIONS {
        let s = seg(&[(Dim::Region, region)]);
        let kept = odd.all * if region == "us" { odd.us } else { 1.0 };
        let views = dice.count(400.0 * busy * kept);
        let sessions = dice.count(100.0 * busy * odd.visits);
        let orders = dice.count(4.0 * busy * odd.visits);
        out.push(fact("rum", Metric::PageViews, s.clone(), w, Value::Count(views)));
        out.push(fact("shop", Metric::Sessions, s.clone(), w, Value::Count(sessions)));
        out.push(fact("shop", Metric::Orders, s.clone(), w, Value::Count(orders)));
        let late = if region == "us" { odd.lag_ms } else { FINE.lag_ms };
        let lag = late * (1.0 + 0.02 * dice.next());
        out.push(fact("rum", Metric::BeaconLag, s, w, Value::Gauge(lag)));
    }
    for template in TEMPLATES {
        let s = seg(&[(Dim::Template, template)]);
        let trials = dice.count(400.0 * busy * odd.visits);
        let share = if template == "checkout" { odd.orphans } else { FINE.orphans };
        let hits = dice.count(trials * share).min(trials);
        out.push(fact("edge", Metric::EdgeRequests, s.clone(), w, Value::Count(trials)));
        out.push(fact("edge", Metric::OrphanShare, s, w, Value::Ratio { hits, trials }));
    }
    out
}

/// Three days of history, ten good minutes, then `minutes` of `odd`.
fn lived(odd: Odd, minutes: i64) -> Judgement {
    told_in_turn(&[(odd, minutes)])
}

fn told_in_turn(story: &[(Odd, i64)]) -> Judgement {
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    let mut dice = Dice(5);
    for hour in 1..=72 {
        engine.history(&told(&mut dice, NOON - hour * 3600, 60, FINE));
    }
    let mut last = Judgement::default();
    let turns = std::iter::once(&(FINE, 10)).chain(story);
    let minutes = turns.flat_map(|(odd, minutes)| (0..*minutes).map(|_| *odd));
    for (minute, now) in (0_i64..).zip(minutes) {
        engine.observe(&told(&mut dice, NOON + minute * 60, 1, now));
        last = engine.judge(at(NOON + (minute + 1) * 60));
        assert!(minute >= 10 || firing(&last).is_empty(), "{:?}", last.cases);
    }
    last
}

fn only(judgement: &Judgement) -> &Case {
    let cases = firing(judgement);
    assert_eq!(cases.len(), 1, "{cases:#?}");
    let case = cases[0];
    assert_eq!((case.class, case.severity), (Class::Telemetry, Severity::Sev4), "{case:#?}");
    assert!(!case.evidence_for.is_empty(), "no evidence line, no page");
    case
}

fn row<'a>(judgement: &'a Judgement, name: &str) -> (Verdict, &'a str) {
    let row = judgement.guardrails.iter().find(|g| g.guardrail.as_str() == name);
    row.map(|g| (g.verdict, g.detail.as_str())).expect("a guardrail row")
}

#[test]
fn a_quiet_hour_opens_nothing() {
    let judgement = lived(FINE, 60);
    assert_eq!(firing(&judgement).len(), 0, "{:#?}", judgement.cases);
    for name in ["over-collection", "late-reporting", "correlation", "privacy"] {
        assert_eq!(row(&judgement, name).0, Verdict::Ok, "{name}: {}", row(&judgement, name).1);
    }
    assert_eq!(row(&judgement, "clock-drift").1, "no source tells its clock");
}

#[test]
fn beacons_that_vanish_in_one_region_are_skew_and_name_it() {
    let judgement = lived(Odd { us: 0.4, ..FINE }, 15);
    let case = only(&judgement);
    let places: Vec<String> = case.segments.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["us"], "{case:#?}");
    assert!(case.headline.starts_with("Beacons down"), "{}", case.headline);
}

#[test]
fn beacons_sent_twice_are_over_collection_and_end_again() {
    let judgement = lived(Odd { all: 2.0, ..FINE }, 15);
    let case = only(&judgement);
    assert!(case.headline.starts_with("Beacons up"), "{}", case.headline);
    assert_eq!(case.findings[0].guardrail.as_str(), "over-collection");
    assert_eq!(row(&judgement, "over-collection").0, Verdict::Breach);
    let us = lived(Odd { us: 2.0, ..FINE }, 15);
    let places: Vec<String> = only(&us).segments.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["us"]);
}

#[test]
fn beacons_that_come_after_all_are_no_over_collection() {
    let late = Odd { us: 1.8, ..FINE };
    // A clock that is set to another time zone tells them hours later.
    for wait in [40, 330] {
        let judgement = told_in_turn(&[(Odd { us: 0.3, ..FINE }, 30), (FINE, wait), (late, 30)]);
        let up = firing(&judgement).into_iter().find(|c| c.headline.starts_with("Beacons up"));
        assert!(up.is_none(), "{wait} minutes later: {up:#?}");
    }
}

#[test]
fn a_crowd_that_others_count_too_is_no_over_collection() {
    let crowd = lived(Odd { all: 2.5, visits: 2.0, ..FINE }, 20);
    assert_eq!(firing(&crowd).len(), 0, "{:#?}", crowd.cases);
}

#[test]
fn late_beacons_are_telemetry_and_their_windows_provisional() {
    let judgement = lived(Odd { lag_ms: 2_700_000.0, ..FINE }, 15);
    let case = only(&judgement);
    assert_eq!(case.headline, "Beacon lag 1.2 s -> 46 min", "{case:#?}");
    assert_eq!(case.findings[0].guardrail.as_str(), "late-reporting");
    let provisional = |region: &str| {
        let here = seg(&[(Dim::Region, region)]);
        let mut cells = judgement.cells.iter();
        let cell = cells.find(|c| c.metric == Metric::PageViews && c.segment == here);
        cell.expect("a cell").quality.incomplete
    };
    assert!(provisional("us") && !provisional("eu"));
}

#[test]
fn late_and_missing_beacons_are_one_case() {
    let judgement = lived(Odd { us: 0.3, lag_ms: 2_700_000.0, ..FINE }, 15);
    assert_eq!(only(&judgement).findings.len(), 2);
}

#[test]
fn requests_that_join_no_page_view_are_a_correlation_failure() {
    let judgement = lived(Odd { orphans: 0.3, ..FINE }, 15);
    let case = only(&judgement);
    assert_eq!(case.findings[0].guardrail.as_str(), "correlation");
    let places: Vec<String> = case.segments.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["checkout"]);
    assert!(case.risk_per_minute.is_none_or(|r| r.high <= 0.0), "{:?}", case.risk_per_minute);
}

fn flawed(engine: &mut Engine, flaw: &Flaw, minute: i64) -> Judgement {
    let now = at(NOON + minute * 60);
    engine.flawed(&SourceId::new("git"), std::slice::from_ref(flaw), now);
    engine.judge(now)
}

#[test]
fn a_clock_that_is_off_three_times_is_a_case_and_one_slow_answer_is_none() {
    let mut shop = Shop::warm();
    shop.run(3, Wrong::default());
    let engine = &mut shop.engine;
    for minute in 4..=6 {
        let off = if minute == 5 { 1 } else { 600 };
        let judgement = flawed(engine, &Flaw::Clock(Span::from_secs(off)), minute);
        assert_eq!(firing(&judgement).len(), 0);
    }
    let mut last = Judgement::default();
    for minute in 7..=10 {
        last = flawed(engine, &Flaw::Clock(Span::from_secs(-600)), minute);
    }
    let case = only(&last);
    assert_eq!(case.key, "telemetry:clock");
    assert_eq!(case.headline, "The clock of git is 10 min behind ours");
    for minute in 11..=30 {
        last = flawed(engine, &Flaw::Clock(Span::ZERO), minute);
    }
    assert_eq!(firing(&last).len(), 0, "{:#?}", last.cases);
    assert_eq!(row(&last, "clock-drift").1, "clocks within 0 s of ours");
}

#[test]
fn personal_data_is_a_case_that_names_source_and_field() {
    let mut shop = Shop::warm();
    shop.run(3, Wrong::default());
    let flaw = Flaw::Personal { field: "author of a change", what: "e-mail address" };
    let judgement = flawed(&mut shop.engine, &flaw, 5);
    let case = only(&judgement);
    assert_eq!(
        case.headline,
        "Git tells personal data: e-mail address in author of a change; redacted here"
    );
    assert_eq!(row(&judgement, "privacy").0, Verdict::Breach);
    let ended =
        (6..120).find(|minute| firing(&shop.engine.judge(at(NOON + minute * 60))).is_empty());
    assert_eq!(ended, Some(65), "an hour after it was last seen");
}

#[test]
fn a_report_of_somebody_elses_scan_counts_too() {
    let mut shop = Shop::warm();
    shop.run(3, Wrong::default());
    let w = Window { start: at(NOON + 180), end: at(NOON + 240) };
    let s = crate::domain::segment::Segment::all();
    shop.engine.observe(&[fact("dlp", Metric::PersonalData, s, w, Value::Count(2.0))]);
    let case = only(&shop.engine.judge(at(NOON + 300))).clone();
    assert_eq!(case.headline, "Dlp tells personal data: a finding in a DLP report");
}
