//! The fold: owners, undo, expiry, severity, extension, closing, and order of the list.
//! Steps are instants handed in; no clock, no journal.

use super::kit::*;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::deadline::{IncidentClock, clocks, next_deadline, sweep};
use crate::incident::event::{Event, Record};
use crate::incident::fold::{Incident, apply, fold};
use crate::incident::order::Order;
use crate::incident::rank;
use crate::incident::record::{RecordError, from_line, to_line};
use crate::incident::state::State;
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;

fn ack() -> Event {
    Event::Acknowledged { note: String::new(), expires_at: Some(min(31)) }
}

#[test]
fn the_first_acknowledgement_owns_and_later_ones_are_kept() {
    let mut i = incident(Severity::Sev1);
    assert_eq!(i.state(), State::Triggered);
    assert_eq!(i.ack_clock(), Some(min(5)));
    tell(&mut i, min(2), "ana", ack());
    // A clock on another host that is behind does not make an earlier owner.
    tell(&mut i, min(1), "ben", ack());
    assert_eq!(i.owner().map(|a| a.name.as_str()), Some("ana"));
    assert_eq!(i.acks.len(), 2);
    assert_eq!(i.state(), State::Acknowledged);
    assert_eq!((i.ack_clock(), i.decide_clock()), (None, Some(min(15))));
    // The same acknowledgement twice is one.
    tell(&mut i, min(1), "ben", ack());
    assert_eq!(i.acks.len(), 2);
}

#[test]
fn taking_back_returns_to_the_clock_that_was() {
    let mut i = incident(Severity::Sev1);
    tell(&mut i, min(2), "ana", ack());
    tell(&mut i, min(2), "ben", Event::AckUndone);
    assert!(i.acked(), "only the one who acknowledged can take it back");
    tell(&mut i, min(2), "ana", Event::AckUndone);
    assert_eq!((i.state(), i.owner(), i.ack_clock()), (State::Triggered, None, Some(min(5))));
}

#[test]
fn a_promise_runs_out_and_is_asked_for_again() {
    let mut i = incident(Severity::Sev1);
    tell(&mut i, min(1), "ana", ack());
    assert!(sweep(&i, &policy(), min(30)).iter().all(|r| r.event == Event::DecisionExpired));
    let due = sweep(&i, &policy(), min(31));
    assert!(due.iter().any(|r| r.event == Event::AckExpired { ack_due_at: min(36) }));
    for record in &due {
        apply(&mut i, record);
    }
    assert_eq!(i.state(), State::Triggered);
    assert_eq!(i.ack_clock(), Some(min(36)));
    assert_eq!(i.owner().map(|a| a.name.as_str()), Some("ana"), "it stays hers until taken");
    assert_eq!(sweep(&i, &policy(), min(32)), Vec::<Record>::new(), "each once");
}

#[test]
fn a_rise_moves_clocks_earlier_resets_a_low_ack_and_keeps_the_owner() {
    let mut i = incident(Severity::Sev3);
    tell(&mut i, min(1), "ana", Event::Acknowledged { note: String::new(), expires_at: None });
    let decide = i.decide_due_at;
    let change = |from, to, at| Event::SeverityChanged {
        from,
        to,
        reason: "rule".to_owned(),
        ack_due_at: min(at),
        decide_due_at: min(at),
    };
    tell(&mut i, min(20), "tillwatch", change(Severity::Sev3, Severity::Sev1, 25));
    assert_eq!(i.severity, Severity::Sev1);
    assert_eq!((i.ack_clock(), i.decide_clock()), (Some(min(25)), Some(min(25))));
    assert!(i.decide_due_at < decide);
    assert_eq!(i.owner().map(|a| a.name.as_str()), Some("ana"));
    // A fall clears no deadline and moves none later.
    tell(&mut i, min(22), "tillwatch", change(Severity::Sev1, Severity::Sev4, 9000));
    assert_eq!((i.severity, i.peak), (Severity::Sev4, Severity::Sev1));
    assert_eq!((i.ack_clock(), i.decide_clock()), (Some(min(25)), Some(min(25))));
}

