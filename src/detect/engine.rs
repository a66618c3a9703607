//! The judging engine: one code path for live minutes and recorded days. It is told facts and a
//! time; it answers with findings, cases and suspects. Nothing in here fails or asks for the clock.

use std::collections::BTreeMap;

use super::cases::explain::explain;
use super::cases::open_case::OpenCase;
use super::cases::state::EngineState;
use super::cases::{
    closing, cumulative_impact, data_quality, error_budget, failing_checks, lifecycle, slow_checks,
};
use super::cube::cuboid::Cuboid;
use super::cube::derived;
use super::cube::doubt::Doubt;
use super::cube::key::CuboidRole;
use super::cube::reach::Reach;
use super::cube::settings::{Exclusion, Settings};
use super::judgement::footprint::Footprint;
use super::judgement::{build, footprint, objectives};
use super::learning::schedule;
use super::learning::schedule::{Hurt, Lesson};
use super::scan::shift::Shift;
use super::scan::sweep;
use super::univariate::demand;
use super::univariate::demand::Demand;
use crate::domain::change::Change;
use crate::domain::check::Check;
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::observation::Observation;
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;
use crate::verdict::Judgement;

pub struct Engine {
    pub(super) state: EngineState,
    /// Blindness or doubts are not what they were when cells were last told.
    reface: bool,
    last: Judgement,
}

/// Buckets judged in one call at most; what is older is history.
const MOST: i64 = 400;

impl Engine {
    /// The rows it judges by.
    pub fn policy(&self) -> &Policy {
        &self.state.settings.policy
    }

    pub fn new(settings: Settings) -> Self {
        let last = Judgement::default();
        Self { state: EngineState::new(settings), reface: false, last }
    }

    /// Coarse windows (an hour, say) older than the live ones; any order.
    pub fn history(&mut self, batch: &[Observation]) {
        self.state.cube.past_batch(batch);
        self.state.schedule.history_changed |= !batch.is_empty();
    }

    /// Live buckets; a later record with the same key replaces the earlier one.
    pub fn observe(&mut self, batch: &[Observation]) {
        for o in batch {
            self.state.quality.reported(o);
        }
        self.state.cube.live_batch(batch);
    }

    pub fn observe_checks(&mut self, batch: &[Check]) {
        for c in batch {
            self.state.checks.put(c);
        }
    }

    /// Changes, by source and id; later news replaces earlier.
    pub fn observe_changes(&mut self, batch: &[Change]) {
        for c in batch {
            self.state.changes.insert((c.source.clone(), c.id.clone()), c.clone());
        }
        while self.state.changes.len() > 2000 {
            let oldest = self.state.changes.iter().min_by_key(|(_, c)| c.effective_at());
            let Some(key) = oldest.map(|(k, _)| k.clone()) else { break };
            self.state.changes.remove(&key);
        }
    }

    /// A source went blind, or sees again. What it feeds becomes `Blind`, not zero.
    pub fn source_blind(&mut self, source: &SourceId, blind: bool, since: Timestamp) {
        if blind != self.state.blind.contains_key(source) {
            self.reface = true;
        }
        if blind {
            self.state.blind.entry(source.clone()).or_insert(since);
        } else {
            self.state.blind.remove(source);
        }
    }

    /// What of a source cannot be believed to be of now; it loses its `Ok` at once.
    pub fn doubted(&mut self, source: &SourceId, doubt: Option<Doubt>) {
        if self.state.doubts.get(source) == doubt.as_ref() {
            return;
        }
        self.reface = true;
        match doubt {
            Some(doubt) => self.state.doubts.insert(source.clone(), doubt),
            None => self.state.doubts.remove(source),
        };
    }

    pub fn doubts(&self) -> &BTreeMap<SourceId, Doubt> {
        &self.state.doubts
    }

    /// What was noticed about the telling of a source: clocks, personal data.
    pub fn flawed(&mut self, source: &SourceId, quality: &[Flaw], at: Timestamp) {
        self.state.quality.take(source, quality, at);
    }

    /// Judges every bucket that is complete by `now` and was not judged yet. The very first one is
    /// the newest of all, or the one before it where a cuboid is late: whoever always is (its answer
    /// lags, its history is short) must not keep the others from being judged.
    pub fn judge(&mut self, now: Timestamp) -> Judgement {
        let last = self.state.cube.bucket_of(now) - 1;
        let begin = || if self.ready(last, now) { last } else { last - 1 };
        let first = self.state.judged.map_or_else(begin, |j| j + 1).max(last - MOST);
        let before = self.state.judged;
        for bucket in first..=last {
            if bucket == last && !self.ready(bucket, now) {
                break;
            }
            self.state.begun = self.state.begun.or(Some(bucket));
            judge_bucket(&mut self.state, bucket);
            self.state.judged = Some(bucket);
        }
        if self.state.judged != before || self.last.at == Timestamp::default() {
            let bucket = self.state.judged.unwrap_or(last);
            self.last = build::judgement(&mut self.state, bucket, before.unwrap_or(bucket - 1));
        } else if self.reface {
            self.last = build::again(&self.state, &self.last, self.state.judged.unwrap_or(last));
        }
        self.reface = false;
        self.last.at = now;
        self.last.clone()
    }

