//! When visits themselves are missing, and when they only seem to be: nights, campaigns that end,
//! announced work, a count that stops counting. Losses inside the shop are in the parent file.

use std::collections::BTreeSet;

use super::made_up::*;
use crate::detect::cube::settings::{AnnouncedWork, Settings};
use crate::detect::engine::Engine;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::verdict::{Case, Class, Judgement, Verdict};

const REGIONS: [&str; 3] = ["eu", "us", "apac"];

/// Factors of a minute, for every region and for `us` on top.
#[derive(Clone, Copy)]
struct Day {
    all: f64,
    us: f64,
    /// Of the three counts: requests, sessions, orders.
    told: [f64; 3],
    views: f64,
}

const USUAL: Day = Day { all: 1.0, us: 1.0, told: [1.0; 3], views: 1.0 };
const DARK: Day = Day { us: 0.02, ..USUAL };

fn facts(dice: &mut Dice, start: i64, minutes: i64, day: Day) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let mut out = Vec::new();
    for region in REGIONS {
        let s = seg(&[(Dim::Region, region)]);
        let here = day.all * minutes as f64 * if region == "us" { day.us } else { 1.0 };
        let us = |x: f64| if region == "us" { x } else { 1.0 };
        let counts = [
            ("edge", Metric::EdgeRequests, 300.0 * us(day.told[0])),
            ("shop", Metric::Sessions, 60.0 * us(day.told[1])),
            ("shop", Metric::Orders, 4.0 * us(day.told[2])),
            ("rum", Metric::PageViews, 200.0 * us(day.views)),
        ];
        for (source, metric, mean) in counts {
            out.push(fact(source, metric, s.clone(), w, Value::Count(dice.count(mean * here))));
        }
    }
    out
}

struct Lived {
    engine: Engine,
    dice: Dice,
    now: i64,
    opened: usize,
}

impl Lived {
    /// `days` of history; `hour` gives each hour of the past its day.
    fn new(days: i64, past: impl Fn(i64) -> Day, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(Span::from_mins(1), policy());
        change(&mut settings);
        let (mut engine, mut dice) = (Engine::new(settings), Dice(23));
        for hour in 1..=24 * days {
            engine.history(&facts(&mut dice, NOON - hour * 3600, 60, past(hour)));
        }
        Self { engine, dice, now: NOON, opened: 0 }
    }

    fn run(&mut self, minutes: i64, day: impl Fn(i64) -> Day) -> Judgement {
        let mut last = Judgement::default();
        for minute in 0..minutes {
            let batch = facts(&mut self.dice, self.now, 1, day(minute));
            self.engine.observe(&batch);
            self.now += 60;
            last = self.engine.judge(at(self.now));
            self.opened = self.opened.max(firing(&last).len());
        }
        last
    }
}

fn usual() -> Lived {
    let mut lived = Lived::new(7, |_| USUAL, |_| {});
    lived.run(10, |_| USUAL);
    lived
}

fn row(judgement: &Judgement) -> (Verdict, String) {
    let row = judgement.guardrails.iter().find(|g| g.guardrail.as_str() == "visits");
    row.map(|g| (g.verdict, g.detail.clone())).expect("a row")
}

#[test]
fn a_dark_region_is_one_case_of_its_visits_and_ends() {
    let mut lived = usual();
    let judgement = lived.run(8, |_| DARK);
    let cases = firing(&judgement);
    assert_eq!(cases.len(), 1, "{cases:#?}");
    assert_eq!((cases[0].class, cases[0].severity), (Class::Availability, Severity::Sev2));
    let places: Vec<String> = cases[0].segments.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["us"], "{:#?}", cases[0]);
    assert!(cases[0].findings.len() >= 2, "two counts agree: {:#?}", cases[0].findings);
    assert_eq!(row(&judgement).0, Verdict::Breach);
    // 60 a minute for 8 minutes did not come; those who did are not counted.
    let hit = cases[0].affected.expect("people");
    assert!((350.0..=475.0).contains(&hit.low) && hit.high >= 465.0, "{hit:?}");
    assert!(cases[0].money_method.contains("less those that came"), "{}", cases[0].money_method);
    let after = lived.run(12, |_| USUAL);
    assert_eq!(firing(&after).len(), 0, "{:#?}", after.cases);
    assert_eq!((lived.opened, row(&lived.run(1, |_| USUAL)).0), (1, Verdict::Ok));
}

#[test]
fn a_dark_shop_is_sev_1() {
    let mut lived = usual();
    let judgement = lived.run(8, |_| Day { all: 0.01, ..USUAL });
    let cases = firing(&judgement);
    assert_eq!(cases.len(), 1, "{cases:#?}");
    assert_eq!((cases[0].class, cases[0].severity), (Class::Availability, Severity::Sev1));
    assert_eq!(cases[0].rule, "nobody can buy");
}

#[test]
fn one_count_alone_opens_nothing_until_checks_fail() {
    for told in [[0.02, 1.0, 1.0], [1.0, 0.02, 1.0], [1.0, 1.0, 0.02]] {
        let mut lived = usual();
        let judgement = lived.run(30, |_| Day { told, ..USUAL });
        let named = firing(&judgement).iter().any(|c| c.class == Class::Availability);
        assert!(!named, "{told:?}: {:#?}", judgement.cases);
    }
}

