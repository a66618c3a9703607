//! The releases that a rollback could leave instead of the suspect: how likely each did it, and
//! whether it can be gone back from. A list for people; nothing here chooses.

use super::RollbackDraft;
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::id::ReleaseId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::facts::{OrderFacts, names};
use crate::incident::fold::Incident;
use crate::incident::state::{Alternative, Precheck, RollbackPlan};
use crate::verdict::Suspect;

/// So many are listed.
const MOST: usize = 6;
/// What went live longer than this before the onset is no candidate by its time.
const BEFORE: Span = Span::from_hours(24);

/// The releases that may be left for `incident`, the suspect first, then by how likely they did it.
pub fn others(incident: &Incident, facts: &OrderFacts<'_>, now: Timestamp) -> Vec<Alternative> {
    let case = facts.case(incident);
    let suspect = &case.suspect;
    let mut ids: Vec<ReleaseId> = suspect.release.iter().cloned().collect();
    let mut candidates: Vec<_> = suspect.candidates.iter().collect();
    candidates.sort_by(|a, b| b.share.total_cmp(&a.share));
    ids.extend(candidates.into_iter().map(|c| c.release.clone()));
    ids.extend(suspect.considered.iter().map(|c| c.release.clone()));
    let mut near: Vec<&Change> =
        facts.changes.iter().filter(|c| in_time(c, case.onset_at, now)).collect();
    near.sort_by_key(|c| std::cmp::Reverse(c.effective_at()));
    ids.extend(near.into_iter().map(|c| c.id.clone()));
    let mut out: Vec<Alternative> = Vec::new();
    for id in ids {
        let Some(change) = facts.change(&id).filter(|c| c.is_release()) else { continue };
        if out.len() < MOST && out.iter().all(|a| a.release != change.id) {
            out.push(one(incident, change, facts, now));
        }
    }
    out
}

/// Live now, and not for longer than since a day before the harm.
fn in_time(change: &Change, onset: Timestamp, now: Timestamp) -> bool {
    let live = match change.status {
        ChangeStatus::Succeeded | ChangeStatus::Running | ChangeStatus::Unknown => true,
        ChangeStatus::Queued
        | ChangeStatus::Failed
        | ChangeStatus::Cancelled
        | ChangeStatus::Inactive => false,
    };
    let at = change.effective_at();
    live && change.rolled_back_at.is_none() && at <= now && at >= onset.minus(BEFORE)
}

fn one(
    incident: &Incident,
    change: &Change,
    facts: &OrderFacts<'_>,
    now: Timestamp,
) -> Alternative {
    let suspect = &facts.case(incident).suspect;
    let found = RollbackDraft::of(incident, Some(&change.id), facts, now);
    let (plan, mut why_not) = match found {
        Ok(draft) => (Some(draft.plan()), None),
        Err(why) => (None, Some(why.reason())),
    };
    let blocked = plan.as_ref().and_then(RollbackPlan::blocked);
    why_not = why_not.or(blocked.map(Precheck::words));
    Alternative {
        release: change.id.clone(),
        service: change.service.clone(),
        share: share(suspect, change),
        suspect: suspect.release.as_ref().is_some_and(|r| names(change, r)),
        plan,
        why_not,
    }
}

/// How likely it did it, where that was weighed.
fn share(suspect: &Suspect, change: &Change) -> Option<f64> {
    suspect.candidates.iter().find(|c| names(change, &c.release)).map(|c| c.share)
}
