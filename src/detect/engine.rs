//! The judging engine: one code path for live minutes and recorded days. It is told facts and a
//! time; it answers with findings, cases and suspects. Nothing in here fails or asks for the clock.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::Change;
use crate::domain::check::Check;
use crate::domain::flaw::Flaw;
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::observation::Observation;
use crate::domain::time::{Span, Timestamp};
use crate::verdict::Judgement;

use crate::policy::judging::Policy;

use super::budget::{self, Budgets};
use super::calibrate;
use super::case::Live;
use super::checks::Checks;
use super::derive;
use super::doubt::Doubt;
use super::effect::{self, Effect};
use super::flaws::{self, Flaws};
use super::learn;
use super::life;
use super::pace;
use super::reach::Reach;
use super::report;
use super::response_time::{self, Slow};
use super::scan;
use super::served;
use super::settle;
use super::store::Store;
use super::surplus;
use super::table::{Role, Table};
use super::toll;
use super::troubles;

pub use super::settings::{Event, Maintenance, Settings, Unusual};

pub struct Engine {
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) lengths: Vec<i64>,
    pub(super) checks: Checks,
    pub(super) changes: BTreeMap<(SourceId, ReleaseId), Change>,
    pub(super) blind: BTreeMap<SourceId, Timestamp>,
    /// What of which source cannot be believed to be of now.
    doubts: BTreeMap<SourceId, Doubt>,
    /// Blindness or doubts are not what they were when cells were last told.
    reface: bool,
    pub(super) flaws: Flaws,
    pub(super) lives: Vec<Live>,
    /// Effects of cases that are gone, while they still lie inside a window.
    pub(super) past: Vec<Effect>,
    /// Incidents that the journal remembers: not learnt from.
    pub(super) unusual: Vec<Unusual>,
    pub(super) judged: Option<i64>,
    /// The first bucket that was judged: what was over by then is nobody's case.
    pub(super) begun: Option<i64>,
    pub(super) schedule: learn::Schedule,
    pub(super) last: Judgement,
    /// Keys that were merged into an older case since the last judgement.
    pub(super) absorbed: Vec<Live>,
    /// Error budgets of the burn rows.
    pub(super) budgets: Budgets,
    /// Journeys whose checks take longer than usual, or lately did.
    pub(super) slow: Vec<Slow>,
}

/// Buckets judged in one call at most; what is older is history.
const MOST: i64 = 400;

