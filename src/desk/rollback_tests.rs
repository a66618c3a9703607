//! The rollback dialog against everything a person, a paste or a cat can send.
//! Only the whole token, typed by hand after reading, orders a rollback.

use std::sync::Arc;

use super::chord::{Chord, Key};
use super::dialog::{Dialog, DialogRefusal};
use super::fixture;
use super::order::{Say, Shut};
use super::page::Page;
use super::session_tests::{TOKEN, after, desk, key, orders, run};
use super::state::{Desk, DeskEffect, DeskEvent, Seat};
use crate::board::{Board, State};
use crate::incident::order::Order;

pub fn refusal(desk: &Desk) -> Option<DialogRefusal> {
    match &desk.ui.dialog {
        Some(Dialog::Rollback(r)) => r.refusal.clone(),
        _ => None,
    }
}

/// Types a text into an open, armed dialog and presses Enter like a person.
pub fn confirm(desk: &mut Desk, text: &str) -> Vec<DeskEffect> {
    let mut effects = after(desk, 1000, DeskEvent::Woke);
    for c in text.chars() {
        effects.extend(after(desk, 120, DeskEvent::Key(Chord::char(c))));
    }
    effects.extend(after(desk, 400, DeskEvent::Key(Chord::plain(Key::Enter))));
    effects
}

#[test]
fn nothing_shorter_than_the_token_fires_and_nothing_else_either() {
    let prefixes = (0..TOKEN.len()).map(|n| TOKEN[..n].to_owned());
    let tails = (1..TOKEN.len()).map(|n| TOKEN[n..].to_owned());
    let others = ["611198", "6111977", "6-11197", "theme-2026.11.19-7"].map(ToOwned::to_owned);
    for text in prefixes.chain(tails).chain(others) {
        let mut desk = desk();
        run(&mut desk, "R");
        assert_eq!(confirm(&mut desk, &text), [], "{text}");
        assert_eq!(refusal(&desk), Some(DialogRefusal::WrongToken), "{text}");
    }
    // blanks and case do not matter, as in `tillwatch rollback --confirm`
    for text in [TOKEN, " 611197", "611 197 "] {
        let mut desk = desk();
        run(&mut desk, "R");
        assert_eq!(orders(&confirm(&mut desk, text)).len(), 1, "{text}");
    }
    let mut board = fixture::outage();
    board.incidents[0].rollback.as_mut().expect("plan").confirm_token = "v14rc2".to_owned();
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    assert_eq!(orders(&confirm(&mut desk, "V14RC2")).len(), 1);
}

#[test]
fn keys_in_the_first_moments_are_not_taken() {
    let mut desk = desk();
    key(&mut desk, 400, "R");
    for c in TOKEN.chars() {
        key(&mut desk, 100, &c.to_string());
    }
    assert_eq!(key(&mut desk, 400, "enter"), []);
    assert_eq!(
        refusal(&desk),
        Some(DialogRefusal::WrongToken),
        "only what came after 700 ms was typed"
    );
    key(&mut desk, 400, "esc");
    assert!(desk.ui.dialog.is_none(), "esc always closes");
}

#[test]
fn enter_right_after_a_key_does_not_fire() {
    let mut desk = desk();
    run(&mut desk, "R +600");
    for c in TOKEN.chars() {
        key(&mut desk, 100, &c.to_string());
    }
    assert_eq!(key(&mut desk, 299, "enter"), []);
    assert_eq!(refusal(&desk), Some(DialogRefusal::TooSoon));
    assert_eq!(orders(&key(&mut desk, 300, "enter")).len(), 1, "a second, calm enter does");
}

pub fn typed(desk: &Desk) -> Option<&str> {
    match &desk.ui.dialog {
        Some(Dialog::Rollback(r)) => Some(&r.typed),
        _ => None,
    }
}

