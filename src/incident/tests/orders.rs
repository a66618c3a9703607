//! Every kind of order writes the record that its row names.
//! What is allowed when is tested in `commands`.

use super::kit::*;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::order::{ORDERS, Order, OrderKind};
use crate::incident::record::kind;
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;

fn text() -> String {
    "because".to_owned()
}

/// What must have been ordered before, and the order itself.
fn given(kind: OrderKind) -> (Vec<Order>, Order) {
    let ack = Order::Acknowledge { note: String::new() };
    let span = Span::from_mins(15);
    let start = Order::StartTimer { span };
    match kind {
        OrderKind::Acknowledge => (vec![], ack),
        OrderKind::Undo => (vec![ack], Order::UndoAcknowledge),
        OrderKind::Decide => {
            (vec![], Order::Decide { choice: Choice::Hold, reason: text(), recheck: Some(span) })
        }
        OrderKind::Rollback => (vec![], Order::Rollback { token: token(), waive: None }),
        OrderKind::StartTimer => (vec![], start),
        OrderKind::ExtendTimer => (vec![start], Order::ExtendTimer { span, reason: text() }),
        OrderKind::StopTimer => (vec![start], Order::StopTimer),
        OrderKind::Note => (vec![], Order::Note { text: text() }),
        OrderKind::Review => (
            vec![Order::Resolve { reason: text() }],
            Order::Review { verdict: AlarmTruth::False, reason: text() },
        ),
        OrderKind::Resolve => (vec![], Order::Resolve { reason: text() }),
    }
}

#[test]
fn every_order_writes_the_record_of_its_row() {
    for row in &ORDERS {
        let (mut i, world) = (incident(Severity::Sev1), World::new());
        let (before, asked) = given(row.kind);
        assert_eq!(asked.kind(), row.kind);
        for earlier in &before {
            order(&mut i, &world, "ana", earlier, min(2)).expect("allowed");
        }
        let events = order(&mut i, &world, "ana", &asked, min(2)).expect("allowed");
        let kinds: Vec<&str> = events.iter().map(kind).collect();
        assert!(kinds.contains(&row.record), "{:?}: {kinds:?}", row.kind);
    }
}
