//! Orders: who may, when, how often; and everything a rollback is checked for.
//! Steps are instants handed in; no clock, no journal.

use serde_json::Value;

use super::kit::*;
use crate::domain::change::ChangeStatus;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::event::{Event, Intent, Outcome};
use crate::incident::fold::Incident;
use crate::incident::order::Order;
use crate::incident::rollback::{plan, rehearsal};
use crate::incident::state::State;
use crate::policy::action::Signing;
use crate::policy::severity::Choice;

fn ack() -> Order {
    Order::Acknowledge { note: String::new() }
}

fn decide(choice: Choice) -> Order {
    Order::Decide { choice, reason: "because".to_owned(), recheck: Some(Span::from_mins(20)) }
}

fn rollback() -> Order {
    Order::Rollback { token: token(), waive: None }
}

fn prepared(events: &[Event]) -> Intent {
    let found = events.iter().find_map(|e| match e {
        Event::ActionPrepared { intent, .. } => Some(intent.clone()),
        _ => None,
    });
    found.expect("prepared")
}

fn answer(i: &mut Incident, minute: i64, intent: &Intent, answer: Outcome) {
    tell(i, min(minute), "ana", Event::ActionSent { id: intent.id.clone(), try_no: 1 });
    tell(i, min(minute), "ana", Event::ActionAnswered { id: intent.id.clone(), answer });
}

fn refused() -> Outcome {
    Outcome::Refused { status: 412, detail: "other release live".to_owned(), retry_after_s: None }
}

#[test]
fn acknowledging_promises_and_can_be_taken_back_for_ten_seconds_of_wall_time() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    let events = order(&mut i, &world, "ana", &ack(), min(2)).expect("ack");
    assert!(matches!(&events[0], Event::Acknowledged { expires_at: Some(t), .. } if *t == min(32)));
    assert_eq!(order(&mut i, &world, "ana", &ack(), min(2)), Err("acknowledge"));
    assert_eq!(order(&mut i, &world, "ben", &Order::UndoAcknowledge, min(2)), Err("undo"));
    let late = min(2).plus(Span::from_secs(11));
    assert_eq!(order(&mut i, &world, "ana", &Order::UndoAcknowledge, late), Err("undo"));
    world.speed = 60.0;
    assert!(order(&mut i, &world, "ana", &Order::UndoAcknowledge, late).is_ok());
    assert_eq!(i.state(), State::Triggered);
}

#[test]
fn who_only_looks_may_note_and_nothing_else() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    world.may_act = false;
    assert_eq!(order(&mut i, &world, "eve", &ack(), min(1)), Err("role"));
    assert_eq!(order(&mut i, &world, "eve", &rollback(), min(1)), Err("role"));
    let note = Order::Note { text: " bank says ok ".to_owned() };
    let events = order(&mut i, &world, "eve", &note, min(1)).expect("note");
    assert_eq!(events, [Event::Noted { text: "bank says ok".to_owned() }]);
    let empty = Order::Note { text: " \n".to_owned() };
    assert_eq!(order(&mut i, &world, "eve", &empty, min(1)), Err("reason"));
}

#[test]
fn only_what_the_severity_allows_can_be_decided() {
    let world = World::new();
    let mut low = incident(Severity::Sev4);
    for choice in [Choice::Rollback, Choice::Reroute, Choice::Mitigate] {
        assert_eq!(order(&mut low, &world, "ana", &decide(choice), min(1)), Err("choice"));
    }
    assert!(order(&mut low, &world, "ana", &decide(Choice::Hold), min(1)).is_ok());
    assert_eq!(low.decide_clock(), None);
    let mut high = incident(Severity::Sev1);
    let blunt = Order::Decide { choice: Choice::Hold, reason: "x".to_owned(), recheck: None };
    assert_eq!(order(&mut high, &world, "ana", &blunt, min(1)), Err("recheck"));
    assert!(order(&mut high, &world, "ana", &decide(Choice::NotIncident), min(1)).is_ok());
    assert_eq!(high.state(), State::Cancelled);
    assert_eq!(order(&mut high, &world, "ana", &ack(), min(2)), Err("closed"));
}

