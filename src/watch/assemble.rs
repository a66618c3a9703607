//! The board out of the watcher's state: everything a viewer shows, worst first.
//! Pure; decides nothing that the rooms below have not decided.

use std::collections::BTreeMap;

use crate::board::notified::Escalation;
use crate::board::said::Said;
use crate::board::{self, Board, SCHEMA, SourceState, view};
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::facts::went_live;
use crate::incident::fold::Incident;
use crate::incident::paging::Rung;
use crate::incident::{paging, rank, unread};
use crate::verdict::{Judged, Verdict};

use super::checklist::checklist;
use super::health::Health;
use super::learning;
use super::state::Watch;
use super::unstored::Unstored;

/// Releases kept on the board.
const RELEASES_SHOWN: usize = 60;

/// The board at `now`.
pub fn board(watch: &Watch, now: Timestamp) -> Board {
    let incidents = incidents(watch, now);
    let mut board = Board {
        schema: SCHEMA.to_owned(),
        generated_at: now,
        site: watch.setup.site.clone(),
        watcher: Some(watch.setup.watcher.clone()),
        releases: releases(watch, &incidents, now),
        incidents,
        cells: watch.judgement.cells.clone(),
        impacts: watch.judgement.impacts.clone(),
        journeys: watch.judgement.journeys.clone(),
        guardrails: watch.judgement.guardrails.clone(),
        funnel: watch.judgement.funnel.clone(),
        checklist: Vec::new(),
        sources: sources(watch),
        notices: notices(watch, now),
        kill_switch: blocked(watch),
        changes: Some(watch.releases()),
        speed: watch.setup.speed,
        judged_until: watch.engine.judged_until(),
        learning: learning::learning(watch, now),
        fresh_for: fresh_for(watch),
        policy: said(watch),
        not_stored: watch.unstored.as_ref().map(Unstored::words),
        absent: None,
    };
    let telling = watch.setup.sources.iter().filter(|s| s.changes).count();
    board.checklist = checklist(&board, telling);
    if !board.sources.is_empty() && board.sources.iter().all(|s| s.state == SourceState::Blind) {
        darken(&mut board);
    } else if board.sources.iter().all(is_silent) {
        doubt(&mut board);
    }
    board
}

fn said(watch: &Watch) -> Said {
    let policy = watch.engine.policy();
    Said::of(&policy.guardrail, &policy.journey, &watch.setup.response.rows)
}

/// Every source is blind: whatever the rows say is of the time before, and none of it is ok.
fn darken(board: &mut Board) {
    const WHY: &str = "every source is blind";
    let cells = board.cells.iter_mut().map(|c| &mut c.verdict);
    let steps = board.funnel.iter_mut().map(|s| &mut s.verdict);
    let journeys = board.journeys.iter_mut().map(|j| &mut j.verdict);
    for verdict in cells.chain(steps).chain(journeys).filter(|v| **v != Verdict::Breach) {
        *verdict = Verdict::Blind;
    }
    for row in board.guardrails.iter_mut().filter(|g| g.verdict != Verdict::Breach) {
        (row.judged, row.verdict) = (Judged::Blind, Verdict::Blind);
        WHY.clone_into(&mut row.detail);
    }
    for item in board.checklist.iter_mut().filter(|item| item.pass) {
        (item.pass, item.detail) = (false, WHY.to_owned());
    }
}

const fn is_silent(source: &board::SourceView) -> bool {
    matches!(source.state, SourceState::Stale | SourceState::Blind)
}

/// No source tells of now: a row that is called ok by what was not told is not ok.
fn doubt(board: &mut Board) {
    for row in board.guardrails.iter_mut().filter(|g| g.verdict == Verdict::Ok) {
        (row.judged, row.verdict) = (Judged::Unseen, Verdict::Unsure);
        row.detail = format!("no source tells of now; {}", row.detail);
    }
}

/// Boards come with every poll: four of the shortest interval without one is not fresh; half a
/// minute is always let pass, and six wall seconds where the shop runs fast.
fn fresh_for(watch: &Watch) -> Option<Span> {
    let shortest = watch.setup.sources.iter().map(|s| s.every).min()?;
    let floor = Span::from_millis((6000.0 * watch.setup.speed.max(1.0)) as i64);
    let fast = if watch.setup.speed > 1.0 { floor } else { Span::ZERO };
    Some(shortest.times(4).max(Span::from_secs(30)).max(fast))
}

fn incidents(watch: &Watch, now: Timestamp) -> Vec<board::IncidentView> {
    let changes = watch.releases();
    let told = watch.told();
    let facts = watch.facts(&changes, &told);
    let mut ranked: Vec<&Incident> = watch.incidents.iter().collect();
    ranked.sort_by(|a, b| rank::compare(a, b));
    let (unknown, look) = (watch.not_stored(), watch.setup.look(now));
    let called = |r: Rung| Escalation { to: r.whom, rung: r.number, at: r.at };
    let stored = |i: &Incident| !unknown.contains(&i.id);
    let view = |i| board::IncidentView {
        stored: stored(i),
        escalates: paging::next_rung(i, &look).map(called),
        ..view::view(i, &facts, now)
    };
    ranked.into_iter().map(view).collect()
}

fn releases(
    watch: &Watch,
    incidents: &[board::IncidentView],
    now: Timestamp,
) -> Vec<board::Release> {
    let mut changes: Vec<&Change> = watch.changes.values().collect();
    changes.sort_by_key(|c| (std::cmp::Reverse(c.effective_at()), c.id.clone()));
    let shares = shares(&changes, now);
    let told = changes.into_iter().zip(shares).take(RELEASES_SHOWN);
    told.map(|(c, share)| release(c, share, incidents, now)).collect()
}