#[test]
fn a_hold_ends_at_its_recheck_and_the_decision_is_asked_again() {
    let mut i = incident(Severity::Sev1);
    let hold = Event::Decided {
        choice: Choice::Hold,
        reason: "vendor is on it".to_owned(),
        recheck_at: Some(min(20)),
    };
    tell(&mut i, min(3), "ana", hold);
    assert_eq!(i.decide_clock(), None);
    assert_eq!(sweep(&i, &policy(), min(19)), Vec::<Record>::new());
    assert!(clocks(&i).contains(&(IncidentClock::Recheck, min(20))));
    let due = sweep(&i, &policy(), min(20));
    assert_eq!(due.len(), 1);
    apply(&mut i, &due[0]);
    assert_eq!(i.decide_clock(), Some(min(35)));
}

#[test]
fn a_decision_deadline_expires_once_and_a_timer_never_hides_it() {
    let mut i = incident(Severity::Sev1);
    tell(&mut i, min(1), "ana", Event::TimerStarted { due_at: min(60) });
    assert_eq!(next_deadline(&i, min(1)), Some(min(5)));
    let due = sweep(&i, &policy(), min(15));
    assert_eq!(due.len(), 1);
    apply(&mut i, &due[0]);
    assert!(i.decision_expired);
    assert_eq!(sweep(&i, &policy(), min(16)), Vec::<Record>::new());
    assert_eq!(i.decide_clock(), Some(min(15)), "it stays overdue");
}

#[test]
fn closing_while_it_fires_is_quiet_until_it_clears() {
    let mut i = incident(Severity::Sev2);
    tell(&mut i, min(3), "ana", Event::Resolved { reason: "known".to_owned() });
    assert_eq!((i.state(), i.suppressed), (State::Resolved, true));
    tell(&mut i, min(9), "tillwatch", Event::Cleared);
    assert!(!i.suppressed);
    let review = Event::Reviewed { text: "fine".to_owned(), verdict: None };
    tell(&mut i, min(90), "ana", review);
    assert_eq!(i.state(), State::Reviewed);
}

#[test]
fn whether_an_alarm_was_right_is_said_once_it_is_over_and_may_be_said_again() {
    let (mut i, world) = (incident(Severity::Sev2), World::new());
    let review = |verdict, reason: &str| Order::Review { verdict, reason: reason.to_owned() };
    let early = order(&mut i, &world, "ana", &review(AlarmTruth::True, "x"), min(1));
    assert_eq!(early, Err("open"));
    let no = Order::Decide { choice: Choice::NotIncident, reason: "a test".into(), recheck: None };
    order(&mut i, &world, "ana", &no, min(2)).expect("cancelled");
    assert_eq!(
        order(&mut i, &world, "ana", &review(AlarmTruth::False, " "), min(3)),
        Err("reason")
    );
    let looks = World { may_act: false, ..World::new() };
    assert_eq!(order(&mut i, &looks, "eve", &review(AlarmTruth::False, "x"), min(3)), Err("role"));
    order(&mut i, &world, "ana", &review(AlarmTruth::Unsure, "who knows"), min(3)).expect("said");
    let late = min(60 * 24 * 400);
    order(&mut i, &world, "ben", &review(AlarmTruth::False, "a load test"), late)
        .expect("said again");
    assert_eq!((i.state(), i.truth), (State::Cancelled, Some(AlarmTruth::False)));
    assert_eq!(i.review.as_deref(), Some("a load test"));
    assert!(i.timeline.last().expect("told").text.contains("reviewed, a false alarm: a load"));
}

#[test]
fn the_timeline_collapses_runs_of_evidence_and_stays_bounded() {
    let mut i = incident(Severity::Sev1);
    for n in 1..=500 {
        let mut c = case(Severity::Sev1);
        c.headline = format!("Payment step {n}");
        tell(&mut i, min(n), "tillwatch", Event::Updated { case: Box::new(c) });
    }
    assert_eq!(i.timeline.len(), 2);
    assert!(i.timeline[1].text.contains("Payment step 500"));
    for n in 1..=500 {
        tell(&mut i, min(n), "ana", Event::Noted { text: "x".to_owned() });
    }
    assert!(i.timeline.len() <= 200);
    assert_eq!(i.notes.len(), 500);
}