#[test]
fn a_timer_runs_once_is_extended_once_and_can_be_stopped() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let start = |m| Order::StartTimer { span: Span::from_mins(m) };
    let more = Order::ExtendTimer { span: Span::from_mins(5), reason: "call".to_owned() };
    assert_eq!(order(&mut i, &world, "ana", &Order::StopTimer, min(0)), Err("timer"));
    assert_eq!(order(&mut i, &world, "ana", &start(0), min(0)), Err("timer"));
    assert!(order(&mut i, &world, "ana", &start(10), min(0)).is_ok());
    assert_eq!(order(&mut i, &world, "ana", &start(10), min(0)), Err("timer"));
    assert!(order(&mut i, &world, "ana", &more, min(1)).is_ok());
    assert_eq!(i.timer.map(|t| t.due_at), Some(min(15)));
    assert_eq!(order(&mut i, &world, "ana", &more, min(2)), Err("extend"));
    assert!(order(&mut i, &world, "ana", &Order::StopTimer, min(3)).is_ok());
    assert_eq!(i.timer, None);
}

#[test]
fn the_intent_is_complete_and_its_body_is_the_contract() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let events = order(&mut i, &world, "ana", &rollback(), min(3)).expect("rollback");
    assert!(matches!(&events[0], Event::Decided { choice: Choice::Rollback, .. }));
    let intent = prepared(&events);
    let want = format!(
        concat!(
            r#"{{"type":"rollback.requested","data":{{"#,
            r#""action_id":"{}","environment":"production","service":"theme","#,
            r#""expected_current":"theme-2026.11.20-3","target":"theme-2026.11.20-2","#,
            r#""dry_run":false,"attempt":1}}}}"#
        ),
        intent.id
    );
    assert_eq!(intent.body, want);
    assert_eq!(i.state(), State::Mitigating);
    assert_eq!(i.decide_clock(), None);
}

