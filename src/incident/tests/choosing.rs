//! Another release than the suspect: listed with shares and ways back, ordered under the same
//! pre-checks, and in the record as a person's choice. And a rollback beside one that is proven.

use super::kit::*;
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::id::{IncidentId, ReleaseId};
use crate::domain::severity::Severity;
use crate::incident::event::{Event, Outcome};
use crate::incident::fold::Incident;
use crate::incident::id::confirm_token;
use crate::incident::order::Order;
use crate::incident::record::{from_line, to_line};
use crate::incident::rollback::{others, plan, rehearsal};
use crate::incident::state::Alternative;
use crate::policy::action::ActionPolicy;
use crate::verdict::{Candidate, Case};

/// A second service with two releases and its own action.
fn world() -> World {
    let mut world = World::new();
    let of = |id: &str, minute, status| Change {
        service: "search".to_owned(),
        ..change(id, minute, status)
    };
    world.changes.push(of("search-8", -900, ChangeStatus::Inactive));
    world.changes.push(of("search-9", -8, ChangeStatus::Succeeded));
    world.changes.push(Change {
        service: "feed".to_owned(),
        ..change("feed-1", -20, ChangeStatus::Succeeded)
    });
    let action = ActionPolicy { service: "search".to_owned(), ..actions().remove(0) };
    world.actions.push(ActionPolicy { name: "rollback_search".to_owned(), ..action });
    world
}

fn tie() -> Incident {
    let mut i = incident(Severity::Sev1);
    let candidate =
        |release: &str, share| Candidate { release: release.into(), share, previous: None };
    i.case.suspect.candidates =
        vec![candidate("search-9", 0.38), candidate("theme-2026.11.20-3", 0.52)];
    i
}

fn of(release: &str, to: &str) -> Order {
    let token = confirm_token(&ReleaseId::from(to));
    Order::RollbackOf { release: release.into(), token, waive: None, again: false }
}

#[test]
fn every_release_that_may_have_done_it_is_listed_with_its_share_and_its_way_back() {
    let world = world();
    let all = others(&tie(), &world.facts(), min(1));
    let words: Vec<String> = all.iter().map(Alternative::words).collect();
    assert_eq!(
        words,
        [
            "theme-2026.11.20-3 of theme, the suspect, 52 % likely: back to theme-2026.11.20-2",
            "search-9 of search, 38 % likely: back to search-8",
            "feed-1 of feed: no way back: no [[action]] in the config serves feed in production",
        ]
    );
    assert!(all[0].suspect && !all[1].suspect);
    assert!(all[1].plan.as_ref().is_some_and(|p| p.ready && p.service == "search"));
}

#[test]
fn a_chosen_release_is_rolled_back_and_the_record_says_that_it_was_chosen() {
    let (world, mut i) = (world(), tie());
    assert_eq!(order(&mut i, &world, "ana", &of("search-9", "theme-x"), min(1)), Err("token"));
    let events = order(&mut i, &world, "ana", &of("search-9", "search-8"), min(1)).expect("taken");
    let Some(event @ Event::ActionPrepared { intent, chosen: Some(chosen), .. }) = events.last()
    else {
        panic!("{events:?}")
    };
    assert_eq!((intent.service.as_str(), intent.from.as_str()), ("search", "search-9"));
    assert_eq!(chosen.against, Some(ReleaseId::from("theme-2026.11.20-3")));
    let words = "chosen by the operator against the suspect theme-2026.11.20-3";
    assert!(crate::incident::words::words(event).ends_with(words));
    assert!(i.timeline.iter().any(|l| l.text.contains(words)));
    let line = to_line(&record(min(1), "ana", event.clone())).expect("line");
    assert_eq!(from_line(&line).expect("back").event, *event);
    // The plan that is shown follows what was sent.
    assert_eq!(plan(&i, &world.facts(), min(2)).expect("plan").from, "search-9".into());
}

#[test]
fn choosing_the_suspect_is_no_choice_and_old_records_have_none() {
    let (world, mut i) = (world(), tie());
    let suspect = of("theme-2026.11.20-3", "theme-2026.11.20-2");
    let events = order(&mut i, &world, "ana", &suspect, min(1)).expect("taken");
    let event = events.last().expect("an event");
    assert!(matches!(event, Event::ActionPrepared { chosen: None, .. }));
    let line = to_line(&record(min(1), "ana", event.clone())).expect("line");
    assert!(!line.contains("chosen"), "{line}");
}

#[test]
fn pre_checks_hold_for_a_chosen_release_too() {
    let (mut world, mut i) = (world(), tie());
    world.changes.push(Change {
        service: "search".to_owned(),
        ..change("search-10", -1, ChangeStatus::Succeeded)
    });
    let facts = world.facts();
    let blocked = rehearsal(&i, Some(&"search-9".into()), &facts, min(1)).expect("a plan").plan;
    assert!(!blocked.ready);
    let all = others(&i, &facts, min(1));
    let nine = all.iter().find(|a| a.release.as_str() == "search-9").expect("listed");
    let why = nine.why_not.as_deref().unwrap_or_default();
    assert!(why.contains("search-10"), "{why}");
    assert_eq!(order(&mut i, &world, "ana", &of("search-9", "search-8"), min(1)), Err("precheck"));
    let unknown = of("search-77", "search-8");
    assert_eq!(order(&mut i, &world, "ana", &unknown, min(1)), Err("config"));
    let low = plan(&i, &world.facts(), min(1)).expect("the suspect's");
    assert!(low.ready, "the other service is as free as before");
}

/// The first fault's rollback is accepted and being proven; the second fault is of another service.
#[test]
fn a_rollback_being_proven_blocks_its_own_service_and_no_other() {
    let mut world = world();
    let mut first = tie();
    let command = Order::Rollback { token: token(), waive: None };
    let events = order(&mut first, &world, "ana", &command, min(1)).expect("taken");
    let id = events.iter().find_map(|e| match e {
        Event::ActionPrepared { intent, .. } => Some(intent.id.clone()),
        _ => None,
    });
    let id = id.expect("prepared");
    tell(&mut first, min(1), "ana", Event::ActionSent { id: id.clone(), try_no: 1 });
    let answer = Outcome::Accepted { status: 202, detail: String::new() };
    tell(&mut first, min(1), "ana", Event::ActionAnswered { id, answer });
    assert!(first.action_in_flight().is_some());
    let second = |release: &str| {
        let mut i = incident(Severity::Sev1);
        i.id = IncidentId::from("INC-00002");
        let mut case: Case = i.case.clone();
        case.key = "regression:search".to_owned();
        case.suspect.release = Some(release.into());
        i.case = case;
        i
    };
    let (other, same) = (second("search-9"), second("theme-2026.11.20-3"));
    world.incidents = vec![first.clone(), other.clone()];
    let free = plan(&other, &world.facts(), min(2)).expect("a plan");
    assert!(free.ready, "{:?}", free.prechecks.iter().filter(|c| !c.ok).collect::<Vec<_>>());
    world.incidents = vec![first, same.clone()];
    let busy = plan(&same, &world.facts(), min(2)).expect("a plan");
    let blocked = busy.blocked().map(|c| c.name.as_str());
    assert_eq!(blocked, Some("none in flight"));
}