/// The share of shoppers who meet each change, the newest first: of one service's releases the
/// newest takes its part and leaves the rest to those before it.
fn shares(changes: &[&Change], now: Timestamp) -> Vec<f64> {
    let mut left: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    let mut out = Vec::with_capacity(changes.len());
    for change in changes.iter().copied() {
        let own = change.share_at(now);
        let met = change.effective_at() <= now && went_live(change);
        if met && replaced_by_name(change, changes, now) {
            out.push(0.0);
            continue;
        }
        if !met || !change.is_release() {
            out.push(if met { own } else { 0.0 });
            continue;
        }
        let rest = left.entry((&change.service, &change.environment)).or_insert(1.0);
        let met = own.min(*rest);
        *rest -= met;
        out.push(met);
    }
    out
}

/// A later change of the same kind and service says that it came after this one, whatever the kind:
/// of a config or a flag nothing else tells that the old one is gone.
fn replaced_by_name(change: &Change, changes: &[&Change], now: Timestamp) -> bool {
    let after = |c: &&&Change| {
        c.previous.as_ref() == Some(&change.id)
            && (c.kind, &c.service, &c.environment)
                == (change.kind, &change.service, &change.environment)
            && c.effective_at() > change.effective_at()
            && c.effective_at() <= now
            && went_live(c)
    };
    changes.iter().find(after).is_some_and(|c| c.share_at(now) >= 1.0)
}

fn release(
    change: &Change,
    share: f64,
    incidents: &[board::IncidentView],
    now: Timestamp,
) -> board::Release {
    let replaced = change.is_release() && share <= 0.0 && change.effective_at() <= now;
    board::Release {
        id: change.id.clone(),
        service: change.service.clone(),
        kind: change.kind,
        environment: change.environment.clone(),
        started_at: change.started_at.or(Some(change.effective_at())),
        finished_at: change.finished_at,
        share,
        status: match change.status {
            // what nobody meets any more is replaced, whatever its feed still calls it
            ChangeStatus::Succeeded if replaced => ChangeStatus::Inactive,
            status => status,
        },
        previous: change.previous.clone(),
        author: change.author.clone(),
        suspect_of: incidents
            .iter()
            .filter(|i| i.suspect.release.as_ref() == Some(&change.id))
            .map(|i| i.id.clone())
            .collect(),
        candidate_of: incidents
            .iter()
            .filter(|i| i.suspect.is_tie())
            .filter_map(|i| {
                let share = i.suspect.share_of(&change.id)?;
                Some(board::CandidateOf { incident: i.id.clone(), share })
            })
            .collect(),
    }
}

fn sources(watch: &Watch) -> Vec<board::SourceView> {
    let known = |name: &SourceId| watch.setup.sources.iter().find(|info| info.name == *name);
    let view = |health: &Health| {
        let view = health.view();
        match known(&health.name) {
            Some(info) => board::SourceView {
                url: info.url.clone(),
                metrics: info.metrics.clone(),
                told: info.metrics.iter().map(|m| health.told(*m)).collect(),
                past: watch.pasts.of(&health.name),
                ..view
            },
            None => view,
        }
    };
    watch.health.values().map(view).collect()
}

/// Why no rollback may be sent: the file, or the config.
fn blocked(watch: &Watch) -> Option<String> {
    let set = watch.setup.response.timing.kill_switch;
    let config = set.then(|| "the config says kill_switch = true".to_owned());
    watch.kill_switch.clone().or(config)
}

fn notices(watch: &Watch, now: Timestamp) -> Vec<String> {
    let mut notices: Vec<String> = watch.trouble.iter().cloned().collect();
    notices.extend(watch.unstored.iter().map(|waits| format!("NOT STORED - {}", waits.words())));
    notices.extend(watch.timing.notices(now));
    notices.extend(unread::notices(&watch.unread));
    notices
        .extend(blocked(watch).map(|why| format!("ROLLBACKS BLOCKED: kill switch is on: {why}")));
    notices.extend(watch.engine.freezes());
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::Stage;
    use crate::incident::tests::kit::{change, min};

    fn told(changes: &[Change]) -> Vec<(f64, ChangeStatus)> {
        let all: Vec<&Change> = changes.iter().collect();
        let shares = shares(&all, min(0));
        let rows = all.into_iter().zip(shares);
        rows.map(|(c, s)| release(c, s, &[], min(0))).map(|r| (r.share, r.status)).collect()
    }

    #[test]
    fn of_one_services_releases_the_newest_is_live_and_those_before_are_replaced() {
        let back = change("theme-2#back", -1, ChangeStatus::Succeeded);
        let bad = change("theme-3", -9, ChangeStatus::Succeeded);
        let old = change("theme-2", -90, ChangeStatus::Succeeded);
        let is = |share, status| (share, status);
        let rows = told(&[back, bad, old]);
        assert_eq!(rows[0], is(1.0, ChangeStatus::Succeeded));
        assert_eq!(rows[1..], [is(0.0, ChangeStatus::Inactive), is(0.0, ChangeStatus::Inactive)]);
    }

    #[test]
    fn a_staged_release_shares_the_shoppers_with_the_one_before_it() {
        let stages = vec![Stage { at: min(-9), share: 0.05 }];
        let new = Change { stages, ..change("theme-3", -9, ChangeStatus::Succeeded) };
        let old = change("theme-2", -90, ChangeStatus::Succeeded);
        let rows = told(&[new, old]);
        assert_eq!(rows, [(0.05, ChangeStatus::Succeeded), (0.95, ChangeStatus::Succeeded)]);
    }
}
