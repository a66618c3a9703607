//! What the rules may know beside the incident itself: policy, changes, actions, other incidents.
//! Borrowed for one question; never stored.

use super::fold::Incident;
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::time::{Span, Timestamp};
use crate::policy::action::ActionPolicy;
use crate::policy::response::ResponsePolicy;
use crate::verdict::Case;

/// The world at one instant, as far as an incident's rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct OrderFacts<'a> {
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
    /// Nothing may be sent outside while this says why.
    pub kill_switch: Option<&'a str>,
    /// Every configured source, so far as evidence and the deploy feed rest on it.
    pub sources: &'a [SourceTold],
    /// The role may act (operators do; observers and walls do not).
    pub may_act: bool,
    /// Shop seconds per wall second, for the limits that are wall time.
    pub speed: f64,
    /// ISO 4217.
    pub currency: &'a str,
}

/// A source and how well it is heard.
#[derive(Clone, PartialEq, Debug)]
pub struct SourceTold {
    pub name: SourceId,
    /// What it measures.
    pub metrics: Vec<Metric>,
    /// Its newest good answer.
    pub good_at: Option<Timestamp>,
    pub blind: bool,
}

impl SourceTold {
    /// It tells `metric`, or the counts that make it.
    fn measures(&self, metric: Metric) -> bool {
        let tells = |m| self.metrics.contains(&m);
        tells(metric) || metric.parts().is_some_and(|(hits, trials)| tells(hits) || tells(trials))
    }
}

impl OrderFacts<'_> {
    /// The sources that carry `case`: those that measure what its findings are about. Where none is
    /// known to, any source may.
    pub fn carriers(&self, case: &Case) -> Vec<&SourceTold> {
        let measures = |told: &&SourceTold| case.findings.iter().any(|f| told.measures(f.metric));
        let named: Vec<&SourceTold> = self.sources.iter().filter(measures).collect();
        if named.is_empty() { self.sources.iter().collect() } else { named }
    }

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
        let key = &incident.case.key;
        let live = self.cases.iter().find(|c| c.key == *key && c.firing);
        // A watcher before this one may have used the key for another fault.
        let mine = || {
            let other = self.others(incident).filter(|i| i.firing && i.case.key == *key);
            other.map(|i| i.updated_at).max().is_none_or(|at| at <= incident.updated_at)
        };
        live.filter(|_| incident.firing && mine()).unwrap_or(&incident.case)
    }
}

/// Succeeded, or a rollout in steps that shoppers meet already.
pub fn went_live(change: &Change) -> bool {
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
