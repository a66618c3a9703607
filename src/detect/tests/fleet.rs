//! Blame over a fleet of made-up shops: incidents of every kind with innocent changes beside them,
//! read by the engine as it would read them live. A slice is a test; the whole is `./measure
//! blame`.

mod ideal;
mod plan;
mod tally;
mod tell;

use self::plan::{KINDS, Plan, draw, instant};
use self::tally::{FleetRow, Outcome, Tally};
use self::tell::Teller;
use super::made_up::{NOON, at, firing, policy};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::change::Change;
use crate::domain::time::{Span, Timestamp};
use crate::verdict::{Case, Class, Suspect};

/// Minutes after it was opened at which somebody decides.
const DECIDES: i64 = 10;
/// An onset so long before the true one is that of something else.
const EARLY: Span = Span::from_mins(10);
/// Hours of past.
const PAST: i64 = 72;

/// The suspect when somebody decides and, where the whole is lived through, at the end; all changes
/// moved by so many seconds.
fn live(plan: &Plan, moved: i64, whole: bool) -> (Option<Suspect>, Option<Suspect>) {
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    let mut teller = Teller::new(plan);
    for back in 1..=PAST {
        engine.history(&teller.hour(back));
    }
    let by = Span::from_secs(moved);
    let changes: Vec<Change> = plan.changes.iter().map(|c| shifted(c, by)).collect();
    let (mut opened, mut early, mut last) = (None, None, None);
    for minute in 0..plan.minutes {
        engine.observe(&teller.minute(minute));
        let now = at(NOON + (minute + 1) * 60);
        engine.observe_changes(&known(&changes, now));
        let judged = engine.judge(now);
        let cases = firing(&judged);
        // A chance case of the calm minutes before is not what somebody decides about here.
        let of_it = |c: &&&Case| c.onset_at.plus(EARLY) >= instant(plan.onset);
        let business = cases.iter().filter(|c| c.class != Class::Telemetry).filter(of_it);
        let told = business.min_by_key(|c| c.onset_at).map(|c| c.suspect.clone());
        if told.is_some() {
            opened = opened.or(Some(minute));
            last = told;
        }
        if opened.is_some_and(|o| minute == o + DECIDES) {
            early.clone_from(&last);
            if !whole {
                break;
            }
        }
    }
    (early.or(last.clone()), last)
}

/// What a feed tells at `now`: what is to come, or to be taken back, is not known yet.
fn known(changes: &[Change], now: Timestamp) -> Vec<Change> {
    let told = changes.iter().filter(|c| c.effective_at() <= now).map(|c| {
        let mut c = c.clone();
        c.rolled_back_at = c.rolled_back_at.filter(|t| *t <= now);
        c.stages.retain(|s| s.at <= now);
        c.finished_at = c.finished_at.filter(|t| *t <= now);
        c
    });
    told.collect()
}

fn shifted(c: &Change, by: Span) -> Change {
    let mut c = c.clone();
    c.created_at = c.created_at.plus(by);
    c.started_at = c.started_at.map(|t| t.plus(by));
    c.finished_at = c.finished_at.map(|t| t.plus(by));
    c.rolled_back_at = c.rolled_back_at.map(|t| t.plus(by));
    for s in &mut c.stages {
        s.at = s.at.plus(by);
    }
    c
}

fn row(kind: usize, seed: u64, moves: &[i64]) -> FleetRow {
    let plan = draw(kind, seed);
    let (early, end) = live(&plan, 0, true);
    if std::env::var_os("TILLWATCH_LINES").is_some() {
        println!("{} {}", tally::line(&plan, early.as_ref()), views(&plan));
    }
    let moved = moves.iter().map(|s| live(&plan, *s, false).0).collect();
    FleetRow { guilty: plan.guilty.clone(), early, end, moved, plan }
}

/// Traffic and habits of the shop, for people who read lines.
fn views(plan: &Plan) -> String {
    format!("| {:.0} views, {} changes", plan.views, plan.changes.len())
}

fn fleet(seeds: impl Iterator<Item = u64>, moves: &[i64]) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        for kind in 0..KINDS.len() {
            tally.rows.push(row(kind, seed, moves));
        }
    }
    tally
}

/// The rounds of `TILLWATCH_SEEDS` (`1-4`), or those left out while choosing.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let text = std::env::var("TILLWATCH_SEEDS").unwrap_or_default();
    let (low, high) = text.split_once('-').unwrap_or(("320", "329"));
    low.parse().unwrap_or(320)..=high.parse().unwrap_or(329)
}

#[test]
#[ignore = "some minutes: ./measure blame"]
fn whole() {
    let moves: &[i64] = if std::env::var_os("TILLWATCH_STILL").is_some() { &[] } else { &MOVES };
    let seeds = seeds();
    let title = format!("rounds {} to {}", seeds.start(), seeds.end());
    fleet(seeds, moves).print(&title);
}

const MOVES: [i64; 4] = [-20, -10, 10, 20];

#[test]
fn a_decoy_within_the_minute_is_a_tie_or_less_and_nobody_is_named_for_nothing() {
    let mut tally = Tally::default();
    for (kind, seed) in [(0, 1), (2, 3)] {
        let plan = draw(kind, seed);
        let (early, moved) = (live(&plan, 0, false).0, vec![live(&plan, 20, false).0]);
        tally.rows.push(FleetRow { guilty: plan.guilty.clone(), early, end: None, moved, plan });
    }
    let wrong = tally.count(|r| r.early.as_ref(), Outcome::Innocent);
    let seen = tally.rows.iter().filter(|r| r.early.is_some()).count();
    assert_eq!((wrong, seen), (0, 2), "innocents named, incidents seen");
    assert_eq!((tally.innocents_at_high(), tally.flips().0), (0, 0));
}