#[test]
fn two_bastions_make_the_same_key_and_a_rehearsal_another_one() {
    let (i, world) = (incident(Severity::Sev1), World::new());
    let go = |minute| {
        let mut i = i.clone();
        prepared(&order(&mut i, &world, "x", &rollback(), min(minute)).expect("rollback")).id
    };
    assert_eq!(go(3), go(9));
    let gone_through = rehearsal(&i, None, &world.facts(), min(3)).expect("a rehearsal");
    assert_eq!(gone_through.real.id, go(3));
    assert_ne!(gone_through.dry.id, go(3));
    assert!(gone_through.dry.dry_run && gone_through.dry.body.contains(r#""dry_run":true"#));
    assert!(!gone_through.real.dry_run && gone_through.real.body.contains(r#""dry_run":false"#));
}

#[test]
fn a_wrong_token_is_refused_in_every_form() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let before = i.clone();
    for token in ["", " ", "y", "theme-2026.11.20-2", "20-2", "112203", &token()[1..]] {
        let command = Order::Rollback { token: token.to_owned(), waive: None };
        assert_eq!(order(&mut i, &world, "ana", &command, min(1)), Err("token"), "{token:?}");
        let again = Order::RollbackAgain { token: token.to_owned(), waive: None };
        assert_eq!(order(&mut i, &world, "ana", &again, min(1)), Err("token"), "{token:?}");
    }
    assert_eq!(i, before);
}

#[test]
fn each_precheck_stops_a_rollback_by_itself() {
    type Break = fn(&mut World, &mut Incident);
    let breaks: [(&str, Break); 10] = [
        ("severity allows it", |_, i| i.severity = Severity::Sev3),
        ("kill switch is off", |w, _| w.kill_switch = Some("the file freeze is there")),
        ("target was healthy", |w, _| {
            w.changes[1].previous = Some("theme-2026.11.20-2".into());
            w.changes[0].status = ChangeStatus::Failed;
        }),
        ("target was healthy", |w, _| {
            let mut other = incident(Severity::Sev2);
            other.id = "INC-00002".into();
            other.case.suspect.release = Some("theme-2026.11.20-2".into());
            w.incidents.push(other);
        }),
        ("suspect is still live", |w, _| w.changes[1].rolled_back_at = Some(min(-1))),
        ("no newer deploy", |w, _| {
            w.changes.push(change("theme-4", -1, ChangeStatus::Queued));
        }),
        ("none in flight", |w, _| {
            let mut other = incident(Severity::Sev1);
            other.id = "INC-00003".into();
            let world = World::new();
            order(&mut other, &world, "ben", &rollback(), min(0)).expect("rollback");
            w.incidents.push(other);
        }),
        ("suspect is still live", |w, _| w.sources[1].blind = true),
        ("evidence is fresh", |w, _| {
            w.sources[0].blind = true;
            w.sources[1].good_at = None;
        }),
        ("evidence is fresh", |w, _| w.sources.iter_mut().for_each(|s| s.good_at = Some(min(-6)))),
    ];
    for (name, spoil) in breaks {
        let (mut i, mut world) = (incident(Severity::Sev1), World::new());
        spoil(&mut world, &mut i);
        let shown = plan(&i, &world.facts(), min(0)).expect("plan");
        let failed: Vec<_> = shown.prechecks.iter().filter(|c| c.required && !c.ok).collect();
        assert!(failed.iter().any(|c| c.name == name), "{name}: {failed:?}");
        let said: Vec<String> = failed.iter().map(|c| c.words()).collect();
        assert!(said.iter().all(|s| !s.contains(name)), "it says that it holds: {said:?}");
        let switch = "kill switch is on: the file freeze is there";
        assert!(name != "kill switch is off" || said[0] == switch, "{said:?}");
        assert!(!shown.ready, "{name}");
        let result = order(&mut i, &world, "ana", &rollback(), min(0));
        assert_eq!(result, Err("precheck"), "{name}");
    }
    let (i, world) = (incident(Severity::Sev1), World::new());
    assert!(plan(&i, &world.facts(), min(0)).expect("plan").ready);
}

#[test]
fn while_one_is_in_flight_no_second_one_goes_and_nothing_is_closed() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let intent = prepared(&order(&mut i, &world, "ana", &rollback(), min(1)).expect("first"));
    tell(&mut i, min(1), "ana", Event::ActionSent { id: intent.id.clone(), try_no: 1 });
    assert_eq!(order(&mut i, &world, "ben", &rollback(), min(2)), Err("precheck"));
    let resolve = Order::Resolve { reason: "x".to_owned() };
    assert_eq!(order(&mut i, &world, "ben", &resolve, min(2)), Err("in_flight"));
    assert_eq!(
        order(&mut i, &world, "ben", &decide(Choice::NotIncident), min(2)),
        Err("in_flight")
    );
    assert_eq!(i.state(), State::Mitigating);
}

#[test]
fn an_unknown_outcome_is_sent_again_with_the_same_key_and_bytes_only() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let first = prepared(&order(&mut i, &world, "ana", &rollback(), min(1)).expect("first"));
    answer(&mut i, 1, &first, Outcome::unknown("timeout"));
    assert_eq!(i.state(), State::Mitigating);
    let again = Order::RollbackAgain { token: token(), waive: None };
    assert_eq!(order(&mut i, &world, "ana", &again, min(2)), Err("again"), "no fresh key");
    let second = order(&mut i, &world, "ben", &rollback(), min(9)).expect("same again");
    assert_eq!(prepared(&second), first);
    assert_eq!(i.actions.len(), 1);
}

#[test]
fn after_a_refusal_the_clock_runs_on_and_only_an_explicit_attempt_two_goes() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let first = prepared(&order(&mut i, &world, "ana", &rollback(), min(1)).expect("first"));
    answer(&mut i, 1, &first, refused());
    assert_eq!((i.state(), i.decide_clock()), (State::Triggered, Some(min(15))));
    assert_eq!(order(&mut i, &world, "ana", &rollback(), min(2)), Err("again"));
    let again = Order::RollbackAgain { token: token(), waive: None };
    let second = prepared(&order(&mut i, &world, "ana", &again, min(2)).expect("second"));
    assert_eq!(second.attempt, 2);
    assert_ne!(second.id, first.id);
    let body: Value = serde_json::from_str(&second.body).expect("json");
    assert_eq!(body["data"]["attempt"], 2);
}

