//! Orders that come second, pre-checks that may be gone past, and what the loser is told.
//! Steps are instants handed in; no clock, no journal.

use super::kit::*;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::event::{Event, Outcome, Waived};
use crate::incident::fold::Incident;
use crate::incident::gate::decide;
use crate::incident::order::Order;
use crate::incident::rollback::plan;
use crate::incident::state::ActionState;
use crate::policy::severity::Choice;
use crate::verdict::{Finding, Verdict};

fn rollback(waive: Option<&str>) -> Order {
    Order::Rollback { token: token(), waive: waive.map(str::to_owned) }
}

fn again(waive: Option<&str>) -> Order {
    Order::RollbackAgain { token: token(), waive: waive.map(str::to_owned) }
}

fn told(i: &Incident, world: &World, who: &str, command: &Order, second: i64) -> String {
    let result = decide(i, command, &person(who), &world.facts(), sec(second));
    result.expect_err("refused").to_string()
}

fn refused(retry_after_s: Option<u64>) -> Outcome {
    Outcome::Refused { status: 429, detail: "busy".to_owned(), retry_after_s }
}

/// A finding of a breach of `metric`.
fn finding(metric: Metric) -> Finding {
    Finding {
        guardrail: "g".into(),
        verdict: Verdict::Breach,
        metric,
        stat: "rate".to_owned(),
        segment: Scope::everything(),
        value: None,
        unit: "ratio".to_owned(),
        n: 10.0,
        baseline: None,
        now: None,
        bad_until: None,
        basis: None,
        test: String::new(),
        text: String::new(),
    }
}

#[test]
fn who_comes_second_is_told_who_was_first_and_when() {
    let span = Span::from_mins(5);
    let text = || "call".to_owned();
    let ack = Order::Acknowledge { note: String::new() };
    let start = Order::StartTimer { span };
    let more = Order::ExtendTimer { span, reason: text() };
    let hold = Order::Decide { choice: Choice::Hold, reason: text(), recheck: Some(span) };
    let resolve = Order::Resolve { reason: text() };
    let cases: [(&[&Order], &Order, &str); 8] = [
        (&[&ack], &ack, "ana@bastion did at 10:00:30Z"),
        (&[&start], &start, "ana@bastion started it at 10:00:30Z"),
        (&[&start, &more], &more, "ana@bastion did at 10:00:30Z"),
        (&[&ack, &more], &more, "ana@bastion did at 10:00:30Z"),
        (&[&start, &Order::StopTimer], &Order::StopTimer, "ana@bastion stopped the last one"),
        (&[&hold], &hold, "ana@bastion decided hold at 10:00:30Z"),
        (&[&resolve], &resolve, "INC-00001 is resolved; ana@bastion resolved it at 10:00:30Z"),
        (&[&resolve], &rollback(None), "ana@bastion resolved it at 10:00:30Z"),
    ];
    for (first, second, words) in cases {
        let (mut i, world) = (incident(Severity::Sev1), World::new());
        for command in first {
            order(&mut i, &world, "ana", command, sec(30)).expect("first");
        }
        let who = if *second == ack { "ana" } else { "ben" };
        let said = told(&i, &world, who, second, 31);
        assert!(said.contains(words), "{second:?}: {said}");
    }
}

#[test]
fn of_two_who_decide_at_once_the_first_has_and_a_second_thought_is_ones_own() {
    let world = World::new();
    let decide = |choice, reason: &str| Order::Decide {
        choice,
        reason: reason.to_owned(),
        recheck: Some(Span::from_mins(20)),
    };
    let mut i = incident(Severity::Sev1);
    order(&mut i, &world, "ana", &decide(Choice::Hold, "a"), sec(30)).expect("first");
    let cancel = decide(Choice::NotIncident, "b");
    assert_eq!(order(&mut i.clone(), &world, "ben", &cancel, sec(31)), Err("decided"));
    let own = order(&mut i.clone(), &world, "ana", &decide(Choice::Reroute, "b"), sec(31));
    assert!(own.is_ok());
    let same = decide(Choice::Hold, "a");
    assert_eq!(order(&mut i, &world, "ana", &same, sec(31)), Err("decided"), "said twice");
    assert!(order(&mut i, &world, "ben", &cancel, sec(41)).is_ok(), "later is another matter");
    let said = told(&i, &world, "ana", &rollback(None), 42);
    assert!(said.contains("ben@bastion said that it is no incident at 10:00:41Z"), "{said}");
}

