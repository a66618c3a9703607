//! What a person is told of an order that failed, and of a request whose end is not stored.

use super::*;
use crate::board::IncidentView;
use crate::desk::fixture;
use crate::incident::event::Outcome;
use crate::journal::JournalError;

fn incident() -> IncidentView {
    fixture::outage().incidents.remove(0)
}

fn board(stored: bool, why: Option<&str>) -> Arc<Board> {
    let incident = IncidentView { stored, ..incident() };
    let not_stored = why.map(str::to_owned);
    Arc::new(Board { incidents: vec![incident], not_stored, ..Board::default() })
}

#[test]
fn an_order_on_what_is_in_memory_only_says_why_that_is_so() {
    let full = board(false, Some("disk full: INC-1 in memory only"));
    let id = full.incidents[0].id.clone();
    let told = why(&OrderError::Unknown(id.clone()), Some(&full));
    assert_eq!(told, format!("{id} is not stored yet: disk full: INC-1 in memory only"));
    let silent = why(&OrderError::Unknown(id.clone()), Some(&board(false, None)));
    assert!(silent.ends_with("the journal cannot be written"), "{silent}");
    let stored = why(&OrderError::Unknown(id), Some(&board(true, Some("disk full"))));
    assert!(!stored.contains("disk full"), "it is in the journal, so that is not why: {stored}");
}

#[test]
fn a_request_whose_end_could_not_be_stored_is_told_beside_what_came_of_it() {
    let id = incident().id;
    let sent = |outcome, unstored| Sent {
        incident: id.clone(),
        action: "act-1".into(),
        outcome,
        unstored,
    };
    let accepted = || Outcome::Accepted { status: 202, detail: String::new() };
    let full = || OrderError::NotStored(JournalError::NotStored("disk full".to_owned()));
    assert!(news(&sent(accepted(), None)).is_none(), "the journal says it");
    let Some(DeskEvent::AnswerUnstored { why, .. }) = news(&sent(accepted(), Some(full()))) else {
        panic!("told")
    };
    assert!(why.contains("disk full") && why.contains("202"), "{why}");
    let never = || Outcome::NotSent { detail: "kill switch".to_owned() };
    let Some(DeskEvent::NotSent { why, .. }) = news(&sent(never(), Some(full()))) else {
        panic!("told")
    };
    assert!(why.contains("kill switch") && why.contains("disk full"), "{why}");
}