#[test]
fn a_burst_keeps_the_dialog_clears_the_field_and_says_so_inside() {
    let mut desk = desk();
    run(&mut desk, "R +600");
    for c in TOKEN.chars() {
        key(&mut desk, 5, &c.to_string());
    }
    assert_eq!((typed(&desk), refusal(&desk)), (Some(""), Some(DialogRefusal::Burst)));
    for (ms, k) in [(150, "6"), (100, "enter"), (20, "esc")] {
        assert_eq!(key(&mut desk, ms, k), [], "within 300 ms nothing is heard, {k}");
    }
    assert_eq!((typed(&desk), refusal(&desk)), (Some(""), Some(DialogRefusal::Burst)));
    assert_eq!(desk.ui.page, Page::Incidents, "enter never meant the page below");
    assert_eq!(orders(&confirm(&mut desk, TOKEN)).len(), 1, "typed by hand it still confirms");
}

/// What a link of 500 ms makes of a fluent typist: everything at once, Enter too.
#[test]
fn a_burst_with_its_enter_does_nothing_at_any_length() {
    for n in 5..40 {
        let mut desk = desk();
        run(&mut desk, "R +600");
        let keys = TOKEN.chars().map(Chord::char).chain([Chord::plain(Key::Enter)]);
        for chord in keys.cycle().take(n) {
            assert_eq!(after(&mut desk, 1, DeskEvent::Key(chord)), []);
        }
        assert_eq!(typed(&desk), Some(""), "{n}");
        assert_eq!(desk.ui.page, Page::Incidents);
        assert_eq!(key(&mut desk, 400, "enter"), []);
        assert_eq!(refusal(&desk), Some(DialogRefusal::WrongToken), "{n}");
    }
}

#[test]
fn a_paste_never_confirms() {
    for event in
        [DeskEvent::Paste(format!("{TOKEN}\n")), DeskEvent::Burst(format!("{TOKEN}   ... "))]
    {
        let mut desk = desk();
        run(&mut desk, "R +600 6 1");
        assert_eq!(after(&mut desk, 400, event), []);
        assert_eq!((typed(&desk), refusal(&desk)), (Some(""), Some(DialogRefusal::Burst)));
        assert_eq!(key(&mut desk, 299, "enter"), []);
        assert_eq!(refusal(&desk), Some(DialogRefusal::Burst), "swallowed");
    }
    let mut desk = desk();
    let whole = format!("R{TOKEN}");
    let effects: Vec<_> = whole.chars().flat_map(|c| key(&mut desk, 2, &c.to_string())).collect();
    assert_eq!(orders(&effects), []);
}

/// A held Enter that fired is not for the page below.
#[test]
fn the_enter_that_fires_does_not_open_the_page_below() {
    let mut desk = desk();
    run(&mut desk, "R");
    assert_eq!(orders(&confirm(&mut desk, TOKEN)).len(), 1);
    for _ in 0..30 {
        assert_eq!(key(&mut desk, 33, "enter"), []);
    }
    assert_eq!((desk.ui.page, desk.ui.dialog.is_none()), (Page::Incidents, true));
    key(&mut desk, 200, "enter");
    assert_eq!(desk.ui.page, Page::Incident, "let go, it is a key again");
}

#[test]
fn what_cannot_be_shown_whole_cannot_be_accepted() {
    for (w, h) in [(80, 9), (45, 60), (20, 5), (0, 0)] {
        let mut desk = fixture::desk_as(fixture::outage(), Seat::Operator, w, h);
        run(&mut desk, "R");
        assert_eq!(confirm(&mut desk, TOKEN), [], "{w}x{h}");
        assert_eq!(refusal(&desk), Some(DialogRefusal::TooSmall), "{w}x{h}");
        after(&mut desk, 10, DeskEvent::Resized { w: 80, h: 24 });
        assert_eq!(orders(&key(&mut desk, 400, "enter")).len(), 1, "{w}x{h} grown to 80x24");
    }
}

/// Closed by itself: why, and no key of the next moment reaches the page below.
fn shut(desk: &mut Desk, edit: fn(&mut Board)) -> Option<Shut> {
    let mut board = fixture::outage();
    edit(&mut board);
    let page = desk.ui.page;
    after(desk, 10, DeskEvent::Board(Arc::new(board)));
    let said = desk.ui.toast.as_ref().map(|t| t.say.clone());
    let Some(Say::Shut(_, why)) = said else { return None };
    assert!(desk.ui.dialog.is_none());
    for (ms, k) in [(0, "enter"), (300, "a"), (390, "R"), (100, "enter")] {
        assert_eq!(key(desk, ms, k), [], "{k}");
    }
    assert_eq!((desk.ui.page, desk.ui.dialog.is_none()), (page, true));
    Some(why)
}

