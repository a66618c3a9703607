//! The watcher's state: engine, incidents, changes, source health. Only `watch::update` changes it.
//! Nothing here is shared or locked; the shell owns it on one thread.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::health::Health;
use super::past::Pasts;
use super::timing::WatchTiming;
use super::unstored::Unstored;
use crate::board::{Board, SourceState, Watcher};
use crate::detect::univariate::book::{SeriesBook, SeriesRules};
use crate::detect::{Engine, Exclusion};
use crate::domain::change::Change;
use crate::domain::id::{IncidentId, ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};
use crate::incident::deadline::next_deadline;
use crate::incident::facts::{OrderFacts, SourceTold};
use crate::incident::fold::Incident;
use crate::incident::paging::{self, Look};
use crate::incident::tick;
use crate::incident::unread::Unread;
use crate::incident::verify::silent_until;
use crate::policy::action::ActionPolicy;
use crate::policy::paging::Paging;
use crate::policy::response::ResponsePolicy;
use crate::verdict::{Class, Judgement};

use super::outbox::Outbox;
/// So many releases are carried for planning, as many as judging keeps of changes.
const RELEASES: usize = 2_000;

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
    /// Where it is asked, fit for a screen.
    pub url: String,
    /// What it measures.
    pub metrics: Vec<Metric>,
}

/// What does not change while watching.
#[derive(Clone, Debug)]
pub struct WatchSetup {
    pub site: String,
    pub watcher: Watcher,
    pub response: ResponsePolicy,
    pub actions: Vec<ActionPolicy>,
    pub sources: Vec<SourceInfo>,
    pub currency: String,
    /// Shop seconds per wall second.
    pub speed: f64,
    /// Mixed into incident ids so that two watchers never make the same.
    pub salt: u64,
    /// Single numbers.
    pub series: SeriesRules,
    /// Who is told of what; empty where this process cannot send.
    pub paging: Paging,
}

impl WatchSetup {
    /// What deciding who is told needs.
    pub(super) fn look(&self, now: Timestamp) -> Look<'_> {
        Look { paging: &self.paging, policy: &self.response, now, speed: self.speed }
    }
}

/// While this incident lasted its numbers were not usual. Blind hours hold nothing to learn.
fn unusual(incident: &Incident, now: Timestamp) -> Option<Exclusion> {
    let case = &incident.case;
    let end = incident.cleared_at.or(incident.closed_at).filter(|_| !incident.firing);
    let metrics = case.findings.iter().map(|f| f.metric).filter(|m| *m != Metric::CheckSuccess);
    let metrics: Vec<Metric> = metrics.collect();
    let down = case.class == Class::Availability;
    (down || !metrics.is_empty()).then(|| Exclusion {
        start: case.onset_at,
        end: end.unwrap_or(now),
        metrics,
        scope: Scope::everything(),
    })
}

/// The state of the one watcher.
pub struct Watch {
    pub(super) setup: WatchSetup,
    pub(super) engine: Engine,
    pub(super) series: SeriesBook,
    pub(super) incidents: Vec<Incident>,
    pub(super) changes: BTreeMap<(SourceId, ReleaseId), Change>,
    /// Those that shipped something, newest first: what rollbacks are planned by, here and in every
    /// process that orders.
    released: Arc<Vec<Change>>,
    pub(super) health: BTreeMap<SourceId, Health>,
    /// Sources of whose past too little is there to begin; judging waits for them.
    pub(super) waiting: BTreeSet<SourceId>,
    pub(super) judgement: Judgement,
    /// Records are on their way to the journal; no new ones are made meanwhile.
    pub(super) appending: bool,
    /// Records that the journal refused.
    pub(super) unstored: Option<Unstored>,
    /// Records of the journal that cannot be read.
    pub(super) unread: BTreeSet<Unread>,
    /// What is wrong with the journal as a whole.
    pub(super) trouble: Option<String>,
    /// Why nothing may be sent outside, while that is so.
    pub(super) kill_switch: Option<String>,
    pub(super) ids_made: u64,
    pub(super) published: Option<Board>,
    /// Time alone brings nothing new before; unknown after every event.
    pub(super) rests_until: Option<Timestamp>,
    /// How far each source has told its past by now.
    pub(super) pasts: Pasts,
    pub(super) timing: WatchTiming,
    pub(super) outbox: Outbox,
    /// Since when this watcher judges.
    pub(super) since: Timestamp,
}