#[test]
fn counts_that_stop_while_pages_are_viewed_are_no_outage() {
    let mut lived = usual();
    // Both counts of one region are lost on the way; its beacons are not.
    let judgement = lived.run(30, |_| Day { told: [0.02; 3], ..USUAL });
    let named = firing(&judgement).iter().any(|c| c.class == Class::Availability);
    assert!(!named, "{:#?}", judgement.cases);
    // Beacons alone are telemetry, whatever the rows say.
    let mut lived = usual();
    let judgement = lived.run(15, |_| Day { views: 0.02, ..USUAL });
    let classes: Vec<Class> = firing(&judgement).iter().map(|c| c.class).collect();
    assert_eq!(classes, [Class::Telemetry], "{:#?}", judgement.cases);
}

#[test]
fn a_blind_source_is_not_judged_for_what_it_does_not_tell() {
    let mut lived = usual();
    for source in ["shop", "edge"] {
        lived.engine.source_blind(&SourceId::new(source), true, at(lived.now));
    }
    let judgement = lived.run(10, |_| DARK);
    let named = firing(&judgement).iter().any(|c| c.class == Class::Availability);
    assert!(!named, "{:#?}", judgement.cases);
    assert_eq!(row(&judgement).0, Verdict::Blind);
}

#[test]
fn nights_campaign_ends_and_quiet_days_are_no_falls() {
    // Night falls from noon on, as on every day; the start has seen two days.
    let night = |minute: i64| Day { all: 1.0 - 0.9 * (minute as f64 / 240.0).min(1.0), ..USUAL };
    let past = |hour: i64| night(((24 - hour % 24) % 24) * 60 + 30);
    let mut lived = Lived::new(2, past, |_| {});
    lived.run(300, night);
    assert_eq!(lived.opened, 0, "night");
    // Four times the visits on five of seven days, and their end.
    let busy = |hour: i64| Day { all: if hour < 120 { 4.0 } else { 1.0 }, ..USUAL };
    let mut lived = Lived::new(7, busy, |_| {});
    lived.run(120, |minute| Day { all: if minute < 20 { 4.0 } else { 1.0 }, ..USUAL });
    assert_eq!(lived.opened, 0, "campaign");
    // A quiet day like the one before.
    let quiet = |hour: i64| Day { all: if (24..48).contains(&hour) { 0.35 } else { 1.0 }, ..USUAL };
    let mut lived = Lived::new(7, quiet, |_| {});
    lived.run(90, |_| Day { all: 0.4, ..USUAL });
    assert_eq!(lived.opened, 0, "quiet day");
}

#[test]
fn a_young_shop_says_that_it_does_not_know_its_hours_yet() {
    let mut lived = Lived::new(1, |_| USUAL, |_| {});
    lived.run(10, |_| USUAL);
    let judgement = lived.run(15, |_| DARK);
    assert_eq!(firing(&judgement).len(), 0, "{:#?}", judgement.cases);
    let told = (Verdict::Unsure, "needs two days of past to know a quiet hour from a fall".into());
    assert_eq!(row(&judgement), told);
}

#[test]
fn announced_work_is_no_fall_and_neither_are_the_minutes_it_left() {
    let work = AnnouncedWork {
        name: "move".into(),
        start: at(NOON + 600),
        end: at(NOON + 1800),
        scope: Scope::everything().with(Dim::Region, "us"),
    };
    let mut lived = Lived::new(7, |_| USUAL, |s| s.maintenance.push(work));
    lived.run(11, |_| USUAL);
    let during = lived.run(10, |_| DARK);
    assert_eq!(row(&during).1, "announced work: not judged");
    lived.run(9, |_| DARK);
    lived.run(40, |_| USUAL);
    assert_eq!(lived.opened, 0);
}

#[test]
fn requests_that_are_told_in_all_alone_do_not_widen_a_dark_region_to_the_shop() {
    // `us` makes more than half of the requests, so their sum falls by half as well.
    let told = |dice: &mut Dice, start: i64, minutes: i64, dark: bool| {
        let day = if dark { DARK } else { USUAL };
        let mut out = facts(dice, start, minutes, day);
        out.retain(|o| o.metric != Metric::EdgeRequests);
        let w = Window { start: at(start), end: at(start + minutes * 60) };
        let mean = minutes as f64 * if dark { 400.0 } else { 1000.0 };
        let all = Value::Count(dice.count(mean));
        out.push(fact("edge", Metric::EdgeRequests, seg(&[]), w, all));
        out
    };
    let (mut engine, mut dice) =
        (Engine::new(Settings::new(Span::from_mins(1), policy())), Dice(23));
    for hour in 1..=24 * 7 {
        engine.history(&told(&mut dice, NOON - hour * 3600, 60, false));
    }
    let (mut whole, mut places) = (false, BTreeSet::new());
    for minute in 0..90 {
        engine.observe(&told(&mut dice, NOON + minute * 60, 1, minute >= 10));
        let last = engine.judge(at(NOON + minute * 60 + 60));
        let cases = firing(&last);
        if minute >= 14 {
            places.extend(cases.iter().flat_map(|c| &c.segments).map(ToString::to_string));
        }
        let of_all = |c: &&Case| c.findings.iter().any(|f| f.segment.dims.is_empty());
        whole |= cases.into_iter().any(|c| of_all(&c));
    }
    assert!(whole, "the sum is a finding of its own");
    assert_eq!(places.into_iter().collect::<Vec<_>>(), ["us"]);
}