pub fn plan_of(board: &mut Board) -> &mut crate::board::RollbackPlan {
    board.incidents[0].rollback.as_mut().expect("plan")
}

#[test]
fn a_plan_that_is_another_one_closes_the_dialog_and_says_why() {
    type Change = (fn(&mut Board), Shut);
    let changes: [Change; 7] = [
        (|b| b.incidents[0].rollback = None, Shut::NoPlan),
        (|b| b.incidents.clear(), Shut::Gone),
        (|b| b.incidents[0].state = State::Resolved, Shut::Closed),
        (|b| plan_of(b).from = "x".into(), Shut::OtherPlan),
        (|b| plan_of(b).to = "theme-2026.11.18-7".into(), Shut::OtherPlan),
        (|b| plan_of(b).host = "evil.example".to_owned(), Shut::OtherPlan),
        (|b| plan_of(b).resend_of = Some("key-1".into()), Shut::OtherPlan),
    ];
    for (change, why) in changes {
        let mut desk = desk();
        run(&mut desk, "R +600 6 1 1 1 9 7");
        assert_eq!(shut(&mut desk, change), Some(why));
    }
}

#[test]
fn every_dialog_of_an_incident_that_was_closed_closes_itself_but_a_note_may_still_be_written() {
    let closed: fn(&mut Board) = |b| b.incidents[0].state = State::Resolved;
    for keys in ["d", "d 3 f i x", "X o k", "t", "R"] {
        let mut desk = desk();
        run(&mut desk, keys);
        assert!(desk.ui.dialog.is_some(), "{keys}");
        assert_eq!(shut(&mut desk, closed), Some(Shut::Closed), "{keys}");
        let mut desk = fixture::desk(fixture::outage());
        run(&mut desk, keys);
        assert_eq!(shut(&mut desk, |b| b.incidents.clear()), Some(Shut::Gone), "{keys}");
    }
    let mut desk = desk();
    run(&mut desk, "n h i");
    assert_eq!(shut(&mut desk, closed), None);
    assert_eq!(orders(&run(&mut desk, "enter")).len(), 1);
}

/// The checks of an open dialog are those of the newest board, and a new failure has to be read.
#[test]
fn checks_follow_the_board_while_the_dialog_is_open() {
    let mut desk = desk();
    run(&mut desk, "R +600 6 1 1 1 9 7");
    let mut board = fixture::outage();
    plan_of(&mut board).ready = false;
    plan_of(&mut board).prechecks[1].ok = false;
    after(&mut desk, 10, DeskEvent::Board(Arc::new(board)));
    assert_eq!(
        (typed(&desk), refusal(&desk)),
        (Some(""), Some(DialogRefusal::Worse("live".to_owned())))
    );
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(refusal(&desk), Some(DialogRefusal::NotReady("live".to_owned())));
    after(&mut desk, 10, DeskEvent::Board(Arc::new(fixture::outage())));
    assert_eq!(refusal(&desk), None, "it holds again");
    assert_eq!(orders(&key(&mut desk, 400, "enter")).len(), 1);
}

#[test]
fn a_second_attempt_is_another_order() {
    let mut board = fixture::outage();
    board.incidents[0].state = State::Acknowledged;
    board.incidents[0].rollback.as_mut().expect("plan").attempt = 2;
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    let sent = orders(&confirm(&mut desk, TOKEN));
    assert_eq!(sent[0].1, Order::RollbackAgain { token: TOKEN.to_owned(), waive: None });
}

#[test]
fn a_plan_without_a_token_never_fires() {
    let mut board = fixture::outage();
    board.incidents[0].rollback.as_mut().expect("plan").confirm_token = String::new();
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    assert_eq!(confirm(&mut desk, ""), []);
}

