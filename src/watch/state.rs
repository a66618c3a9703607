//! The watcher's state: engine, incidents, changes, source health. Only `watch::update` changes it.
//! Nothing here is shared or locked; the shell owns it on one thread.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::{Board, Watcher};
use crate::detect::engine::Engine;
use crate::detect::verdict::Judgement;
use crate::domain::change::Change;
use crate::domain::id::{IncidentId, ReleaseId, SourceId};
use crate::domain::time::{Span, Timestamp};
use crate::incident::facts::Policy;
use crate::incident::fold::Incident;

use super::health::Health;

/// A source as the watcher needs to know it.
#[derive(Clone, Debug)]
pub struct SourceInfo {
    pub name: SourceId,
    pub kind: String,
    pub every: Span,
    /// It tells of changes.
    pub changes: bool,
    /// It can tell its own past.
    pub past: bool,
}

/// What does not change while watching.
#[derive(Clone, Debug)]
pub struct Setup {
    pub site: String,
    pub watcher: Watcher,
    pub policy: Policy,
    pub sources: Vec<SourceInfo>,
    pub currency: String,
    /// Shop seconds per wall second.
    pub speed: f64,
    /// Mixed into incident ids so that two watchers never make the same.
    pub salt: u64,
}

/// The state of the one watcher.
pub struct Watch {
    pub(super) setup: Setup,
    pub(super) engine: Engine,
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) changes: BTreeMap<(SourceId, ReleaseId), Change>,
    pub(super) health: BTreeMap<SourceId, Health>,
    /// Sources whose past is still being read; judging waits for them.
    pub(super) waiting: BTreeSet<SourceId>,
    pub(super) judgement: Judgement,
    /// Records are on their way to the journal; no new ones are made meanwhile.
    pub(super) appending: bool,
    pub(super) not_stored: Option<String>,
    pub(super) ids_made: u64,
    pub(super) published: Option<Board>,
}

impl Watch {
    /// `incidents` are what the journal holds of open ones (restart).
    pub fn new(setup: Setup, engine: Engine, incidents: Vec<Incident>, now: Timestamp) -> Self {
        let health = setup
            .sources
            .iter()
            .map(|s| (s.name.clone(), Health::new(s.name.clone(), &s.kind, s.every, now)))
            .collect();
        let waiting = setup.sources.iter().filter(|s| s.past).map(|s| s.name.clone()).collect();
        Self {
            setup,
            engine,
            incidents: incidents.into_iter().map(|i| (i.id.clone(), i)).collect(),
            changes: BTreeMap::new(),
            health,
            waiting,
            judgement: Judgement { at: now, ..Judgement::default() },
            appending: false,
            not_stored: None,
            ids_made: 0,
            published: None,
        }
    }

    /// The next instant at which something happens without an event from outside.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let deadlines = self.incidents.values().filter_map(|i| {
            crate::incident::deadline::next_deadline(i, &self.setup.policy.response, now)
        });
        let boundaries = self.health.values().filter_map(|h| h.next_boundary(now));
        deadlines.chain(boundaries).filter(|t| *t > now).min()
    }

    pub(super) fn all_changes(&self) -> Vec<Change> {
        self.changes.values().cloned().collect()
    }
}