#[test]
fn a_rollback_under_way_names_its_sender() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    order(&mut i, &world, "ana", &rollback(None), sec(30)).expect("first");
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, sec(30), "ana", Event::ActionSent { id, try_no: 1 });
    let said = told(&i, &world, "ben", &rollback(None), 31);
    assert!(said.contains("is sent, by ana@bastion at 10:00:30Z"), "{said}");
}

#[test]
fn a_blind_feed_that_carries_no_evidence_refuses_nothing() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    i.case.findings = vec![finding(Metric::PaymentRate), finding(Metric::CheckSuccess)];
    world.sources = vec![
        heard("marketing", &[Metric::CacPayback]),
        heard("rum", &[Metric::PaymentTry, Metric::CheckoutStart]),
        heard("checks", &[Metric::CheckSuccess]),
        heard("github", &[]),
    ];
    let evidence = |world: &World| {
        let plan = plan(&i, &world.facts(), min(1)).expect("a plan");
        plan.prechecks.into_iter().find(|c| c.name == "evidence is fresh").expect("the check")
    };
    world.sources[0].blind = true;
    assert!(evidence(&world).ok, "{:?}", evidence(&world));
    world.sources[1].blind = true;
    let seen = evidence(&world);
    assert!(seen.ok && seen.detail.ends_with("from checks; blind: rum"), "{}", seen.detail);
    world.sources[2].blind = true;
    let seen = evidence(&world);
    assert_eq!((seen.ok, seen.waivable), (false, true));
    assert_eq!(seen.detail, "evidence is blind: rum, checks");
    world.sources[2] = heard("checks", &[Metric::CheckSuccess]);
    world.sources[2].good_at = Some(min(-6));
    assert!(!evidence(&world).ok, "too old to act on");
}

#[test]
fn a_reason_goes_past_what_is_not_about_the_target_and_stays_in_the_record() {
    let (mut i, mut world) = (incident(Severity::Sev1), World::new());
    world.sources[0].blind = true;
    world.sources[1].good_at = Some(min(-6));
    let shown = plan(&i, &world.facts(), min(1)).expect("a plan");
    assert_eq!((shown.ready, shown.blocked().is_none()), (false, true));
    for empty in [None, Some(""), Some(" \n\t")] {
        assert_eq!(order(&mut i, &world, "ana", &rollback(empty), min(1)), Err("precheck"));
    }
    let long = "x".repeat(2001);
    assert_eq!(order(&mut i, &world, "ana", &rollback(Some(&long)), min(1)), Err("reason"));
    let why = Some(" the tills are down, RUM with them ");
    world.kill_switch = Some("the file is there");
    assert_eq!(order(&mut i, &world, "ana", &rollback(why), min(1)), Err("precheck"));
    world.kill_switch = None;
    let events = order(&mut i, &world, "ana", &rollback(why), min(1)).expect("gone past");
    let Some(Event::ActionPrepared { waived: Some(waived), .. }) = events.last() else {
        panic!("{events:?}");
    };
    let reason = "the tills are down, RUM with them".to_owned();
    assert_eq!(*waived, Waived { checks: vec!["evidence is fresh".to_owned()], reason });
    let line = &i.timeline.last().expect("told").text;
    assert!(line.contains(r#"past "evidence is not fresh": the tills are down"#), "{line}");
}

#[test]
fn a_reason_where_nothing_fails_is_no_waiver() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    let events = order(&mut i, &world, "ana", &rollback(Some("why not")), min(1)).expect("sent");
    assert!(matches!(
        events.last(),
        Some(Event::ActionPrepared { waived: None, chosen: None, .. })
    ));
}

#[test]
fn a_receiver_that_asked_for_time_is_given_it() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    order(&mut i, &world, "ana", &rollback(None), min(1)).expect("first");
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(1), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
    let answer = refused(Some(3600));
    tell(&mut i, min(1), "ana", Event::ActionAnswered { id, answer });
    assert_eq!(i.actions[0].state, ActionState::Refused);
    let said = told(&i, &world, "ana", &again(None), 120);
    assert!(said.contains("receiver asked to wait until 11:01:00Z (3600 s)"), "{said}");
    assert!(order(&mut i.clone(), &world, "ana", &again(Some("it runs again")), min(2)).is_ok());
    assert!(order(&mut i.clone(), &world, "ana", &again(None), min(61)).is_ok(), "its time is up");
    let mut other = incident(Severity::Sev1);
    other.id = "INC-00002".into();
    let mut world = World::new();
    world.incidents = vec![i];
    let said = told(&other, &world, "ben", &again(None), 120);
    assert!(said.contains("asked to wait"), "it rests for every incident: {said}");
}

