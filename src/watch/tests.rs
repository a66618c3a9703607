//! The core with an incident from the journal: what rollbacks are planned by, the kill switch, and
//! senders that fell silent. Steps are instants handed in; no journal, no source.

use super::event::{Batch, WatchEffect, WatchEvent};
use super::state::{SourceInfo, Watch, WatchSetup};
use super::update::update;
use crate::board::{ActionState, Board, Watcher};
use crate::detect::univariate::book::SeriesRules;
use crate::detect::{Engine, Settings};
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Event as Told;
use crate::incident::fold::Incident;
use crate::incident::order::Order;
use crate::incident::record::kind;
use crate::incident::tests::kit;
use crate::incident::tests::kit::{World, min, sec};
use crate::policy::judging::Policy;
use crate::policy::paging::Paging;

fn watch(incident: Incident) -> Watch {
    let source = SourceInfo {
        name: "github".into(),
        kind: "github".to_owned(),
        every: Span::from_secs(60),
        changes: true,
        past: false,
        url: String::new(),
        metrics: Vec::new(),
    };
    let watcher = Watcher {
        host: "bastion".to_owned(),
        pid: 1,
        since: min(0),
        lease_until: None,
        wall_at: None,
        beat: None,
    };
    let setup = WatchSetup {
        site: "shop".to_owned(),
        watcher,
        response: kit::policy(),
        actions: kit::actions(),
        sources: vec![source],
        currency: "EUR".to_owned(),
        speed: 1.0,
        salt: 1,
        series: SeriesRules::default(),
        paging: Paging::default(),
    };
    let policy = Policy::builtin().expect("policy");
    let engine = Engine::new(Settings::new(Span::from_mins(1), policy));
    Watch::new(setup, engine, vec![incident], min(0))
}

fn told(watch: &mut Watch, changes: Vec<Change>, at: Timestamp) -> (Option<Board>, Vec<Told>) {
    let batch = Batch { changes, ..Batch::default() };
    let next_at = at.plus(Span::from_secs(60));
    done(update(watch, WatchEvent::Polled { source: "github".into(), batch, at, next_at }))
}

fn done(effects: Vec<WatchEffect>) -> (Option<Board>, Vec<Told>) {
    let (mut board, mut events) = (None, Vec::new());
    for effect in effects {
        match effect {
            WatchEffect::Publish(shown) => board = Some(*shown),
            WatchEffect::Emit(_) => {}
            WatchEffect::Append(records) => events.extend(records.into_iter().map(|r| r.event)),
        }
    }
    (board, events)
}

#[test]
fn the_plan_rests_on_every_release_and_not_on_the_sixty_that_are_shown() {
    let mut watch = watch(kit::incident(Severity::Sev1));
    let others = (0..90_i64).map(|n| Change {
        service: "search".to_owned(),
        ..kit::change(&format!("search-{n}"), -n, ChangeStatus::Succeeded)
    });
    let all: Vec<Change> = kit::changes().into_iter().chain(others).collect();
    let (board, _) = told(&mut watch, all.clone(), min(1));
    let board = board.expect("published");
    assert_eq!(board.releases.len(), 60);
    assert!(board.releases.iter().all(|r| r.id.as_str() != "theme-2026.11.20-2"), "cut off");
    let plan = board.incidents[0].rollback.as_ref().expect("a plan");
    assert_eq!((plan.to.as_str(), plan.ready), ("theme-2026.11.20-2", true));
    let carried = board.changes.expect("for every process that orders");
    assert_eq!(carried.len(), all.len());
    assert!(all.iter().all(|c| carried.contains(c)), "as the source told them");
}

#[test]
fn the_kill_switch_is_on_the_board_in_the_plan_and_in_a_standing_line() {
    let mut watch = watch(kit::incident(Severity::Sev1));
    told(&mut watch, kit::changes(), min(1));
    let why = Some("the file freeze is there".to_owned());
    let (board, _) =
        done(update(&mut watch, WatchEvent::KillSwitch { why: why.clone(), at: sec(61) }));
    let board = board.expect("published at once");
    assert_eq!(board.kill_switch, why);
    let line = "ROLLBACKS BLOCKED: kill switch is on: the file freeze is there";
    assert!(board.notices.iter().any(|n| n == line), "{:?}", board.notices);
    let plan = board.incidents[0].rollback.as_ref().expect("a plan");
    assert_eq!(plan.blocked().map(|c| c.name.as_str()), Some("kill switch is off"));
    let (board, _) = done(update(&mut watch, WatchEvent::KillSwitch { why: None, at: sec(62) }));
    let board = board.expect("published at once");
    assert_eq!(
        (board.kill_switch, board.incidents[0].rollback.as_ref().map(|p| p.ready)),
        (None, Some(true))
    );
}

#[test]
fn after_a_crash_at_sent_the_unknown_comes_with_the_actions_own_timeout() {
    let (mut incident, world) = (kit::incident(Severity::Sev1), World::new());
    let command = Order::Rollback { token: kit::token(), waive: None };
    kit::order(&mut incident, &world, "ana", &command, min(2)).expect("ordered");
    let id = incident.actions[0].intent.id.clone();
    kit::tell(&mut incident, min(2), "ana", Told::ActionSent { id, try_no: 1 });
    let mut watch = watch(incident);
    told(&mut watch, kit::changes(), min(2));
    assert_eq!(watch.next_wake(min(2)), Some(sec(136)), "15 s and one to write it down");
    let (_, events) = done(update(&mut watch, WatchEvent::Woke { at: sec(135) }));
    assert!(events.is_empty(), "its sender may still speak: {events:?}");
    let (board, events) = done(update(&mut watch, WatchEvent::Woke { at: sec(136) }));
    let action = board.expect("published").incidents[0].action.clone().expect("an action");
    assert_eq!(action.state, ActionState::Unknown, "shown before the journal has it");
    assert_eq!(events.iter().map(kind).collect::<Vec<_>>(), ["action_answered"]);
}
