//! Another release than the suspect in the rollback dialog: picked with the arrows, read and typed
//! anew. Everything else of the dialog is in `rollback_tests`.

use std::sync::Arc;

use super::dialog::DialogRefusal;
use super::fixture;
use super::rollback_tests::{confirm, refusal, typed};
use super::session_tests::{TOKEN, after, key, orders, run};
use super::state::DeskEvent;
use crate::board::{Alternative, Board, RollbackPlan};
use crate::incident::order::Order;

/// A second service that may have done it, and one without a way back.
fn choosable(board: &mut Board) {
    let own = board.incidents[0].rollback.clone().expect("plan");
    let other = RollbackPlan {
        service: "search".to_owned(),
        from: "search-9".into(),
        to: "search-8".into(),
        confirm_token: "earch8".to_owned(),
        ..own.clone()
    };
    let way = |plan: Option<RollbackPlan>, release: &str, share, suspect| Alternative {
        release: release.into(),
        service: "search".to_owned(),
        share: Some(share),
        suspect,
        why_not: plan.is_none().then(|| "no [[action]] for it".to_owned()),
        plan,
    };
    board.incidents[0].alternatives = vec![
        way(Some(own), "theme-2026.11.20-3", 0.52, true),
        way(None, "feed-1", 0.09, false),
        way(Some(other), "search-9", 0.38, false),
    ];
}

#[test]
fn another_release_than_the_suspect_is_chosen_with_left_and_right_and_typed_anew() {
    let mut board = fixture::outage();
    choosable(&mut board);
    let mut desk = fixture::desk(board.clone());
    run(&mut desk, "R +800 6 1 1");
    assert_eq!(typed(&desk), Some("611"));
    run(&mut desk, "right");
    assert_eq!(typed(&desk), Some(""), "it is another request");
    assert_eq!(orders(&key(&mut desk, 100, "e")), []);
    assert_eq!(typed(&desk), Some(""), "and is read first");
    assert_eq!(confirm(&mut desk, TOKEN), []);
    assert_eq!(refusal(&desk), Some(DialogRefusal::WrongToken), "the suspect's token is not its");
    after(&mut desk, 10, DeskEvent::Board(Arc::new(board.clone())));
    let sent = orders(&confirm(&mut desk, "earch8"));
    let of = |again| Order::RollbackOf {
        release: "search-9".into(),
        token: "earch8".to_owned(),
        waive: None,
        again,
    };
    assert_eq!(sent[0].1, of(false));
    // Round once more is the suspect again; what has no way back is passed over.
    let mut desk = fixture::desk(board.clone());
    run(&mut desk, "R +800 right +800 left");
    let sent = orders(&confirm(&mut desk, TOKEN));
    let suspect = "theme-2026.11.20-3";
    assert!(matches!(&sent[0].1, Order::RollbackOf { release, .. } if release.as_str() == suspect));
    // Where none is suspected the first with a way back is shown, and takes no token until chosen.
    board.incidents[0].rollback = None;
    board.incidents[0].suspect.release = None;
    board.incidents[0].alternatives.remove(0);
    let tie = fixture::desk(board.clone());
    board.incidents[0].suspect.candidates.clear();
    let mut desk = fixture::desk(board);
    run(&mut desk, "R");
    assert_eq!(orders(&confirm(&mut desk, "earch8")), vec![]);
    assert_eq!(refusal(&desk), Some(DialogRefusal::Unchosen));
    run(&mut desk, "+800 right +800");
    assert_eq!(orders(&confirm(&mut desk, "earch8"))[0].1, of(false));
    // One of a tie is offered as it stands.
    let mut desk = tie;
    run(&mut desk, "R");
    assert_eq!(orders(&confirm(&mut desk, "earch8"))[0].1, of(false));
}
