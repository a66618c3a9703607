//! What the rules may know beside the incident itself: policy, changes, actions, other incidents.
//! Borrowed for one question; never stored.

use super::fold::Incident;
use crate::detect::verdict::Case;
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::id::ReleaseId;
use crate::domain::time::{Span, Timestamp};
use crate::policy::action::ActionPolicy;
use crate::policy::response::ResponsePolicy;

/// The world at one instant, as far as an incident's rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub policy: &'a ResponsePolicy,
    /// Every known change, in any order.
    pub changes: &'a [Change],
    /// The configured `[[action]]`s.
    pub actions: &'a [ActionPolicy],
    /// Every incident in memory, this one included or not; those closed lately count for the
    /// cooldown and for the number of the attempt.
    pub incidents: &'a [Incident],
    /// The newest cases of judging, for figures fresher than the journal's; may be empty.
    pub cases: &'a [Case],
    /// Nothing may be sent outside while this is set.
    pub kill_switch: bool,
    /// When the evidence behind judging was last good; none when it is blind.
    pub evidence_at: Option<Timestamp>,
    /// The role may act (operators do; observers and walls do not).
    pub may_act: bool,
    /// Shop seconds per wall second, for the limits that are wall time.
    pub speed: f64,
    /// ISO 4217.
    pub currency: &'a str,
}

impl Facts<'_> {
    /// `wall` as shop time.
    pub fn shop_time(&self, wall: Span) -> Span {
        let speed = if self.speed.is_finite() { self.speed.max(1.0) } else { 1.0 };
        Span::from_millis((wall.millis() as f64 * speed) as i64)
    }

    pub fn action(&self, name: &str) -> Option<&ActionPolicy> {
        self.actions.iter().find(|a| a.name == name)
    }

    /// The change that shipped `release`, by id or by version.
    pub fn change(&self, release: &ReleaseId) -> Option<&Change> {
        self.changes.iter().filter(|c| names(c, release)).max_by_key(|c| c.effective_at())
    }

    /// The release that shoppers of a service meet now, as the feeds tell it.
    pub fn live(&self, service: &str, environment: &str, now: Timestamp) -> Option<&Change> {
        self.releases(service, environment)
            .filter(|c| went_live(c))
            .filter(|c| c.share_at(now) > 0.0)
            .max_by_key(|c| (c.effective_at(), c.created_at))
    }

    /// Every change of a service that shipped something.
    pub fn releases(&self, service: &str, environment: &str) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|c| c.is_release())
            .filter(move |c| c.service == service && c.environment == environment)
    }

    /// Every incident but `id`'s own.
    pub fn others<'b>(&'b self, own: &'b Incident) -> impl Iterator<Item = &'b Incident> {
        self.incidents.iter().filter(move |i| i.id != own.id)
    }

    /// The newest evidence about an incident.
    pub fn case<'b>(&'b self, incident: &'b Incident) -> &'b Case {
        let live = self.cases.iter().find(|c| c.key == incident.case.key && c.firing);
        live.filter(|_| incident.firing).unwrap_or(&incident.case)
    }
}

/// Succeeded, or a rollout in steps that shoppers meet already.
fn went_live(change: &Change) -> bool {
    match change.status {
        ChangeStatus::Succeeded | ChangeStatus::Unknown => true,
        ChangeStatus::Running => !change.stages.is_empty(),
        ChangeStatus::Queued
        | ChangeStatus::Failed
        | ChangeStatus::Cancelled
        | ChangeStatus::Inactive => false,
    }
}

/// True when `change` is known by `release`, as its id or as its version.
pub fn names(change: &Change, release: &ReleaseId) -> bool {
    change.id == *release || change.version == release.as_str()
}