#[test]
fn the_list_is_severity_then_money_then_nearest_deadline() {
    let named = |name: &str, severity, money: f64, opened: i64| {
        let mut i = incident(severity);
        i.id = name.into();
        i.case.risk_per_minute = Some(crate::domain::money::Range::new(0.0, money));
        i.opened_at = min(opened);
        i
    };
    let mut closed = named("INC-0000A", Severity::Sev1, 900.0, 0);
    tell(&mut closed, min(1), "ana", Event::Resolved { reason: "x".to_owned() });
    let mut calm = named("INC-0000B", Severity::Sev1, 900.0, 0);
    tell(&mut calm, min(1), "tillwatch", Event::Cleared);
    tell(&mut calm, min(4), "tillwatch", Event::Mitigated);
    let mut soon = named("INC-0000C", Severity::Sev2, 5.0, 0);
    soon.ack_due_at = min(2);
    let mut list = vec![
        closed,
        named("INC-0000D", Severity::Sev2, 5.0, 0),
        calm,
        soon,
        named("INC-0000E", Severity::Sev2, 50.0, 0),
        named("INC-0000F", Severity::Sev1, 1.0, 0),
    ];
    rank::sort(&mut list);
    let order: Vec<&str> = list.iter().map(|i| &i.id.as_str()[8..]).collect();
    assert_eq!(order, ["F", "B", "E", "C", "D", "A"]);
}

#[test]
fn records_before_opening_and_of_other_incidents_do_nothing() {
    let stray = record(min(0), "ana", ack());
    assert_eq!(fold(std::slice::from_ref(&stray)), None);
    let one = fold(&[stray.clone(), opened(Severity::Sev1)]).expect("opened");
    assert!(!one.acked());
    let mut i: Incident = incident(Severity::Sev1);
    let other = Record { incident: "INC-99999".into(), ..stray };
    apply(&mut i, &other);
    assert_eq!(i, incident(Severity::Sev1));
}

#[test]
fn lines_are_readable_and_a_newer_one_says_so() {
    let line = to_line(&record(min(1), "ana", ack())).expect("line");
    assert!(line.starts_with(r#"{"v":1,"at":"2026-11-18T10:01:00.000Z","incident":"INC-00001","#));
    assert!(
        line.contains(r#""type":"acknowledged","payload":{"note":"","expires_at":"2026-11-18"#)
    );
    let newer = line.replacen(r#""v":1"#, r#""v":7,"shape":"other""#, 1);
    assert!(matches!(from_line(&newer), Err(RecordError::Newer { found: 7 })));
    let strange = from_line(&line.replace("acknowledged", "exploded"));
    assert!(matches!(strange, Err(RecordError::Event { kind, .. }) if kind == "exploded"));
    for bad in ["", "null", "[]", "{", r#"{"v":1}"#, r#"{"v":-1}"#, &line[..line.len() - 1]] {
        assert!(matches!(from_line(bad), Err(RecordError::Unreadable(_))), "{bad}");
    }
}

#[test]
fn an_extension_is_given_once_with_a_reason_to_an_owner() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let more = Order::ExtendTimer { span: Span::from_mins(10), reason: "vendor".to_owned() };
    assert_eq!(order(&mut i, &world, "ana", &more, min(1)), Err("extend"), "nobody owns it");
    tell(&mut i, min(1), "ana", ack());
    let silent = Order::ExtendTimer { span: Span::from_mins(10), reason: " ".to_owned() };
    assert_eq!(order(&mut i, &world, "ana", &silent, min(1)), Err("reason"));
    assert!(order(&mut i, &world, "ana", &more, min(1)).is_ok());
    assert_eq!(i.decide_clock(), Some(min(25)));
    assert_eq!(order(&mut i, &world, "ana", &more, min(2)), Err("extend"));
    assert_eq!(i.decide_clock(), Some(min(25)));
}
