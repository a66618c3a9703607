//! After the rollback: accepted is not live, live is not recovered, recovered must hold.
//! Steps are instants handed in; no clock, no journal.

use super::kit::*;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::event::{Event, Outcome};
use crate::incident::fold::Incident;
use crate::incident::order::Order;
use crate::incident::record::kind;
use crate::incident::state::{ActionState, State};
use crate::incident::verify::{fallen_silent, shown, verify};

fn sent(outcome: Outcome) -> (Incident, World) {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(2)).expect("rollback");
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(2), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
    tell(&mut i, min(2), "ana", Event::ActionAnswered { id, answer: outcome });
    (i, world)
}

fn accepted() -> (Incident, World) {
    sent(Outcome::Accepted { status: 202, detail: "queued".to_owned() })
}

fn watch(i: &mut Incident, world: &World, minute: i64) -> Vec<&'static str> {
    let records = verify(i, &world.facts(), min(minute));
    for record in &records {
        tell(i, record.at, "tillwatch", record.event.clone());
    }
    records.iter().map(|r| kind(&r.event)).collect()
}

#[test]
fn recovery_counts_when_the_target_is_live_and_the_case_stays_clear() {
    let (mut i, mut world) = accepted();
    assert_eq!(i.state(), State::Verifying);
    tell(&mut i, min(5), "tillwatch", Event::Cleared);
    assert_eq!(watch(&mut i, &world, 11), Vec::<&str>::new(), "the old release is still live");
    world.changes = rolled_back(4);
    assert_eq!(watch(&mut i, &world, 9), Vec::<&str>::new(), "clear for four minutes only");
    assert_eq!(watch(&mut i, &world, 10), ["action_verified", "mitigated"]);
    assert_eq!(i.state(), State::Mitigated);
    assert_eq!(i.actions[0].state, ActionState::Verified);
    assert!(i.actions[0].detail.contains("theme-2026.11.20-2 is live"));
    assert_eq!(watch(&mut i, &world, 11), Vec::<&str>::new());
}

#[test]
fn a_relapse_during_verification_starts_the_hold_anew() {
    let (mut i, mut world) = accepted();
    world.changes = rolled_back(4);
    tell(&mut i, min(5), "tillwatch", Event::Cleared);
    tell(&mut i, min(7), "tillwatch", Event::Updated { case: Box::new(case(Severity::Sev1)) });
    assert_eq!(watch(&mut i, &world, 10), Vec::<&str>::new());
    tell(&mut i, min(8), "tillwatch", Event::Cleared);
    assert_eq!(watch(&mut i, &world, 12), Vec::<&str>::new());
    assert_eq!(watch(&mut i, &world, 13), ["action_verified", "mitigated"]);
}

#[test]
fn still_bad_at_the_end_reopens_the_decision_with_a_new_clock() {
    let (mut i, mut world) = accepted();
    world.changes = rolled_back(4);
    assert_eq!(watch(&mut i, &world, 31), Vec::<&str>::new());
    assert_eq!(watch(&mut i, &world, 32), ["action_not_helping"]);
    assert_eq!(i.decide_clock(), Some(min(47)));
    assert_eq!((i.decision.is_none(), i.state()), (true, State::Triggered));
    assert_eq!(i.actions[0].state, ActionState::NotHelping);
}

#[test]
fn accepted_but_never_live_did_not_help_even_if_it_calmed_down() {
    let (mut i, world) = accepted();
    tell(&mut i, min(5), "tillwatch", Event::Cleared);
    assert_eq!(watch(&mut i, &world, 32), ["action_not_helping"]);
    assert!(i.actions[0].detail.contains("theme-2026.11.20-3 is live"));
}

#[test]
fn without_a_deploy_feed_recovery_is_taken_late_and_says_so() {
    let (mut i, mut world) = accepted();
    world.changes.clear();
    tell(&mut i, min(5), "tillwatch", Event::Cleared);
    assert_eq!(watch(&mut i, &world, 31), Vec::<&str>::new());
    assert_eq!(watch(&mut i, &world, 32), ["action_verified", "mitigated"]);
    assert!(i.actions[0].detail.contains("says nothing"));
}

