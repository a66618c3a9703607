//! What each kind of board is called, in words, on the wall and as a role: green for calm alone.

use super::*;
use crate::board::SourceView;
use crate::desk::fixture;
use crate::desk::state::Seat;
use crate::present::present;
use crate::verdict::Verdict;

/// Nothing open, every source live, every row judged.
fn calm() -> Board {
    let mut board = fixture::calm();
    for source in &mut board.sources {
        source.state = SourceState::Live;
        source.last_ok_at = Some(board.generated_at);
        source.error = None;
    }
    board
}

fn with(change: impl FnOnce(&mut Board)) -> Board {
    let mut board = calm();
    change(&mut board);
    board
}

fn closed(firing: bool) -> IncidentView {
    let worst = fixture::outage().incidents.into_iter().next().expect("one");
    IncidentView { state: State::Resolved, firing, ..worst }
}

fn standing(board: &Board) -> Standing {
    Standing::of(board, Trust::Fresh)
}

fn says(board: &Board) -> String {
    sentence(board, standing(board), Trust::Fresh)
}

fn learning(reading: &[&str], left: i64) -> Learning {
    Learning {
        histories_read: 3,
        histories: 7,
        reading: reading.iter().map(|s| (*s).into()).collect(),
        judging_at: Some(calm().generated_at.plus(Span::from_secs(left))),
        without_verdict: vec!["visits".into()],
    }
}

#[test]
fn calm_is_said_only_when_every_row_of_high_exposure_has_a_verdict() {
    assert_eq!(standing(&calm()), Standing::Calm);
    assert_eq!(says(&calm()), "Calm: nothing is open, every source is live");
    let unmeasured = with(|b| b.guardrails[0].judged = Judged::Unmeasured);
    assert_eq!(
        says(&unmeasured),
        "Calm: nothing is open, every source is live; 1 guardrail not measured"
    );
    for judged in [Judged::Blind, Judged::Unseen] {
        let unseen = with(|b| b.guardrails[0].judged = judged);
        assert_eq!(standing(&unseen), Standing::Blind);
        assert!(says(&unseen).contains("checkout_available"), "{}", says(&unseen));
        let low = with(|b| {
            b.guardrails[0].judged = judged;
            b.guardrails[0].exposure = crate::policy::guardrail::Exposure::Low;
        });
        assert_eq!(standing(&low), Standing::Calm);
    }
    let thin = with(|b| b.guardrails[0].verdict = Verdict::Unsure);
    assert_eq!(standing(&thin), Standing::Calm, "judged, and not certain");
}

#[test]
fn before_the_verdicts_it_is_learning_and_says_how_far_and_how_long() {
    let reading = with(|b| {
        b.judged_until = None;
        b.learning = Some(learning(&["rum"], 37));
    });
    assert_eq!(says(&reading), "LEARNING: 3 of 7 histories read, judging in about 40 s");
    let fast = Board { speed: 10.0, ..reading.clone() };
    assert_eq!(says(&fast), "LEARNING: 3 of 7 histories read, judging in about 10 s", "wall time");
    let rows = with(|b| b.learning = Some(learning(&[], 3000)));
    assert_eq!(says(&rows), "LEARNING: no verdict yet on visits, in about 50 min");
    let stopped = with(|b| b.judged_until = Some(b.generated_at.minus(Span::from_mins(7))));
    assert_eq!(standing(&stopped), Standing::Learning);
    assert!(says(&stopped).starts_with("NOT JUDGING since 03:0"), "{}", says(&stopped));
    let ahead = with(|b| b.judged_until = Some(b.generated_at.plus(Span::from_hours(1))));
    assert_eq!(standing(&ahead), Standing::Learning, "a clock was set back");
}

