//! What became of a rollback after its order was stored: what stands, what a toast says, and when
//! it goes. The dialog itself is in `rollback_tests`.

use std::sync::Arc;

use super::fixture;
use super::order::{FailedSend, Say};
use super::rollback_tests::{confirm, plan_of};
use super::session_tests::{TOKEN, after, desk, orders, run};
use super::state::DeskEvent;
use crate::board::ActionState as A;
use crate::incident::order::OrderKind;

/// The second answer of one order: the journal took it, the outside did not.
#[test]
fn a_rollback_that_was_not_sent_stands_until_somebody_acts_or_the_board_knows_more() {
    let unsent = || {
        let mut desk = desk();
        run(&mut desk, "R");
        assert_eq!(orders(&confirm(&mut desk, TOKEN)).len(), 1);
        after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Ok(()) });
        assert_eq!(desk.ui.toast.as_ref().expect("toast").say, Say::Stored(OrderKind::Rollback));
        let (incident, action) = ("INC-7F3A".into(), "key".into());
        let why = "the kill switch is on".to_owned();
        after(&mut desk, 50, DeskEvent::NotSent { incident, action, why: why.clone() });
        assert_eq!(desk.ui.toast.as_ref().expect("toast").say, Say::Went(FailedSend::NotSent(why)));
        desk
    };
    let with = |state| {
        let mut board = fixture::outage();
        board.incidents[0].action = Some(fixture::action(state));
        DeskEvent::Board(Arc::new(board))
    };
    let mut desk = unsent();
    for event in [DeskEvent::Woke, DeskEvent::Board(Arc::new(fixture::outage())), with(A::Prepared)]
    {
        after(&mut desk, 60_000, event);
        assert_eq!(desk.outgoing.len(), 1, "a toast would be gone");
    }
    after(&mut desk, 10, with(A::NotSent));
    assert_eq!(desk.outgoing, [], "the journal knows it now");
    // a decision, here or elsewhere
    let mut desk = unsent();
    assert_eq!(orders(&run(&mut desk, "+900 d 3 f i x enter")).len(), 1);
    assert_eq!(desk.outgoing.len(), 1, "not before it is stored");
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 2, result: Err("disk full".to_owned()) });
    assert_eq!(desk.outgoing.len(), 1);
    run(&mut desk, "d 3 f i x enter");
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 3, result: Ok(()) });
    assert_eq!(desk.outgoing, []);
}

#[test]
fn the_toast_of_a_rollback_ends_with_what_came_of_it() {
    for state in [A::Accepted, A::Refused, A::Unknown, A::NotSent] {
        let mut desk = desk();
        run(&mut desk, "R");
        confirm(&mut desk, TOKEN);
        after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Ok(()) });
        let mut board = fixture::outage();
        board.incidents[0].action = Some(fixture::action(A::Sent));
        after(&mut desk, 50, DeskEvent::Board(Arc::new(board.clone())));
        assert_eq!(desk.ui.toast.as_ref().expect("toast").say, Say::Stored(OrderKind::Rollback));
        board.incidents[0].action = Some(fixture::action(state));
        after(&mut desk, 50, DeskEvent::Board(Arc::new(board)));
        assert_eq!(desk.ui.toast.as_ref().expect("toast").say, Say::Came(state));
    }
}

/// Attempt 1 is still on the board when attempt 2 is ordered: its refusal is old news.
#[test]
fn an_old_outcome_is_not_told_as_the_new_one() {
    let mut board = fixture::outage();
    board.incidents[0].action = Some(fixture::action(A::Refused));
    plan_of(&mut board).attempt = 2;
    let mut desk = fixture::desk(board.clone());
    run(&mut desk, "R");
    confirm(&mut desk, TOKEN);
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Ok(()) });
    after(&mut desk, 50, DeskEvent::Board(Arc::new(board)));
    assert_eq!(desk.ui.toast.as_ref().expect("toast").say, Say::Stored(OrderKind::Rollback));
}

/// It left, and the journal could not take what was answered: that is no "not sent".
#[test]
fn an_answer_that_was_not_stored_stands_until_the_board_has_it() {
    let mut desk = desk();
    run(&mut desk, "R");
    confirm(&mut desk, TOKEN);
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Ok(()) });
    let (incident, action) = ("INC-7F3A".into(), "key".into());
    let why = "accepted (202), and NOT STORED - disk full".to_owned();
    after(&mut desk, 50, DeskEvent::AnswerUnstored { incident, action, why: why.clone() });
    let how = FailedSend::Unstored(why);
    assert_eq!(desk.ui.toast.as_ref().expect("toast").say, Say::Went(how.clone()));
    let with = |state| {
        let mut board = fixture::outage();
        board.incidents[0].action = Some(fixture::action(state));
        DeskEvent::Board(Arc::new(board))
    };
    after(&mut desk, 60_000, with(A::Sent));
    assert_eq!(desk.outgoing[0].failed, Some(how), "sent is all the journal knows");
    after(&mut desk, 10, with(A::Accepted));
    assert_eq!(desk.outgoing, []);
}