#[test]
fn the_feed_settles_an_unknown_outcome() {
    let (mut i, mut world) = sent(Outcome::unknown("timeout"));
    assert_eq!(watch(&mut i, &world, 3), Vec::<&str>::new());
    world.changes = rolled_back(4);
    assert_eq!(watch(&mut i, &world, 5), ["action_answered"]);
    assert_eq!((i.state(), i.actions[0].state), (State::Verifying, ActionState::Accepted));
}

/// What the silence of senders leaves in the journal.
fn silence(i: &mut Incident, world: &World, second: i64) -> Vec<&'static str> {
    let records = fallen_silent(i, &world.facts(), sec(second));
    for record in &records {
        tell(i, record.at, "tillwatch", record.event.clone());
    }
    records.iter().map(|r| kind(&r.event)).collect()
}

#[test]
fn a_crash_after_sending_is_unknown_one_second_after_the_time_for_an_answer() {
    for (timeout, last) in [(15, 135), (1, 121), (300, 420)] {
        let (mut i, mut world) = (incident(Severity::Sev1), World::new());
        world.actions[0].timeout = Span::from_secs(timeout);
        let command = Order::Rollback { token: token(), waive: None };
        order(&mut i, &world, "ana", &command, min(2)).expect("rollback");
        let id = i.actions[0].intent.id.clone();
        tell(&mut i, min(2), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
        assert_eq!(silence(&mut i, &world, last), Vec::<&str>::new(), "its sender still waits");
        assert_eq!(shown(&i.actions[0], &world.facts(), sec(last)).0, ActionState::Sent);
        let full = shown(&i.actions[0], &world.facts(), sec(last + 1));
        assert_eq!(
            full.0,
            ActionState::Unknown,
            "shown though a full disk keeps it from the journal"
        );
        assert_eq!(silence(&mut i, &world, last + 1), ["action_answered"]);
        assert_eq!(i.actions[0].state, ActionState::Unknown);
        // The answer that comes after all still counts; a final one is never taken back.
        let late = Outcome::Accepted { status: 200, detail: String::new() };
        tell(&mut i, min(9), "ana", Event::ActionAnswered { id: id.clone(), answer: late });
        let lost = Outcome::unknown("x");
        tell(&mut i, min(9), "ana", Event::ActionAnswered { id, answer: lost });
        assert_eq!(i.actions[0].state, ActionState::Accepted);
        assert_eq!(silence(&mut i, &world, 3600), Vec::<&str>::new());
    }
}

#[test]
fn a_fast_shop_gives_its_receiver_the_same_time_on_the_wall() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    world.speed = 60.0;
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(2)).expect("rollback");
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(2), "ana", Event::ActionSent { id, try_no: 1 });
    assert_eq!(silence(&mut i, &world, 120 + 15 * 60), Vec::<&str>::new());
    assert_eq!(silence(&mut i, &world, 120 + 16 * 60), ["action_answered"]);
}

#[test]
fn a_prepared_one_that_nobody_sends_was_not_sent_and_gives_the_decision_back() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let due = i.decide_clock();
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(2)).expect("rollback");
    assert_eq!(silence(&mut i, &world, 124), Vec::<&str>::new());
    let full = shown(&i.actions[0], &world.facts(), sec(125));
    assert_eq!((full.0, full.1.starts_with("NOT SENT: ")), (ActionState::NotSent, true));
    assert_eq!(silence(&mut i, &world, 125), ["action_answered"]);
    assert_eq!((i.actions[0].state, i.decide_clock()), (ActionState::NotSent, due));
    assert_eq!(silence(&mut i, &world, 200), Vec::<&str>::new(), "said once");
}

