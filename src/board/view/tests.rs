//! Views of an incident from triggered to verified.

use super::view;
use crate::board::{ActionState, State};
use crate::domain::severity::Severity;
use crate::incident::event::{Event, Outcome};
use crate::incident::order::Order;
use crate::incident::tests::kit::*;
use crate::policy::severity::Choice;

#[test]
fn a_fresh_sev_1_carries_the_whole_first_decision() {
    let (i, world) = (incident(Severity::Sev1), World::new());
    let v = view(&i, &world.facts(), min(1));
    assert_eq!((v.state, v.owner, v.acked_by), (State::Triggered, None, None));
    assert_eq!((v.ack_due_at, v.decide_due_at), (Some(min(5)), Some(min(15))));
    let money = v.revenue_at_risk.expect("money");
    assert_eq!((money.low, money.high, money.currency.as_str()), (80.0, 120.0, "EUR"));
    let plan = v.rollback.expect("plan");
    assert_eq!(plan.confirm_token, token());
    assert!(plan.ready, "{:?}", plan.prechecks);
    let allowed: Vec<Choice> = v.choices.iter().filter(|c| c.allowed).map(|c| c.choice).collect();
    assert_eq!(allowed, [Choice::Rollback, Choice::Reroute, Choice::Hold, Choice::NotIncident]);
    assert_eq!(v.choices.len(), 5, "what is not allowed is shown too");
    assert_eq!(v.timeline.len(), 1);
}

#[test]
fn accepted_and_live_are_two_facts() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    let command = Order::Rollback { token: token(), waive: None };
    order(&mut i, &world, "ana", &command, min(2)).expect("rollback");
    let action = |i: &crate::incident::fold::Incident, world: &World| {
        view(i, &world.facts(), sec(122)).action.expect("action")
    };
    assert_eq!(action(&i, &world).state, ActionState::Prepared);
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(2), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
    let answer = Outcome::Accepted { status: 202, detail: "queued".to_owned() };
    tell(&mut i, min(2), "ana", Event::ActionAnswered { id, answer });
    let seen = action(&i, &world);
    assert_eq!((seen.state, seen.verify_until), (ActionState::Accepted, Some(min(32))));
    world.changes = rolled_back(2);
    let seen = action(&i, &world);
    assert_eq!(seen.state, ActionState::Verifying);
    assert!(seen.detail.contains("accepted (202): queued; theme-2026.11.20-2 is live"));
    assert_eq!(view(&i, &world.facts(), min(3)).state, State::Verifying);
}

#[test]
fn no_suspect_and_no_action_mean_no_plan() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    world.actions.clear();
    assert_eq!(view(&i, &world.facts(), min(1)).rollback, None);
    world = World::new();
    i.case.suspect.release = None;
    assert_eq!(view(&i, &world.facts(), min(1)).rollback, None);
}

#[test]
fn without_an_earlier_release_the_plan_says_so_and_cannot_be_confirmed() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    world.changes.remove(0);
    let plan = view(&i, &world.facts(), min(1)).rollback.expect("plan");
    assert_eq!((plan.confirm_token.as_str(), plan.ready), ("", false));
    let command = Order::Rollback { token: String::new(), waive: None };
    assert_eq!(order(&mut i, &world, "ana", &command, min(1)), Err("token"));
}

#[test]
fn fresher_figures_of_judging_are_shown_before_they_are_recorded() {
    let (i, world) = (incident(Severity::Sev1), World::new());
    let mut fresh = case(Severity::Sev1);
    fresh.headline = "Payment step 61% -> 12%".to_owned();
    let cases = [fresh];
    let facts = crate::incident::facts::OrderFacts { cases: &cases, ..world.facts() };
    assert_eq!(view(&i, &facts, min(1)).headline, "Payment step 61% -> 12%");
}