#[test]
fn closed_by_hand_and_still_firing_is_on_every_page_with_its_money() {
    let board = with(|b| b.incidents = vec![closed(true)]);
    assert_eq!(standing(&board), Standing::Firing);
    assert!(says(&board).starts_with("Sev 1 checkout: closed by hand, still firing, EUR "));
    for key in ["1", "h", "r", "4", "5", "s", "7"] {
        let mut desk = fixture::desk(board.clone());
        let chord = crate::desk::chord::Chord::char(key.chars().next().expect("a key"));
        let (now, wall) = (desk.now, desk.wall);
        let event = crate::desk::state::DeskEvent::Key(chord);
        crate::desk::update::update(&mut desk, event, now, wall);
        let banner: String = banner(&desk);
        assert!(banner.contains("still firing, EUR "), "page {key}: {banner}");
    }
    let wall = present(&fixture::desk_as(board, Seat::Wall, 80, 24)).wall.expect("a wall");
    let words: String = wall.blocks.iter().map(|b| b.label.words()).collect();
    assert!(words.contains("STILL FIRING") && words.contains("at risk per minute"), "{words}");
    let beside = Board { incidents: vec![open_one(), closed(true)], ..calm() };
    assert_eq!(lines(&beside, standing(&beside)).len(), 1, "beside an open one it is a line");
    assert_eq!(standing(&with(|b| b.incidents = vec![closed(false)])), Standing::Calm);
}

fn open_one() -> IncidentView {
    fixture::outage().incidents.into_iter().nth(1).expect("another")
}

fn banner(desk: &crate::desk::state::Desk) -> String {
    let parts = present(desk).banner.into_iter().flat_map(|b| b.left.into_iter().chain(b.right));
    parts.map(|p| p.line.words()).collect::<Vec<_>>().join(" ")
}

#[test]
fn mitigated_is_recovering_and_sources_that_fail_are_no_calm() {
    let better = IncidentView { state: State::Mitigated, ..closed(false) };
    let board = with(|b| b.incidents = vec![better]);
    assert_eq!(says(&board), "RECOVERING: nothing fires, Sev 1 checkout is not closed yet");
    let source = |state| with(|b| b.sources[0].state = state);
    assert_eq!(standing(&source(SourceState::Blind)), Standing::Blind);
    for state in [SourceState::Stale, SourceState::Suspect, SourceState::Partial] {
        assert_eq!(standing(&source(state)), Standing::Unsure);
    }
    let dark =
        with(|b| b.sources.iter_mut().for_each(|s: &mut SourceView| s.state = SourceState::Blind));
    assert!(says(&dark).starts_with("BLIND: no source is live"));
    assert_eq!(standing(&with(|b| b.sources.clear())), Standing::Blind);
    for trust in [Trust::Late(Span::from_mins(4)), Trust::Unwatched(Span::from_secs(3))] {
        assert_eq!(Standing::of(&calm(), trust), Standing::Stale);
        assert!(
            sentence(&calm(), Standing::Stale, trust).starts_with("NO FRESH DATA since 03:07 UTC")
        );
    }
}

#[test]
fn green_is_said_of_calm_alone() {
    use Standing::{Blind, Calm, Firing, Learning, Open, Recovering, Stale, Unsure};
    for standing in [Open, Firing, Stale, Blind, Learning, Unsure, Recovering] {
        assert_ne!(role(standing), Role::Ok);
        assert_ne!(word(standing), "CALM");
    }
    assert_eq!((role(Calm), word(Calm)), (Role::Ok, "CALM"));
}

#[test]
fn notices_stand_on_every_page_the_first_one_whole_and_the_rest_counted() {
    let board = with(|b| {
        b.notices =
            ["NOT STORED - disk full", "second", "third", "fourth"].map(str::to_owned).to_vec();
    });
    let small = banner(&fixture::desk(board.clone()));
    assert!(small.contains(" ! NOT STORED - disk full") && small.contains("+3 more"), "{small}");
    let tall = banner(&fixture::desk_as(board.clone(), Seat::Operator, 120, 40));
    assert!(tall.contains("third") && tall.contains("+1 more"), "{tall}");
    let wall = present(&fixture::desk_as(board, Seat::Wall, 80, 24)).wall.expect("a wall");
    let foot: String = wall.foot.left.iter().map(|p| p.line.words()).collect();
    assert!(foot.contains("NOT STORED - disk full +3 more"), "{foot}");
}