    /// What is said before anything was judged: every row is there, none has a verdict.
    pub fn unjudged(&mut self, now: Timestamp) -> Judgement {
        let bucket = self.state.cube.bucket_of(now) - 1;
        Judgement { at: now, ..build::judgement(&mut self.state, bucket, bucket - 1) }
    }

    /// The end of the newest bucket that was judged; none before the first.
    pub fn judged_until(&self) -> Option<Timestamp> {
        self.state.judged.map(|bucket| self.state.cube.end_of(bucket))
    }

    /// The start of the oldest live bucket seen.
    pub fn first_live(&self) -> Option<Timestamp> {
        self.state.cube.first.map(|bucket| self.state.cube.start_of(bucket))
    }

    /// When time alone gives something to judge: the end of the next bucket, or the end of the wait
    /// for who has not told it. Before the first judgement that is at once.
    pub fn next_look(&self, now: Timestamp) -> Timestamp {
        let Some(judged) = self.state.judged else { return now };
        let end = self.state.cube.end_of(judged + 1);
        if now < end { end } else { end.plus(self.grace()) }
    }

    /// How long a whole bucket waits for who has not told it.
    fn grace(&self) -> Span {
        Span::from_millis(self.state.cube.bucket.millis().min(60_000))
    }

    /// Every cuboid that has been alive of late has told this bucket, or had one more bucket's time.
    fn ready(&self, bucket: i64, now: Timestamp) -> bool {
        let waited = now.since(self.state.cube.end_of(bucket)) >= self.grace();
        let told = |t: &Cuboid| matches!(t.key.family.1, CuboidRole::Plain | CuboidRole::Reading);
        let late = |t: &Cuboid| told(t) && t.latest >= bucket - 3 && t.latest < bucket;
        waited || !self.state.cube.cuboids.values().any(late)
    }

    /// Every source that ever told a number tells nothing now, or nothing that can be believed.
    pub fn is_dark(&self) -> bool {
        self.state.is_dark()
    }

    /// True until enough has been seen to know what is usual.
    pub fn learning(&self) -> bool {
        self.state.learning()
    }

    /// Times in which something was wrong, as the journal remembers them: their hours are left out
    /// of history, whenever it arrives.
    pub fn not_usual(&mut self, told: Vec<Exclusion>) {
        self.state.unusual = told;
        self.state.schedule.history_changed = true;
    }

    pub fn footprint(&self) -> Footprint {
        footprint::footprint(&self.state)
    }

    /// The error budget policy in words, one line for each budget that is used up.
    pub fn freezes(&self) -> Vec<String> {
        objectives::freezes(&self.state)
    }

    /// Paid visits over the longest standing window against usual; none when nobody counts them.
    pub fn paid_demand(&self) -> Option<Demand> {
        demand::paid(&self.state.cube)
    }
}

/// One more bucket, in the order in which one step rests on another.
fn judge_bucket(state: &mut EngineState, bucket: i64) {
    derived::live(&mut state.cube, bucket - 2, bucket);
    learn(state, bucket);
    state.cube.reach = Reach::of(state.changes.values(), state.cube.end_of(bucket));
    for cuboid in state.cube.cuboids.values_mut() {
        sweep::roll(cuboid, &state.lengths, bucket);
    }
    lifecycle::follow(state, bucket);
    explain(state, bucket);
    lifecycle::hunt(state, bucket);
    failing_checks::vote(state, bucket);
    failing_checks::blindness(state, bucket);
    data_quality::judge(state, bucket);
    closing::settle(state, bucket);
    slow_checks::judge(state, bucket);
    lifecycle::serve(state, bucket);
    cumulative_impact::tick(state, bucket);
    let EngineState { budgets, settings, cube, .. } = state;
    error_budget::tick(budgets, &settings.policy.guardrail, cube, bucket);
}

fn learn(state: &mut EngineState, bucket: i64) {
    let hurt = |l: &OpenCase| {
        let of = |e: &Shift| Hurt {
            family: e.cuboid.family,
            likelihood: e.likelihood,
            closed: l.closed,
        };
        l.shifts.iter().map(of).collect::<Vec<_>>()
    };
    let hurt = state.lives.iter().flat_map(hurt).collect();
    let EngineState { cube, schedule, settings, changes, unusual, .. } = state;
    schedule::step(&mut Lesson { cube, schedule, settings, changes, unusual, hurt }, bucket);
}
