//! Lies that come with status 200, by kind of source, against what the watcher then says; and quiet
//! sources that are as they always were, which must stay live.

mod kit;
mod quiet;

use self::kit::{EVERY, Mood, Room, batch};
use super::*;
use crate::board::{Board, SourceState};
use crate::domain::check::{Check, CheckOutcome};
use crate::verdict::Verdict;

/// Seconds after which a lie must be seen, at the latest: two of the source's intervals, or of its
/// windows where these are longer, and one second.
fn limit(mood: Mood) -> i64 {
    match mood {
        Mood::Frozen | Mood::HalfItems | Mood::Restamped => 2 * 60 + 1,
        _ => 2 * EVERY + 1,
    }
}

/// Restamped copies are seen with the fourth window: three alike may be chance.
fn allowed(mood: Mood) -> i64 {
    if mood == Mood::Restamped { 4 * 60 + EVERY } else { limit(mood) }
}

#[test]
fn every_lie_with_status_200_ends_live_in_time_and_takes_the_ok_away() {
    for mood in Mood::ALL {
        let mut room = Room::warm();
        let before = room.board();
        assert_eq!(kit::state(&before, "rum"), SourceState::Live, "{mood:?}: before");
        assert_ne!(kit::cells(&before, Metric::PageViews, Verdict::Ok), 0, "{mood:?}: before");
        let seen = room.until(mood, 600, |board| {
            kit::state(board, "rum") != SourceState::Live
                && kit::cells(board, Metric::PageViews, Verdict::Ok) == 0
                && kit::doubt(board, "rum", Metric::PageViews).is_some()
        });
        let seen = seen.unwrap_or_else(|| panic!("{mood:?}: never seen"));
        assert!(seen <= allowed(mood), "{mood:?}: seen after {seen} s");
        let board = room.board();
        let row =
            |b: &Board| b.guardrails.iter().find(|g| g.guardrail.as_str() == "telemetry").cloned();
        let row = row(&board).expect("the guardrail on page views");
        let want = match mood {
            Mood::HalfItems | Mood::Future | Mood::Timeless => Verdict::Unsure,
            _ => Verdict::Blind,
        };
        assert_eq!(row.verdict, want, "{mood:?}: {}", row.detail);
        assert!(row.detail.starts_with("rum: "), "{mood:?}: {}", row.detail);
    }
}

#[test]
fn a_source_that_tells_nothing_new_goes_blind_and_opens_its_case_and_recovers_at_once() {
    for mood in [Mood::Empty, Mood::TwoHoursAgo, Mood::Frozen] {
        let mut room = Room::warm();
        let newest = kit::source(&room.board(), "rum").last_ok_at;
        let blind = |b: &Board| kit::state(b, "rum") == SourceState::Blind;
        let seen = room.until(mood, 600, blind).unwrap_or_else(|| panic!("{mood:?}: not blind"));
        assert!(seen <= 90 + 2 * 60, "{mood:?}: blind after {seen} s");
        let told = kit::source(&room.board(), "rum").last_ok_at;
        assert!(told.is_some_and(|t| t.since(newest.unwrap_or_default()) <= Span::from_mins(1)));
        let case = |b: &Board| b.incidents.iter().any(|i| i.headline.contains("No data from rum"));
        room.until(mood, 180, case).unwrap_or_else(|| panic!("{mood:?}: no case"));
        let live = |b: &Board| kit::state(b, "rum") == SourceState::Live;
        let back =
            room.until(Mood::Good, 600, live).unwrap_or_else(|| panic!("{mood:?}: not live"));
        assert!(back <= EVERY, "{mood:?}: live after {back} s");
    }
}

#[test]
fn checks_that_no_longer_run_leave_the_journey_blind() {
    for mood in [Mood::Empty, Mood::TwoHoursAgo, Mood::Frozen] {
        let mut room = Room::warm();
        let journey = |b: &Board| {
            let row = b.journeys.iter().find(|j| j.journey.as_str() == "checkout");
            row.map(|j| j.verdict)
        };
        assert_eq!(journey(&room.board()), Some(Verdict::Ok), "{mood:?}");
        room.lying = "probes";
        let seen = room.until(mood, 600, |b| journey(b) == Some(Verdict::Blind));
        let seen = seen.unwrap_or_else(|| panic!("{mood:?}: never blind"));
        assert!(seen <= 2 * 60 + EVERY, "{mood:?}: blind after {seen} s");
        assert_ne!(kit::state(&room.board(), "probes"), SourceState::Live, "{mood:?}");
    }
}

#[test]
fn half_of_the_queries_empty_is_partial_and_only_their_numbers_are_doubted() {
    let mut room = Room::warm();
    room.until(Mood::HalfQueries, 2 * EVERY + 1, |b| kit::state(b, "rum") == SourceState::Partial)
        .expect("partial");
    let board = room.board();
    let said = kit::source(&board, "rum").error.clone().unwrap_or_default();
    assert!(said.starts_with("no new page views by template, device since "), "{said}");
    assert_eq!(kit::doubt(&board, "rum", Metric::JsErrorRate), None);
    room.pass(Mood::HalfQueries, 600);
    assert_eq!(kit::state(&room.board(), "rum"), SourceState::Partial, "the rest goes on");
    assert_ne!(kit::cells(&room.board(), Metric::JsErrorRate, Verdict::Ok), 0);
}