#[test]
fn only_the_receivers_own_word_ends_the_rest_it_asked_for() {
    let silent = || Outcome::unknown("it does not know this request");
    let busy = |secs| Outcome::Unknown {
        status: 503,
        detail: "busy".into(),
        retry_after_s: secs,
        run_id: None,
    };
    let unsent = || Outcome::NotSent { detail: "no route".to_owned() };
    for later in [vec![silent()], vec![unsent(), silent()], vec![busy(None), refused(None)]] {
        let (mut i, world) = (incident(Severity::Sev1), World::new());
        order(&mut i, &world, "ana", &rollback(None), min(1)).expect("first");
        let id = i.actions[0].intent.id.clone();
        tell(&mut i, min(1), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
        for answer in std::iter::once(busy(Some(3600))).chain(later) {
            tell(&mut i, min(2), "ana", Event::ActionAnswered { id: id.clone(), answer });
        }
        let state = i.actions[0].state;
        let next = if state == ActionState::Refused { again(None) } else { rollback(None) };
        let said = told(&i, &world, "ana", &next, 180);
        assert!(said.contains("receiver asked to wait until 11:02:00Z"), "{state:?}: {said}");
        let later = order(&mut i.clone(), &world, "ana", &next, min(63));
        assert!(later.is_ok(), "its time is up: {later:?}");
    }
}

#[test]
fn its_newest_word_counts() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    order(&mut i, &world, "ana", &rollback(None), min(1)).expect("first");
    let id = i.actions[0].intent.id.clone();
    tell(&mut i, min(1), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
    for secs in [3600, 5] {
        let (detail, retry_after_s) = ("busy".to_owned(), Some(secs));
        let answer = Outcome::Unknown { status: 503, detail, retry_after_s, run_id: None };
        tell(&mut i, min(1), "ana", Event::ActionAnswered { id: id.clone(), answer });
    }
    assert!(order(&mut i, &world, "ana", &rollback(None), min(2)).is_ok(), "after five seconds");
}

#[test]
fn a_rest_without_end_does_not_overflow() {
    let (mut i, world) = (incident(Severity::Sev1), World::new());
    order(&mut i, &world, "ana", &rollback(None), min(1)).expect("first");
    let id = i.actions[0].intent.id.clone();
    let answer = refused(Some(u64::MAX));
    tell(&mut i, min(1), "ana", Event::ActionAnswered { id, answer });
    assert!(told(&i, &world, "ana", &again(None), 120).contains("asked to wait"));
}