#[test]
fn a_rehearsal_is_offered_where_the_real_one_is_not_and_leaves_no_event() {
    let (i, world) = (incident(Severity::Sev4), World::new());
    let gone_through = rehearsal(&i, None, &world.facts(), min(1)).expect("a rehearsal");
    let failed: Vec<_> = gone_through.plan.prechecks.iter().filter(|c| c.stops()).collect();
    assert_eq!((failed.len(), failed[0].name.as_str()), (1, "severity allows it"));
    assert_eq!(i, incident(Severity::Sev4));
}

#[test]
fn two_journals_send_the_same_rollback_with_the_same_key_and_the_same_bytes() {
    let world = World::new();
    let mut ours = incident(Severity::Sev1);
    let mut theirs = incident(Severity::Sev1);
    theirs.id = "INC-OTHER".into();
    let one = prepared(&order(&mut ours, &world, "ana", &rollback(), min(1)).expect("here"));
    let two = prepared(&order(&mut theirs, &world, "ben", &rollback(), min(9)).expect("there"));
    assert_eq!((&one.id, &one.body), (&two.id, &two.body));
}

#[test]
fn an_answer_about_the_key_keeps_the_key_and_never_leads_to_a_fresh_one() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let first = prepared(&order(&mut i, &world, "ana", &rollback(), min(1)).expect("first"));
    let detail = "http 422: the receiver may know this request from before".to_owned();
    let seen = Outcome::Unknown { detail, status: 422, retry_after_s: None, run_id: None };
    answer(&mut i, 1, &first, seen);
    let again = Order::RollbackAgain { token: token(), waive: None };
    assert_eq!(order(&mut i, &world, "ana", &again, min(2)), Err("again"), "no fresh key");
    let same = prepared(&order(&mut i, &world, "ana", &rollback(), min(2)).expect("the same"));
    assert_eq!((same, i.actions.len()), (first, 1));
}

#[test]
fn a_secret_that_cannot_sign_fails_its_check_and_one_not_read_here_does_not() {
    for (signing, ok, words) in [
        (Signing::Unusable("file x: it is no base64".to_owned()), false, "no base64"),
        (Signing::NotHere("X is not set".to_owned()), true, "not readable here (X is not set)"),
        (Signing::NotRead, true, "not read here"),
        (Signing::Usable, true, "it signs"),
    ] {
        let (mut i, mut world) = (incident(Severity::Sev1), World::new());
        world.actions[0].signing = signing;
        let plan = plan(&i, &world.facts(), min(1)).expect("a plan");
        let check = plan.prechecks.iter().find(|c| c.name == "signing secret is usable");
        let check = check.expect("the check");
        assert!(check.ok == ok && check.detail.contains(words), "{check:?}");
        assert_eq!(plan.ready, ok);
        let ordered = order(&mut i, &world, "ana", &rollback(), min(1));
        assert_eq!(ordered.is_ok(), ok);
    }
}

#[test]
fn why_there_is_nothing_to_roll_back_is_told_by_its_own_reason() {
    let (i, mut world) = (incident(Severity::Sev1), World::new());
    let said = |i: &Incident, world: &World| {
        rehearsal(i, None, &world.facts(), min(1)).map(|_| ()).expect_err("no plan").words()
    };
    let mut none = i.clone();
    none.case.suspect.release = None;
    assert_eq!(said(&none, &world), "no release is suspected");
    let release = i.case.suspect.release.clone().expect("a suspect");
    let service = std::mem::take(&mut world.changes[1].service);
    world.changes[1].service = "other".to_owned();
    assert!(said(&i, &world).contains("no [[action]] in the config serves other in"));
    world.changes[1].service = service;
    world.actions.clear();
    assert_eq!(
        said(&i, &world),
        format!("{release} is suspected, but no [[action]] is in the config")
    );
    world.changes.clear();
    assert_eq!(said(&i, &world), format!("{release} is suspected and is not known here"));
}
