//! What is believed of each change before its time is looked at: by its kind, by how many changes
//! this shop has, and by whether it only goes back to what was good. Numbers are policy.

use super::inquiry::{Inquiry, began, lived};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::time::{Span, Timestamp};
use crate::policy::blame::Blame;

/// Changes a day that are believed of a shop before any was told, and of its busiest hours.
const USUAL: f64 = 6.0;
const BUSY: Span = Span::from_hours(3);
/// A version that was live for so long without being replaced was good.
const PROVEN: Span = Span::from_hours(24);

/// How likely a change of this kind brings a fault, beside a deploy.
pub fn weight(scene: &Inquiry<'_>, c: &Change) -> f64 {
    let kind = scene.policy.weight(c.kind);
    if c.kind == ChangeKind::Rollback && is_proven(scene.changes, c) {
        return kind.min(scene.policy.healthy_rollback.max(0.0));
    }
    kind
}

/// It goes back to a version that was live for a day before something replaced it.
fn is_proven(changes: &[&Change], back: &Change) -> bool {
    let line = |c: &&&Change| {
        c.service == back.service && c.environment == back.environment && c.is_release() && lived(c)
    };
    let shipped = changes.iter().filter(line).filter(|c| {
        c.version == back.version && c.effective_at() < back.effective_at() && c.id != back.id
    });
    let Some(shipped) = shipped.map(|c| c.effective_at()).max() else { return false };
    let next = changes.iter().filter(line).map(|c| c.effective_at()).filter(|t| *t > shipped);
    next.min().is_some_and(|t| t.since(shipped) >= PROVEN)
}

/// Minutes without a change that are as dangerous as one deploy: the more a shop deploys, the less
/// dangerous is each, because changes together bring a given share of all faults.
pub fn minutes_a_deploy(policy: &Blame, changes: &[&Change], onset: Timestamp) -> f64 {
    let within = |span: Span| {
        let of = |c: &&&Change| {
            let before = onset.since(c.effective_at());
            Span::ZERO <= before && before < span && began(c)
        };
        changes.iter().filter(of).map(|c| policy.weight(c.kind)).sum::<f64>()
    };
    let day = (within(Span::from_hours(24)) + USUAL) / (24.0 * 60.0);
    let busy = (within(BUSY) + 1.0) / (BUSY.as_mins_f64() + 60.0);
    policy.odds() / day.max(busy)
}
