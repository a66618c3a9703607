//! The rollback dialog against everything a person, a paste or a cat can send.
//! Only the whole token, typed by hand after reading, orders a rollback.

use std::sync::Arc;

use super::chord::{Chord, Key};
use super::dialog::{Dialog, Refusal};
use super::fixture;
use super::order::{Say, Verb};
use super::session_tests::{TOKEN, after, desk, key, orders, run};
use super::state::{Desk, Effect, Event, Role};
use super::ui::Page;
use crate::board::{Action, ActionState, Board, State};
use crate::incident::event::Command as Order;

fn refusal(desk: &Desk) -> Option<Refusal> {
    match &desk.ui.dialog {
        Some(Dialog::Rollback(r)) => r.refusal.clone(),
        _ => None,
    }
}

/// Types a text into an open, armed dialog and presses Enter like a person.
fn confirm(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let mut effects = after(desk, 1000, Event::Woke);
    for c in text.chars() {
        effects.extend(after(desk, 120, Event::Key(Chord::char(c))));
    }
    effects.extend(after(desk, 400, Event::Key(Chord::plain(Key::Enter))));
    effects
}

#[test]
fn nothing_shorter_than_the_token_fires_and_nothing_else_either() {
    let prefixes = (0..TOKEN.len()).map(|n| TOKEN[..n].to_owned());
    let tails = (1..TOKEN.len()).map(|n| TOKEN[n..].to_owned());
    let others = ["611198", "6111977", " 611197", "theme-2026.11.19-7"].map(ToOwned::to_owned);
    for text in prefixes.chain(tails).chain(others) {
        let mut desk = desk();
        run(&mut desk, "R");
        assert_eq!(confirm(&mut desk, &text), [], "{text}");
        assert_eq!(refusal(&desk), Some(Refusal::WrongToken), "{text}");
    }
    let mut desk = desk();
    run(&mut desk, "R");
    assert_eq!(orders(&confirm(&mut desk, TOKEN)).len(), 1);
}

#[test]
fn keys_in_the_first_moments_are_not_taken() {
    let mut desk = desk();
    key(&mut desk, 400, "R");
    for c in TOKEN.chars() {
        key(&mut desk, 100, &c.to_string());
    }
    assert_eq!(key(&mut desk, 400, "enter"), []);
    assert_eq!(refusal(&desk), Some(Refusal::WrongToken), "only what came after 700 ms was typed");
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
    assert_eq!(refusal(&desk), Some(Refusal::TooSoon));
    assert_eq!(orders(&key(&mut desk, 300, "enter")).len(), 1, "a second, calm enter does");
}

#[test]
fn a_burst_closes_the_dialog() {
    let mut desk = desk();
    run(&mut desk, "R +600");
    for c in TOKEN.chars() {
        key(&mut desk, 5, &c.to_string());
    }
    assert!(desk.ui.dialog.is_none());
    assert_eq!(key(&mut desk, 400, "enter"), []);
    assert_eq!(desk.ui.page, Page::Incident, "enter meant the page below, not the rollback");
}

#[test]
fn a_paste_never_confirms() {
    let mut desk = desk();
    run(&mut desk, "R +600");
    assert_eq!(after(&mut desk, 400, Event::Paste(format!("{TOKEN}\n"))), []);
    assert!(desk.ui.dialog.is_none());
    run(&mut desk, "R +600");
    let whole = format!("R{TOKEN}");
    let effects: Vec<_> = whole.chars().flat_map(|c| key(&mut desk, 2, &c.to_string())).collect();
    assert_eq!(orders(&effects), []);
}

#[test]
fn what_cannot_be_shown_whole_cannot_be_accepted() {
    for (w, h) in [(80, 16), (45, 60), (20, 5), (0, 0)] {
        let mut desk = fixture::desk_as(fixture::outage(), Role::Operator, w, h);
        run(&mut desk, "R");
        assert_eq!(confirm(&mut desk, TOKEN), [], "{w}x{h}");
        assert_eq!(refusal(&desk), Some(Refusal::TooSmall), "{w}x{h}");
        after(&mut desk, 10, Event::Resized { w: 80, h: 24 });
        assert_eq!(orders(&key(&mut desk, 400, "enter")).len(), 1, "{w}x{h} grown to 80x24");
    }
}

#[test]
fn a_plan_that_changed_or_is_not_safe_cannot_be_accepted() {
    let change = |edit: fn(&mut Board)| {
        let mut desk = desk();
        run(&mut desk, "R");
        let mut board = fixture::outage();
        edit(&mut board);
        after(&mut desk, 10, Event::Board(Arc::new(board)));
        assert_eq!(confirm(&mut desk, TOKEN), []);
        refusal(&desk).expect("refusal")
    };
    let plan = |b: &mut Board, f: fn(&mut crate::board::RollbackPlan)| {
        f(b.incidents[0].rollback.as_mut().expect("plan"));
    };
    assert_eq!(change(|b| b.incidents[0].rollback = None), Refusal::Changed);
    assert_eq!(change(|b| b.incidents.clear()), Refusal::Changed);
    let moved: fn(&mut Board) =
        |b| b.incidents[0].rollback.as_mut().expect("plan").from = "x".into();
    assert_eq!(change(moved), Refusal::Changed);
    let mut board = fixture::outage();
    plan(&mut board, |p| {
        p.ready = false;
        p.prechecks[1].ok = false;
    });
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(refusal(&desk), Some(Refusal::NotReady("live".to_owned())));
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
    assert_eq!(desk.ui.toast.expect("toast").say, Say::NoRollback);
}

#[test]
fn an_outcome_learned_while_the_box_is_open_changes_the_plan() {
    let mut board = fixture::outage();
    let resend = |board: &mut Board, id: Option<&str>| {
        let plan = board.incidents[0].rollback.as_mut().expect("a plan");
        plan.resend_of = id.map(Into::into);
    };
    resend(&mut board, Some("key-1"));
    let mut desk = fixture::desk(board.clone());
    run(&mut desk, "R");
    resend(&mut board, None);
    after(&mut desk, 100, Event::Board(Arc::new(board)));
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(refusal(&desk), Some(Refusal::Changed));
}

#[test]
fn a_rollback_that_was_not_sent_is_said_although_its_order_was_answered() {
    let mut desk = desk();
    run(&mut desk, "R");
    let effects = confirm(&mut desk, TOKEN);
    let Some(Effect::Order { ticket, incident, .. }) = effects.first() else { panic!("an order") };
    after(&mut desk, 100, Event::Ordered { ticket: *ticket, result: Ok(()) });
    let why = "the kill switch is on".to_owned();
    let (incident, action) = (incident.clone(), "key".into());
    after(&mut desk, 100, Event::NotSent { incident: incident.clone(), action, why: why.clone() });
    let toast = desk.ui.toast.as_ref().map(|t| t.say.clone());
    assert_eq!(toast, Some(Say::Failed(Verb::Rollback, format!("NOT SENT: {why}"))));
    let board = |state| {
        let mut board = fixture::outage();
        let shown = board.incidents.iter_mut().find(|x| x.id == incident).expect("shown");
        let action = Action { id: "key".into(), ..fixture::action(state) };
        shown.action = Some(action);
        Event::Board(Arc::new(board))
    };
    after(&mut desk, 60_000, board(ActionState::NotSent));
    assert_eq!(desk.unsent.len(), 1, "it stands");
    after(&mut desk, 100, board(ActionState::Accepted));
    assert_eq!(desk.unsent, []);
}