impl Engine {
    /// The rows it judges by.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    pub fn new(settings: Settings) -> Self {
        let checks = Checks { pace: pace::rule(&settings.policy), ..Checks::default() };
        Self {
            store: Store::new(settings.bucket),
            lengths: scan::windows(settings.bucket),
            settings,
            checks,
            changes: BTreeMap::new(),
            blind: BTreeMap::new(),
            doubts: BTreeMap::new(),
            reface: false,
            flaws: Flaws::default(),
            lives: Vec::new(),
            past: Vec::new(),
            unusual: Vec::new(),
            judged: None,
            begun: None,
            schedule: learn::Schedule::default(),
            last: Judgement::default(),
            absorbed: Vec::new(),
            budgets: Budgets::new(),
            slow: Vec::new(),
        }
    }

    /// Coarse windows (an hour, say) older than the live ones; any order.
    pub fn history(&mut self, batch: &[Observation]) {
        self.store.past_batch(batch);
        self.schedule.history_changed |= !batch.is_empty();
    }

    /// Live buckets; a later record with the same key replaces the earlier one.
    pub fn observe(&mut self, batch: &[Observation]) {
        for o in batch {
            self.flaws.reported(o);
        }
        self.store.live_batch(batch);
    }

    pub fn observe_checks(&mut self, batch: &[Check]) {
        for c in batch {
            self.checks.put(c);
        }
    }

    /// Changes, by source and id; later news replaces earlier.
    pub fn observe_changes(&mut self, batch: &[Change]) {
        for c in batch {
            self.changes.insert((c.source.clone(), c.id.clone()), c.clone());
        }
        while self.changes.len() > 2000 {
            let oldest = self.changes.iter().min_by_key(|(_, c)| c.effective_at());
            let Some(key) = oldest.map(|(k, _)| k.clone()) else { break };
            self.changes.remove(&key);
        }
    }

    /// A source went blind, or sees again. What it feeds becomes `Blind`, not zero.
    pub fn source_blind(&mut self, source: &SourceId, blind: bool, since: Timestamp) {
        if blind != self.blind.contains_key(source) {
            self.reface = true;
        }
        if blind {
            self.blind.entry(source.clone()).or_insert(since);
        } else {
            self.blind.remove(source);
        }
    }

    /// What of a source cannot be believed to be of now; it loses its `Ok` at once.
    pub fn doubted(&mut self, source: &SourceId, doubt: Option<Doubt>) {
        if self.doubts.get(source) == doubt.as_ref() {
            return;
        }
        self.reface = true;
        match doubt {
            Some(doubt) => self.doubts.insert(source.clone(), doubt),
            None => self.doubts.remove(source),
        };
    }

    pub fn doubts(&self) -> &BTreeMap<SourceId, Doubt> {
        &self.doubts
    }

    /// What was noticed about the telling of a source: clocks, personal data.
    pub fn flawed(&mut self, source: &SourceId, flaws: &[Flaw], at: Timestamp) {
        self.flaws.take(source, flaws, at);
    }

    /// Judges every bucket that is complete by `now` and was not judged yet. The very first one is
    /// the newest of all, or the one before it where a table is late: whoever always is (its answer
    /// lags, its history is short) must not keep the others from being judged.
    pub fn judge(&mut self, now: Timestamp) -> Judgement {
        let last = self.store.bucket_of(now) - 1;
        let begin = || if self.ready(last, now) { last } else { last - 1 };
        let first = self.judged.map_or_else(begin, |j| j + 1).max(last - MOST);
        let before = self.judged;
        for bucket in first..=last {
            if bucket == last && !self.ready(bucket, now) {
                break;
            }
            self.begun = self.begun.or(Some(bucket));
            self.judge_bucket(bucket);
            self.judged = Some(bucket);
        }
        if self.judged != before || self.last.at == Timestamp::default() {
            let bucket = self.judged.unwrap_or(last);
            self.last = report::judgement(self, bucket, before.unwrap_or(bucket - 1));
        } else if self.reface {
            self.last = report::again(self, self.judged.unwrap_or(last));
        }
        self.reface = false;
        self.last.at = now;
        self.last.clone()
    }

    /// What is said before anything was judged: every row is there, none has a verdict.
    pub fn unjudged(&mut self, now: Timestamp) -> Judgement {
        let bucket = self.store.bucket_of(now) - 1;
        Judgement { at: now, ..report::judgement(self, bucket, bucket - 1) }
    }

    /// The end of the newest bucket that was judged; none before the first.
    pub fn judged_until(&self) -> Option<Timestamp> {
        self.judged.map(|bucket| self.store.end_of(bucket))
    }

    /// The start of the oldest live bucket seen.
    pub fn first_live(&self) -> Option<Timestamp> {
        self.store.first.map(|bucket| self.store.start_of(bucket))
    }

    /// Every table that has been alive of late has told this bucket, or had one more bucket's time.
    fn ready(&self, bucket: i64, now: Timestamp) -> bool {
        let grace = Span::from_millis(self.store.bucket.millis().min(60_000));
        let waited = now.since(self.store.end_of(bucket)) >= grace;
        let told = |t: &Table| matches!(t.key.family.1, Role::Plain | Role::Reading);
        let late = |t: &Table| told(t) && t.latest >= bucket - 3 && t.latest < bucket;
        waited || !self.store.tables.values().any(late)
    }

    fn judge_bucket(&mut self, bucket: i64) {
        derive::live(&mut self.store, bucket - 2, bucket);
        learn::step(self, bucket);
        self.store.reach = Reach::of(self.changes.values(), self.store.end_of(bucket));
        for table in self.store.tables.values_mut() {
            scan::roll(table, &self.lengths, bucket);
        }
        life::follow(self, bucket);
        self.explain(bucket);
        life::hunt(self, bucket);
        troubles::vote(self, bucket);
        troubles::blindness(self, bucket);
        flaws::judge(self, bucket);
        settle::settle(self, bucket);
        response_time::judge(self, bucket);
        served::measure(self, bucket);
        toll::tick(self, bucket);
        budget::tick(self, bucket);
    }

    /// Takes what known effects explain out of every window, and looks at what is left.
    pub(super) fn explain(&mut self, bucket: i64) {
        let effects: Vec<Effect> = self.all_effects().cloned().collect();
        surplus::weigh(&mut self.store, &effects);
        effect::explain(&mut self.store, &effects, &self.lengths, bucket);
        let watched = life::watched(self);
        for table in self.store.tables.values_mut().filter(|t| !t.swept) {
            table.swept = true;
            let look = watched.contains(&table.key.family);
            table.loud = if look { scan::sweep(table) } else { Vec::new() };
        }
    }

    pub(super) fn all_effects(&self) -> impl Iterator<Item = &Effect> {
        self.lives.iter().flat_map(|l| &l.effects).chain(&self.past)
    }

    /// Every source that ever told a number tells nothing now, or nothing that can be believed.
    pub fn is_dark(&self) -> bool {
        let mut sources = self.store.tables.keys().map(|k| &k.source).peekable();
        let lost = |s: &SourceId| self.blind.contains_key(s) || self.doubts.contains_key(s);
        sources.peek().is_some() && sources.all(lost)
    }

    pub(super) fn blind_sources(&self) -> BTreeSet<SourceId> {
        self.blind.keys().cloned().collect()
    }

    /// True until enough has been seen to know what is usual.
    pub fn learning(&self) -> bool {
        self.store.tables.values().any(|t| !t.leaves.is_empty())
            && !self.store.tables.values().any(calibrate::taught)
    }
}