/// A young source whose windows are much longer than its interval: each answer lists the last ones.
#[test]
fn rows_that_were_in_every_answer_are_missed_before_a_window_is_over() {
    let every = Span::from_secs(2);
    let mut fresh = Freshness::new(every, true);
    let mut at = kit::START.plus(Span::from_secs(5));
    for _ in 0..3 {
        fresh.take(&mut batch(at, 10), at);
        assert!(!fresh.any_silent());
        at = at.plus(every);
    }
    fresh.take(&mut Batch::default(), at);
    assert!(!fresh.any_silent(), "once may be chance");
    at = at.plus(every);
    fresh.take(&mut Batch::default(), at);
    assert!(fresh.mute(), "{:?}", fresh.words());
}

#[test]
fn a_source_that_never_told_anything_is_never_live() {
    let mut fresh = Freshness::new(Span::from_secs(15), true);
    let at = kit::START;
    fresh.take(&mut Batch::default(), at);
    assert!(!fresh.good());
    assert_eq!(fresh.words().as_deref(), Some("it answers, but has told nothing yet"));
    fresh.take(&mut Batch { waiting: true, ..Batch::default() }, at);
    assert!(fresh.good(), "a first window that is not over is no fault");
    let mut changes = Freshness::new(Span::from_secs(15), false);
    changes.take(&mut Batch::default(), at);
    assert!(changes.good(), "a feed of changes has nothing to tell for days");
    let emptied = Flaw::Emptied { what: "deployments".to_owned() };
    changes.take(&mut Batch { flaws: vec![emptied], ..Batch::default() }, at);
    assert!(!changes.good() && changes.is_odd());
}

#[test]
fn a_start_in_the_middle_of_empty_answers_is_judged_by_the_past() {
    let hours = |every: i64| {
        let ends = (1..=20 * 24).filter(|h| h % every == 0);
        let rows = ends.flat_map(|h| batch(kit::START.minus(Span::from_hours(h)), 1).observations);
        Batch { observations: rows.collect(), ..Batch::default() }
    };
    for (every, good) in [(1, false), (24, true)] {
        let mut fresh = Freshness::new(Span::from_secs(EVERY), true);
        fresh.past(&hours(every));
        fresh.take(&mut Batch::default(), kit::START);
        assert_eq!(fresh.good(), good, "a past that told something each {every} h");
    }
}

/// Three vantage points, two of which fall silent while the third goes on.
#[test]
fn a_location_that_no_longer_checks_is_missed_while_the_others_go_on() {
    let mut fresh = Freshness::new(Span::from_secs(EVERY), true);
    let mut ask = |second: i64, places: &[&str]| {
        let at = kit::START.plus(Span::from_secs(second));
        let run = |place: &&str| Check {
            source: "probes".into(),
            journey: "checkout".into(),
            location: (*place).to_owned(),
            at,
            outcome: CheckOutcome::Pass,
            duration_ms: Some(90.0),
            message: String::new(),
        };
        let checks = places.iter().map(run).collect();
        fresh.take(&mut Batch { checks, ..Batch::default() }, at);
        (fresh.any_silent(), fresh.mute(), fresh.words().unwrap_or_default(), fresh.doubt())
    };
    let rounds = |from: i64| (from..from + 10).map(|n| n * EVERY);
    for second in rounds(0) {
        assert!(!ask(second, &["ams", "fra", "lhr"]).0);
    }
    let seen = rounds(10).map(|second| (second, ask(second, &["fra"]))).find(|(_, said)| said.0);
    let (second, (_, mute, words, doubt)) = seen.expect("missed");
    assert!(second <= 9 * EVERY + 2 * EVERY + 1, "after {second} s");
    assert!(!mute && words.starts_with("no new runs of checkout from ams since "), "{words}");
    assert!(words.ends_with("; 1 more"), "{words}");
    assert!(!doubt.expect("a doubt").on_checks(&"checkout".into()), "the third one still tells");
}

#[test]
fn a_window_of_two_hours_ago_is_old_from_the_first_answer_on() {
    let mut fresh = Freshness::new(Span::from_secs(EVERY), true);
    let long_ago = kit::START.minus(Span::from_hours(2));
    fresh.take(&mut batch(long_ago, 60), kit::START);
    assert!(fresh.mute() && !fresh.good(), "{:?}", fresh.words());
    let said = fresh.words().unwrap_or_default();
    assert!(said.contains(" is old: none since "), "{said}");
}

#[test]
fn a_clock_far_off_is_suspect_after_three_tellings() {
    let mut fresh = Freshness::new(Span::from_secs(EVERY), true);
    for n in 0..3 {
        let at = kit::START.plus(Span::from_secs(n * EVERY));
        let flaws = vec![Flaw::Clock(Span::from_secs(-7200))];
        fresh.take(&mut Batch { flaws, ..batch(at, 60) }, at);
        assert_eq!(fresh.is_odd(), n == 2, "telling {n}");
    }
    assert_eq!(fresh.words().as_deref(), Some("its clock is 7200 s behind ours"));
}
