//! What the engine is told before it sees a number: policy rows, bucket length, planned events.
//! Plain data; reading it from a file is not done here.

use std::collections::BTreeMap;

use super::cuboid::Cuboid;
use super::place::within;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;

/// Announced work: nothing new opens inside it.
#[derive(Clone, PartialEq, Debug)]
pub struct AnnouncedWork {
    pub name: String,
    pub start: Timestamp,
    pub end: Timestamp,
    /// Where; everything when empty.
    pub scope: Scope,
}

/// An announced event that brings more or other shoppers: a campaign, a holiday.
#[derive(Clone, PartialEq, Debug)]
pub struct AnnouncedEvent {
    pub name: String,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// A time that teaches nothing about what is usual: work, an event, an incident.
#[derive(Clone, PartialEq, Debug)]
pub struct Exclusion {
    pub start: Timestamp,
    pub end: Timestamp,
    /// What was wrong; everything when empty.
    pub metrics: Vec<Metric>,
    /// Where; everywhere when empty.
    pub scope: Scope,
}

impl Exclusion {
    pub fn everything(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end, metrics: Vec::new(), scope: Scope::everything() }
    }
}

/// Everything that is fixed while the engine runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// Length of a live bucket: a minute on line, five in recorded days.
    pub bucket: Span,
    pub policy: Policy,
    pub maintenance: Vec<AnnouncedWork>,
    pub events: Vec<AnnouncedEvent>,
    /// Sources that tell of changes, whether or not they told of one yet.
    pub change_sources: Vec<SourceId>,
    /// Sources that report only a share of what happens; people and money are counted in full.
    pub sampling: Sampling,
}

impl Settings {
    pub fn new(bucket: Span, policy: Policy) -> Self {
        let bucket = if bucket.millis() < 1000 { Span::from_mins(1) } else { bucket };
        let (maintenance, events, change_sources, sampling) = Default::default();
        Self { bucket, policy, maintenance, events, change_sources, sampling }
    }

    /// Announced work covers this place at this instant (its end rounds up to one more bucket, for
    /// the tail). No place means the whole shop.
    pub fn in_maintenance(&self, start: Timestamp, end: Timestamp, place: Option<&Scope>) -> bool {
        let here = |m: &AnnouncedWork| {
            m.scope.dims.is_empty() || place.is_some_and(|p| within(p, &m.scope))
        };
        let now = |m: &AnnouncedWork| m.start < end && start < m.end.plus(self.bucket);
        self.maintenance.iter().any(|m| now(m) && here(m))
    }
}

/// Share of what happened that a source reports, where it samples.
pub type Sampling = BTreeMap<(SourceId, Metric), f64>;

/// The share of events that a cuboid's source reports.
pub fn share(sampling: &Sampling, t: &Cuboid) -> f64 {
    let told = sampling.get(&(t.key.source.clone(), t.key.family.0)).copied();
    told.filter(|s| *s > 0.0 && *s <= 1.0).unwrap_or(1.0)
}

/// Pages of one visit; the most often that a visit is taken to see the same place.
pub const VIEWS: f64 = 3.5;