impl Watch {
    /// `incidents` are what the journal holds (restart): open ones go on, and what was wrong while
    /// one lasted is not learnt as usual.
    pub fn new(
        setup: WatchSetup,
        mut engine: Engine,
        mut incidents: Vec<Incident>,
        now: Timestamp,
    ) -> Self {
        engine.exclude(incidents.iter().filter_map(|i| unusual(i, now)).collect());
        incidents.retain(|i| tick::keep(i, &setup.response, now));
        let health = setup
            .sources
            .iter()
            .map(|s| {
                let health = Health::new(
                    (s.name.clone(), &s.kind),
                    (s.every, !s.metrics.is_empty()),
                    now,
                    setup.speed,
                );
                (s.name.clone(), health)
            })
            .collect();
        let judgement = engine.unjudged(now);
        let waiting: BTreeSet<SourceId> =
            setup.sources.iter().filter(|s| s.past).map(|s| s.name.clone()).collect();
        let pasts = Pasts::new(waiting.clone());
        Self {
            series: SeriesBook::new(setup.series.clone()),
            setup,
            engine,
            incidents,
            changes: BTreeMap::new(),
            released: Arc::default(),
            health,
            waiting,
            judgement,
            appending: false,
            unstored: None,
            unread: BTreeSet::new(),
            trouble: None,
            kill_switch: None,
            ids_made: 0,
            published: None,
            rests_until: None,
            pasts,
            timing: WatchTiming::default(),
            outbox: Outbox::default(),
            since: now,
        }
    }

    /// The next instant at which something happens without an event from outside.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let deadlines = self.incidents.iter().filter_map(|i| next_deadline(i, now));
        let told = self.told();
        let facts = self.facts(&self.released, &told);
        let runs = self.incidents.iter().flat_map(|i| &i.actions);
        let silences = runs.filter_map(|run| silent_until(run, &facts));
        let boundaries = self.health.values().filter_map(|h| h.next_boundary(now));
        let again = self.unstored.as_ref().map(|u| u.next_at);
        let wait = self.timing.boundary(now);
        let own = silences.chain(again).chain(wait);
        let look = self.setup.look(now);
        let told = self.incidents.iter().filter_map(|i| paging::next_wake(i, &look));
        deadlines.chain(boundaries).chain(own).chain(told).filter(|t| *t > now).min()
    }

    /// Incidents that are in no journal.
    pub fn not_stored(&self) -> Vec<IncidentId> {
        self.unstored.as_ref().map(Unstored::unknown).unwrap_or_default()
    }

    pub(super) fn take_changes(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        for change in changes {
            self.changes.insert((change.source.clone(), change.id.clone()), change);
        }
        let releases = self.changes.values().filter(|c| c.is_release());
        let mut released: Vec<Change> = releases.cloned().collect();
        released.sort_by_key(|c| (Reverse(c.effective_at()), c.id.clone()));
        released.truncate(RELEASES);
        if *self.released != released {
            self.released = Arc::new(released);
        }
    }

    /// Every release known, newest first.
    pub(super) fn releases(&self) -> Arc<Vec<Change>> {
        Arc::clone(&self.released)
    }

    /// The world as incidents' rules may see it.
    pub(super) fn facts<'a>(
        &'a self,
        changes: &'a [Change],
        sources: &'a [SourceTold],
    ) -> OrderFacts<'a> {
        OrderFacts {
            policy: &self.setup.response,
            changes,
            actions: &self.setup.actions,
            incidents: &self.incidents,
            cases: &self.judgement.cases,
            kill_switch: self.kill_switch.as_deref(),
            sources,
            may_act: true,
            speed: self.setup.speed,
            currency: &self.setup.currency,
        }
    }

    /// The sources as far as evidence rests on them.
    pub(super) fn told(&self) -> Vec<SourceTold> {
        let measured = |name: &SourceId| {
            let info = self.setup.sources.iter().find(|info| info.name == *name);
            info.map_or_else(Vec::new, |info| info.metrics.clone())
        };
        let told = |h: &Health| SourceTold {
            name: h.name.clone(),
            metrics: measured(&h.name),
            good_at: h.last_ok_at(),
            blind: h.state() == SourceState::Blind,
        };
        self.health.values().map(told).collect()
    }
}
