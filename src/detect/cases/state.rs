//! What the engine knows and remembers, as data: settings, numbers, checks, changes, open cases. It
//! lends searches a narrow view and answers small questions; who judges when is the engine's
//! affair.

use std::collections::BTreeMap;

use super::error_budget::ErrorBudgets;
use super::open_case::OpenCase;
use super::quality_log::QualityLog;
use super::slow::SlowChecks;
use crate::detect::cube::changes::Changes;
use crate::detect::cube::doubt::Doubt;
use crate::detect::cube::settings::{Exclusion, Settings};
use crate::detect::cube::store::Cube;
use crate::detect::detectors::check_duration;
use crate::detect::detectors::check_votes::Checks;
use crate::detect::learning::dispersion;
use crate::detect::learning::schedule::Schedule;
use crate::detect::scan::scene::SearchScene;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::sweep;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;

pub struct EngineState {
    pub settings: Settings,
    pub cube: Cube,
    /// Lengths (buckets) of the standing windows.
    pub lengths: Vec<i64>,
    pub checks: Checks,
    pub changes: Changes,
    /// Sources that tell nothing, and since when.
    pub blind: BTreeMap<SourceId, Timestamp>,
    /// What of which source cannot be believed to be of now.
    pub doubts: BTreeMap<SourceId, Doubt>,
    pub quality: QualityLog,
    pub lives: Vec<OpenCase>,
    /// Effects of cases that are gone, while they still lie inside a window.
    pub past: Vec<Shift>,
    /// Incidents that the journal remembers: not learnt from.
    pub unusual: Vec<Exclusion>,
    pub judged: Option<i64>,
    /// The first bucket that was judged: what was over by then is nobody's case.
    pub begun: Option<i64>,
    pub schedule: Schedule,
    /// Keys that were merged into an older case since the last judgement.
    pub absorbed: Vec<OpenCase>,
    /// Error budgets of the burn rows.
    pub budgets: ErrorBudgets,
    /// Journeys whose checks take longer than usual, or lately did.
    pub slow: Vec<SlowChecks>,
}

impl EngineState {
    pub fn new(settings: Settings) -> Self {
        let pace = check_duration::rule(&settings.policy);
        Self {
            cube: Cube::new(settings.bucket),
            lengths: sweep::windows(settings.bucket),
            checks: Checks { pace, ..Checks::default() },
            settings,
            changes: Changes::new(),
            blind: BTreeMap::new(),
            doubts: BTreeMap::new(),
            quality: QualityLog::default(),
            lives: Vec::new(),
            past: Vec::new(),
            unusual: Vec::new(),
            judged: None,
            begun: None,
            schedule: Schedule::default(),
            absorbed: Vec::new(),
            budgets: ErrorBudgets::new(),
            slow: Vec::new(),
        }
    }

    /// What a search may read of it.
    pub fn scene(&self) -> SearchScene<'_> {
        let open = || self.lives.iter().filter(|l| l.closed.is_none());
        SearchScene {
            settings: &self.settings,
            cube: &self.cube,
            changes: &self.changes,
            blind: &self.blind,
            known: self.all_shifts().collect(),
            checks_fail: open().flat_map(|l| &l.failing_checks).any(|t| !t.over),
        }
    }

    pub fn all_shifts(&self) -> impl Iterator<Item = &Shift> {
        self.lives.iter().flat_map(|l| &l.shifts).chain(&self.past)
    }

    /// Buckets in which a case that cleared may fire again as the same.
    pub fn rearm(&self) -> i64 {
        self.settings.policy.detect.rearm.millis() / self.cube.bucket.millis().max(1)
    }

    /// The end of the newest bucket that was judged; none before the first.
    pub fn judged_until(&self) -> Option<Timestamp> {
        self.judged.map(|bucket| self.cube.end_of(bucket))
    }

    /// Every source that ever told a number tells nothing now, or nothing that can be believed.
    pub fn is_dark(&self) -> bool {
        let mut sources = self.cube.cuboids.keys().map(|k| &k.source).peekable();
        let lost = |s: &SourceId| self.blind.contains_key(s) || self.doubts.contains_key(s);
        sources.peek().is_some() && sources.all(lost)
    }

    /// True until enough has been seen to know what is usual.
    pub fn learning(&self) -> bool {
        self.cube.cuboids.values().any(|t| !t.leaves.is_empty())
            && !self.cube.cuboids.values().any(dispersion::taught)
    }
}
