//! What is not usual is not learnt: incidents, announced days, campaigns. What is found in calm
//! minutes is in the other files.

use super::made_up::{Dice, NOON, Shop, Wrong, at, firing, policy, window};
use crate::detect::cube::settings::{AnnouncedEvent, AnnouncedWork, Exclusion, Settings};
use crate::detect::engine::Engine;
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::Observation;
use crate::domain::segment::{Scope, Segment};
use crate::domain::time::Span;
use crate::verdict::{Case, Judgement};

const SLOW: Wrong = Wrong {
    mobile_pdp_slower: 1.8,
    orders_fail: false,
    beacons_lost: false,
    visits: 0.0,
    errors: 0.0,
    quality: crate::domain::observation::Quality::GOOD,
};
const HOURS: i64 = 3;

fn engine() -> Engine {
    Engine::new(Settings::new(Span::from_mins(1), policy()))
}

fn calm_days(dice: &mut Dice) -> Vec<Observation> {
    (1..=72).flat_map(|h| window(dice, NOON - h * 3600, 60, Wrong::default())).collect()
}

/// What a person would call the same verdict.
fn gist(c: &Case) -> String {
    format!("{} {:?} {:?} {:?}", c.key, c.severity, c.class, c.segments)
}

fn usual(j: &Judgement, metric: Metric) -> f64 {
    let cell = j.cells.iter().find(|c| c.metric == metric && c.segment == Segment::all());
    cell.and_then(|c| c.baseline).expect("a baseline")
}

#[test]
fn a_restart_after_hours_of_an_incident_says_the_same() {
    let now = NOON + HOURS * 3600;
    for seed in [7, 8, 9] {
        let mut dice = Dice(seed);
        let past = calm_days(&mut dice);
        let minute = |m: i64, dice: &mut Dice| {
            let wrong = if m >= 10 { SLOW } else { Wrong::default() };
            window(dice, NOON + m * 60, 1, wrong)
        };
        let live: Vec<Vec<Observation>> = (0..HOURS * 60).map(|m| minute(m, &mut dice)).collect();
        let mut through = engine();
        through.history(&past);
        let mut before = Judgement::default();
        for (m, batch) in (1..).zip(&live) {
            through.observe(batch);
            before = through.judge(at(NOON + m * 60));
        }
        assert_eq!(firing(&before).len(), 1, "{:?}", before.cases);
        // The source's history holds the hours of the incident too.
        let wrong = |h: i64| window(&mut Dice(seed + h as u64), NOON + h * 3600, 60, SLOW);
        let hours: Vec<Observation> = (0..HOURS).flat_map(wrong).collect();
        let again = |told: Vec<Exclusion>| {
            let mut engine = engine();
            engine.not_usual(told);
            engine.history(&past);
            engine.history(&hours);
            engine.observe(&live.concat());
            engine.judge(at(now))
        };
        let incident = Exclusion {
            start: firing(&before)[0].onset_at,
            end: at(now),
            metrics: vec![Metric::Inp],
            scope: Scope::everything(),
        };
        let after = again(vec![incident]);
        let gists = |j: &Judgement| firing(j).iter().map(|c| gist(c)).collect::<Vec<_>>();
        assert_eq!(gists(&before), gists(&after));
        let apart = firing(&before)[0].onset_at.since(firing(&after)[0].onset_at).millis();
        assert!(apart.abs() <= Span::from_mins(2).millis(), "onsets {apart} ms apart");
        let (a, b) = (usual(&before, Metric::Inp), usual(&after, Metric::Inp));
        assert!((a / b - 1.0).abs() < 0.01, "{a} {b}");
        let learnt = usual(&again(Vec::new()), Metric::Inp);
        let told = (b - a).abs();
        assert!(learnt - a > 2.0 * told, "the hours weigh when nobody tells: {learnt} {a} {b}");
    }
}

/// The usual share of failed views after a bad afternoon yesterday.
fn after_yesterday(change: impl FnOnce(&mut Settings), changes: &[Change]) -> (f64, Judgement) {
    let mut shop = Shop::told(change, 1.0);
    shop.engine.observe_changes(changes);
    let bad = Wrong { errors: 0.05, ..Wrong::default() };
    for hour in 20..28 {
        shop.engine.history(&window(&mut shop.dice, NOON - hour * 3600, 60, bad));
    }
    let j = shop.run(5, Wrong::default());
    (usual(&j, Metric::JsErrorRate), j)
}

#[test]
fn past_work_holidays_and_campaigns_are_not_learnt() {
    let (start, end) = (at(NOON - 28 * 3600), at(NOON - 19 * 3600));
    let (plain, _) = after_yesterday(|_| {}, &[]);
    assert!(plain > 0.015, "{plain}");
    let name = || "bank holiday".to_owned();
    let event =
        move |s: &mut Settings| s.events = vec![AnnouncedEvent { name: name(), start, end }];
    let work = move |s: &mut Settings| {
        let scope = Scope::everything();
        s.maintenance = vec![AnnouncedWork { name: "move".to_owned(), start, end, scope }];
    };
    let campaign = Change {
        source: SourceId::new("crm"),
        id: ReleaseId::new("spring"),
        kind: ChangeKind::Campaign,
        service: String::new(),
        environment: String::new(),
        version: String::new(),
        previous: None,
        status: ChangeStatus::Succeeded,
        created_at: start,
        started_at: Some(start),
        finished_at: Some(end),
        stages: Vec::new(),
        templates: [].into(),
        rolled_back_at: None,
        ran_before: false,
        author: String::new(),
        url: String::new(),
    };
    let told = [
        after_yesterday(event, &[]).0,
        after_yesterday(work, &[]).0,
        after_yesterday(|_| {}, &[campaign]).0,
    ];
    for usual in told {
        assert!((usual / 0.01 - 1.0).abs() < 0.15, "{usual}");
    }
}

#[test]
fn an_announced_day_is_named_and_opens_nothing() {
    let today = |s: &mut Settings| {
        let (start, end) = (at(NOON - 12 * 3600), at(NOON + 12 * 3600));
        s.events = vec![AnnouncedEvent { name: "bank holiday".to_owned(), start, end }];
    };
    for visits in [0.5, 2.0] {
        let mut shop = Shop::told(today, 1.0);
        let mut last = Judgement::default();
        for _ in 0..60 {
            last = shop.run(1, Wrong { visits, ..Wrong::default() });
            assert!(firing(&last).is_empty(), "{:?}", last.cases);
        }
        let named = |g: &&crate::verdict::GuardrailState| g.detail.contains("bank holiday");
        assert!(last.guardrails.iter().any(|g| named(&g)), "{:?}", last.guardrails);
    }
}