#[test]
fn no_plan_no_dialog() {
    let mut desk = desk();
    assert_eq!(run(&mut desk, "down R"), []);
    assert!(desk.ui.dialog.is_none());
    assert_eq!(desk.ui.toast.expect("toast").say, Say::NoSuspect);
    let mut board = fixture::outage();
    board.incidents[0].rollback = None;
    let mut desk = fixture::desk(board);
    assert_eq!(run(&mut desk, "R"), []);
    let said = Say::NoRollback("theme-2026.11.20-3".into());
    assert_eq!(desk.ui.toast.expect("toast").say, said);
}

#[test]
fn an_outcome_learned_while_the_box_is_open_changes_the_plan() {
    let mut board = fixture::outage();
    plan_of(&mut board).resend_of = Some("key-1".into());
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    assert_eq!(shut(&mut desk, |_| {}), Some(Shut::OtherPlan));
    assert_eq!(confirm(&mut desk, TOKEN), []);
}

#[test]
fn unfolded_checks_that_are_not_all_in_sight_cannot_be_confirmed() {
    let mut board = fixture::outage();
    let check = plan_of(&mut board).prechecks[0].clone();
    plan_of(&mut board).prechecks = vec![check; 12];
    let mut desk = fixture::desk_as(board, Seat::Operator, 60, 14);
    run(&mut desk, "R +600 tab");
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(refusal(&desk), Some(DialogRefusal::Unfolded));
    run(&mut desk, "down pgdn pgdn pgdn tab");
    assert_eq!(typed(&desk), Some(TOKEN), "what was typed stays");
    assert_eq!(orders(&key(&mut desk, 400, "enter")).len(), 1);
}

/// The outage with one failing check that a reason goes past.
fn doubtful(board: &mut Board) {
    let plan = plan_of(board);
    plan.ready = false;
    let check = plan.prechecks.iter_mut().find(|c| c.name == "cooldown").expect("a check");
    (check.ok, check.waivable) = (false, true);
}

#[test]
fn a_check_that_may_be_gone_past_asks_for_a_reason_that_goes_with_the_order() {
    let mut board = fixture::outage();
    doubtful(&mut board);
    let mut desk = fixture::desk(board);
    run(&mut desk, "R +600 enter");
    assert_eq!(refusal(&desk), Some(DialogRefusal::NoReason));
    run(&mut desk, "down");
    assert_eq!(confirm(&mut desk, TOKEN), [], "the token alone is not enough");
    assert_eq!(refusal(&desk), Some(DialogRefusal::NoReason));
    // letters in a heap are text here, and their Enter is none
    after(&mut desk, 10, DeskEvent::Burst("the shop is down, ".to_owned()));
    for c in "proven".chars() {
        key(&mut desk, 2, &c.to_string());
    }
    key(&mut desk, 2, "enter");
    assert_eq!(typed(&desk), Some(TOKEN), "what was typed before stays");
    assert_eq!(orders(&key(&mut desk, 400, "enter")), [], "goes on to the token");
    let waive = Some("the shop is down, proven".to_owned());
    let sent = orders(&key(&mut desk, 400, "enter"));
    assert_eq!(sent[0].1, Order::Rollback { token: TOKEN.to_owned(), waive });
}

#[test]
fn a_reason_goes_past_nothing_that_stops_for_good() {
    let mut board = fixture::outage();
    doubtful(&mut board);
    plan_of(&mut board).prechecks[1].ok = false;
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(refusal(&desk), Some(DialogRefusal::NotReady("live".to_owned())));
    // it holds again: then the other one asks for its reason
    let mut board = fixture::outage();
    doubtful(&mut board);
    after(&mut desk, 10, DeskEvent::Board(Arc::new(board)));
    assert_eq!(orders(&key(&mut desk, 400, "enter")), []);
    assert_eq!(refusal(&desk), Some(DialogRefusal::NoReason));
}

/// The gate judges freshness by its own clock: an old board's "ok" would only be refused there.
#[test]
fn a_board_that_is_not_fresh_asks_for_a_reason() {
    let mut desk = desk();
    run(&mut desk, "+90000 R");
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(typed(&desk), Some(""), "it goes to the reason");
    run(&mut desk, "enter");
    let sent = orders(&confirm(&mut desk, TOKEN));
    let waive = Some(TOKEN.to_owned());
    assert_eq!(sent[0].1, Order::Rollback { token: TOKEN.to_owned(), waive });
}
