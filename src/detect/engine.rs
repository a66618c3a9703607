//! The judging engine: one code path for live minutes and recorded days. It is told facts and a
//! time; it answers with findings, cases and suspects. Nothing in here fails or asks for the clock.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::data_quality::Flaws;
use super::cases::open_case::Live;
use super::cases::response_time::Slow;
use super::cases::{
    closing, cumulative_impact, data_quality, failing_checks, lifecycle, response_time,
};
use super::cube::cuboid::Table;
use super::cube::derived;
use super::cube::doubt::Doubt;
use super::cube::key::Role;
use super::cube::reach::Reach;
use super::cube::store::Store;
use super::detectors::check_votes::Checks;
use super::detectors::{check_duration, over_collection};
use super::judgement::error_budget::Budgets;
use super::judgement::{build, error_budget};
use super::learning::{dispersion, schedule};
use super::scan::shift::Effect;
use super::scan::{served, shift, sweep};
use crate::domain::change::Change;
use crate::domain::check::Check;
use crate::domain::flaw::Flaw;
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::observation::Observation;
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;
use crate::verdict::Judgement;

pub use super::cube::settings::{Event, Maintenance, Settings, Unusual};

pub struct Engine {
    pub(in crate::detect) settings: Settings,
    pub(in crate::detect) store: Store,
    pub(in crate::detect) lengths: Vec<i64>,
    pub(in crate::detect) checks: Checks,
    pub(in crate::detect) changes: BTreeMap<(SourceId, ReleaseId), Change>,
    pub(in crate::detect) blind: BTreeMap<SourceId, Timestamp>,
    /// What of which source cannot be believed to be of now.
    doubts: BTreeMap<SourceId, Doubt>,
    /// Blindness or doubts are not what they were when cells were last told.
    reface: bool,
    pub(in crate::detect) flaws: Flaws,
    pub(in crate::detect) lives: Vec<Live>,
    /// Effects of cases that are gone, while they still lie inside a window.
    pub(in crate::detect) past: Vec<Effect>,
    /// Incidents that the journal remembers: not learnt from.
    pub(in crate::detect) unusual: Vec<Unusual>,
    pub(in crate::detect) judged: Option<i64>,
    /// The first bucket that was judged: what was over by then is nobody's case.
    pub(in crate::detect) begun: Option<i64>,
    pub(in crate::detect) schedule: schedule::Schedule,
    pub(in crate::detect) last: Judgement,
    /// Keys that were merged into an older case since the last judgement.
    pub(in crate::detect) absorbed: Vec<Live>,
    /// Error budgets of the burn rows.
    pub(in crate::detect) budgets: Budgets,
    /// Journeys whose checks take longer than usual, or lately did.
    pub(in crate::detect) slow: Vec<Slow>,
}

/// Buckets judged in one call at most; what is older is history.
const MOST: i64 = 400;

impl Engine {
    /// The rows it judges by.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    pub fn new(settings: Settings) -> Self {
        let checks = Checks { pace: check_duration::rule(&settings.policy), ..Checks::default() };
        Self {
            store: Store::new(settings.bucket),
            lengths: sweep::windows(settings.bucket),
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
            schedule: schedule::Schedule::default(),
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
            self.last = build::judgement(self, bucket, before.unwrap_or(bucket - 1));
        } else if self.reface {
            self.last = build::again(self, self.judged.unwrap_or(last));
        }
        self.reface = false;
        self.last.at = now;
        self.last.clone()
    }

    /// What is said before anything was judged: every row is there, none has a verdict.
    pub fn unjudged(&mut self, now: Timestamp) -> Judgement {
        let bucket = self.store.bucket_of(now) - 1;
        Judgement { at: now, ..build::judgement(self, bucket, bucket - 1) }
    }

    /// The end of the newest bucket that was judged; none before the first.
    pub fn judged_until(&self) -> Option<Timestamp> {
        self.judged.map(|bucket| self.store.end_of(bucket))
    }

    /// The start of the oldest live bucket seen.
    pub fn first_live(&self) -> Option<Timestamp> {
        self.store.first.map(|bucket| self.store.start_of(bucket))
    }

    /// When time alone gives something to judge: the end of the next bucket, or the end of the wait
    /// for who has not told it. Before the first judgement that is at once.
    pub fn next_look(&self, now: Timestamp) -> Timestamp {
        let Some(judged) = self.judged else { return now };
        let end = self.store.end_of(judged + 1);
        if now < end { end } else { end.plus(self.grace()) }
    }

    /// How long a whole bucket waits for who has not told it.
    fn grace(&self) -> Span {
        Span::from_millis(self.store.bucket.millis().min(60_000))
    }

    /// Every table that has been alive of late has told this bucket, or had one more bucket's time.
    fn ready(&self, bucket: i64, now: Timestamp) -> bool {
        let waited = now.since(self.store.end_of(bucket)) >= self.grace();
        let told = |t: &Table| matches!(t.key.family.1, Role::Plain | Role::Reading);
        let late = |t: &Table| told(t) && t.latest >= bucket - 3 && t.latest < bucket;
        waited || !self.store.tables.values().any(late)
    }

    fn judge_bucket(&mut self, bucket: i64) {
        derived::live(&mut self.store, bucket - 2, bucket);
        schedule::step(self, bucket);
        self.store.reach = Reach::of(self.changes.values(), self.store.end_of(bucket));
        for table in self.store.tables.values_mut() {
            sweep::roll(table, &self.lengths, bucket);
        }
        lifecycle::follow(self, bucket);
        self.explain(bucket);
        lifecycle::hunt(self, bucket);
        failing_checks::vote(self, bucket);
        failing_checks::blindness(self, bucket);
        data_quality::judge(self, bucket);
        closing::settle(self, bucket);
        response_time::judge(self, bucket);
        served::measure(self, bucket);
        cumulative_impact::tick(self, bucket);
        error_budget::tick(self, bucket);
    }

    /// Takes what known effects explain out of every window, and looks at what is left.
    pub(in crate::detect) fn explain(&mut self, bucket: i64) {
        let effects: Vec<Effect> = self.all_effects().cloned().collect();
        over_collection::weigh(&mut self.store, &effects);
        shift::explain(&mut self.store, &effects, &self.lengths, bucket);
        let watched = lifecycle::watched(self);
        for table in self.store.tables.values_mut().filter(|t| !t.swept) {
            table.swept = true;
            let look = watched.contains(&table.key.family);
            table.loud = if look { sweep::sweep(table) } else { Vec::new() };
        }
    }

    pub(in crate::detect) fn all_effects(&self) -> impl Iterator<Item = &Effect> {
        self.lives.iter().flat_map(|l| &l.effects).chain(&self.past)
    }

    /// Every source that ever told a number tells nothing now, or nothing that can be believed.
    pub fn is_dark(&self) -> bool {
        let mut sources = self.store.tables.keys().map(|k| &k.source).peekable();
        let lost = |s: &SourceId| self.blind.contains_key(s) || self.doubts.contains_key(s);
        sources.peek().is_some() && sources.all(lost)
    }

    pub(in crate::detect) fn blind_sources(&self) -> BTreeSet<SourceId> {
        self.blind.keys().cloned().collect()
    }

    /// True until enough has been seen to know what is usual.
    pub fn learning(&self) -> bool {
        self.store.tables.values().any(|t| !t.leaves.is_empty())
            && !self.store.tables.values().any(dispersion::taught)
    }
}