#[test]
fn an_unknown_outcome_does_not_hold_an_incident_for_ever() {
    let (mut i, world) = sent(Outcome::unknown("timeout"));
    assert_eq!(watch(&mut i, &world, 31), Vec::<&str>::new());
    assert_eq!(watch(&mut i, &world, 32), ["action_not_helping"]);
    assert!(i.actions[0].detail.contains("never learned"), "{}", i.actions[0].detail);
    let (mut i, world) = sent(Outcome::unknown("timeout"));
    tell(&mut i, min(30), "tillwatch", Event::Cleared);
    assert_eq!(watch(&mut i, &world, 34), Vec::<&str>::new(), "clear for four minutes only");
    assert_eq!(watch(&mut i, &world, 35), ["action_verified", "mitigated"]);
}

#[test]
fn the_same_request_may_be_sent_again_while_its_outcome_is_unknown() {
    let (mut i, world) = sent(Outcome::unknown("timeout"));
    let first = i.actions[0].intent.clone();
    let plan = crate::incident::rollback::plan(&i, &world.facts(), min(3)).expect("a plan");
    assert_eq!(plan.resend_of.as_ref(), Some(&first.id));
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(3)).expect("the same again");
    assert_eq!((i.actions.len(), &i.actions[0].intent), (1, &first), "same key, same bytes");
    let id = first.id.clone();
    tell(&mut i, min(3), "ana", Event::ActionSent { id: id.clone(), try_no: 2 });
    let answer = Outcome::Accepted { status: 200, detail: String::new() };
    tell(&mut i, min(3), "ana", Event::ActionAnswered { id, answer });
    assert_eq!((i.actions[0].state, i.actions[0].tries), (ActionState::Accepted, 2));
    let plan = crate::incident::rollback::plan(&i, &world.facts(), min(4)).expect("a plan");
    assert_eq!(plan.resend_of, None);
}

#[test]
fn what_was_not_sent_gives_the_decision_back_and_is_ordered_again_as_the_same_request() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let due = i.decide_clock();
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(2)).expect("rollback");
    let first = i.actions[0].intent.clone();
    let answer = Outcome::NotSent { detail: "the kill switch is on".to_owned() };
    tell(&mut i, min(2), "ana", Event::ActionAnswered { id: first.id.clone(), answer });
    assert_eq!((i.actions[0].state, i.action_in_flight()), (ActionState::NotSent, None));
    assert_eq!(i.actions[0].detail, "NOT SENT: the kill switch is on");
    assert_eq!((i.decision.is_none(), i.decide_clock()), (true, due), "the same clock runs on");
    let plan = crate::incident::rollback::plan(&i, &world.facts(), min(3)).expect("a plan");
    assert_eq!((plan.attempt, plan.resend_of, plan.ready), (1, None, true));
    order(&mut i, &world, "ben", &command, min(3)).expect("the same once more");
    assert_eq!((i.actions.len(), &i.actions[0].intent), (1, &first));
    let run = &i.actions[0];
    assert_eq!((run.state, run.by.name.as_str()), (ActionState::Prepared, "ben"));
    assert_eq!(i.state(), State::Mitigating);
}

#[test]
fn a_try_that_never_left_proves_nothing_about_the_one_before_it() {
    let (mut i, world) = sent(Outcome::unknown("timeout"));
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(3)).expect("the same again");
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(3), "ana", Event::ActionSent { id: id.clone(), try_no: 2 });
    let answer = Outcome::NotSent { detail: "connection refused".to_owned() };
    tell(&mut i, min(3), "ana", Event::ActionAnswered { id, answer });
    assert_eq!((i.actions[0].state, i.state()), (ActionState::Unknown, State::Mitigating));
    assert!(i.decision.is_some());
}

#[test]
fn the_run_that_a_receiver_named_is_remembered_when_later_answers_do_not_say_it() {
    let named = |run: Option<&str>| Outcome::Unknown {
        detail: "busy".to_owned(),
        status: 409,
        retry_after_s: None,
        run_id: run.map(str::to_owned),
    };
    let (mut i, _) = sent(named(Some("4711")));
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(3), "ana", Event::ActionAnswered { id, answer: named(None) });
    assert_eq!(i.actions[0].run_id.as_deref(), Some("4711"));
}
