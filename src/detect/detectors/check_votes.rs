//! Synthetic checks: failures in a row, locations voting, cadence learnt from the runs.
//! One glitching location is noted and never opens anything; a skipped run is no failure.

use std::collections::{BTreeMap, VecDeque};

use super::check_duration::{CheckPace, Paces};
use crate::detect::univariate::drift::DriftRule;
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::id::{JourneyId, SourceId};
use crate::domain::time::{Span, Timestamp};
use crate::policy::sensitivity::Sensitivity;

/// Runs kept per journey and location.
const KEEP: usize = 120;

#[derive(Clone, PartialEq, Debug)]
pub struct CheckRun {
    pub at: Timestamp,
    pub ok: bool,
    /// The kind of failure in a word, `pass` otherwise.
    pub word: String,
    /// How long it took, ms; of passing runs alone.
    pub took_ms: Option<f64>,
}

/// All runs, by journey and location.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    pub runs: BTreeMap<JourneyId, BTreeMap<String, VecDeque<CheckRun>>>,
    pub sources: BTreeMap<JourneyId, SourceId>,
    /// How long they take; only where a row judges it.
    pub paces: Paces,
    /// That row.
    pub pace: Option<(DriftRule, Sensitivity)>,
}

/// What the runs of one journey say now.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Vote {
    /// Failing in a row, in enough locations.
    pub down: bool,
    /// Two locations or more fail in the same round: down if something else agrees.
    pub shaky: bool,
    /// So many locations failed in one of their newest rounds: down where shoppers are proven to
    /// be hit in the same journey. A part of the checkouts that fails is a part of the checks.
    pub touched: bool,
    /// First failure of the present streaks.
    pub since: Option<Timestamp>,
    pub failing: Vec<String>,
    pub passing: Vec<String>,
    /// Newest run anywhere.
    pub last: Option<Timestamp>,
    /// Since when every location passes.
    pub good_since: Option<Timestamp>,
    /// Good runs in a row, the least of all locations.
    pub good_runs: usize,
    /// Runs that failed among the recent ones, and how many recent ones there are.
    pub failed: usize,
    pub recent: usize,
}

/// A run in words; probes without a location are told by their result alone.
pub fn told(location: &str, word: &str) -> String {
    if location.is_empty() { word.to_owned() } else { format!("{location}: {word}") }
}

impl Checks {
    pub fn put(&mut self, c: &Check) {
        let ok = match &c.outcome {
            CheckOutcome::Pass => true,
            CheckOutcome::Fail(_) => false,
            CheckOutcome::Unknown => return,
        };
        let word = match &c.outcome {
            CheckOutcome::Fail(kind) => kind.clone(),
            CheckOutcome::Pass | CheckOutcome::Unknown => "pass".to_owned(),
        };
        self.sources.insert(c.journey.clone(), c.source.clone());
        let locations = self.runs.entry(c.journey.clone()).or_default();
        let runs = locations.entry(c.location.clone()).or_default();
        let took_ms = c.duration_ms.filter(|_| ok);
        if let (Some((rule, sensitivity)), Some(took)) = (self.pace, took_ms) {
            let places = self.paces.entry(c.journey.clone()).or_default();
            let pace = places.entry(c.location.clone());
            pace.or_insert_with(|| CheckPace::new(rule, sensitivity)).step(c.at, took);
        }
        let run = CheckRun { at: c.at, ok, word, took_ms };
        match runs.binary_search_by_key(&c.at, |r| r.at) {
            Ok(i) => {
                if let Some(r) = runs.get_mut(i) {
                    *r = run;
                }
            }
            Err(i) => runs.insert(i, run),
        }
        while runs.len() > KEEP {
            runs.pop_front();
        }
    }

    /// Usual time between runs of a journey at one location.
    pub fn cadence(&self, journey: &JourneyId) -> Span {
        let gaps = self.runs.get(journey).into_iter().flat_map(|l| l.values()).flat_map(|runs| {
            runs.iter().zip(runs.iter().skip(1)).map(|(a, b)| b.at.since(a.at).millis())
        });
        let mut gaps: Vec<i64> = gaps.filter(|g| *g > 0).collect();
        gaps.sort_unstable();
        Span::from_millis(gaps.get(gaps.len() / 2).copied().unwrap_or(300_000))
    }

    /// The vote at `now`, looking at runs up to then and after `mute_until`.
    pub fn vote(
        &self,
        journey: &JourneyId,
        now: Timestamp,
        rule: (u32, u32),
        mute: Timestamp,
    ) -> Vote {
        let mut vote = Vote::default();
        let Some(locations) = self.runs.get(journey) else { return vote };
        let cadence = self.cadence(journey);
        let fresh = now.minus(cadence.times(3)).minus(Span::from_secs(30));
        let failures = (rule.0.max(1)) as usize;
        let (mut rows, mut last_fail_rounds) = (0, 0);
        let mut good_since: Vec<Timestamp> = Vec::new();
        let mut alive = 0;
        for (location, runs) in locations {
            let seen: Vec<&CheckRun> =
                runs.iter().rev().filter(|r| r.at <= now && r.at > mute).collect();
            let Some(newest) = seen.first().filter(|r| r.at >= fresh) else { continue };
            alive += 1;
            vote.last = vote.last.max(Some(newest.at));
            let recent = seen.iter().take(failures);
            vote.recent += recent.clone().count();
            vote.failed += recent.filter(|r| !r.ok).count();
            let streak = seen.iter().take_while(|r| !r.ok).count();
            if streak > 0 {
                last_fail_rounds += 1;
                vote.failing.push(told(location, &newest.word));
                let began = seen.get(streak - 1).map(|r| r.at);
                vote.since =
                    Some(vote.since.map_or(newest.at, |s| s).min(began.unwrap_or(newest.at)));
            } else {
                vote.passing.push(location.clone());
                let good = seen.iter().take_while(|r| r.ok).count();
                vote.good_runs = if alive == 1 { good } else { vote.good_runs.min(good) };
                good_since.extend(seen.get(good.saturating_sub(1)).map(|r| r.at));
            }
            rows += usize::from(streak >= failures);
        }
        let need = (rule.1.max(1) as usize).min(alive.max(1));
        let most = failures * need;
        let touched = last_fail_rounds.max(locations_with_failure(locations, now, mute, failures));
        vote.down =
            alive > 0 && (rows >= need || (need > 1 && touched >= need && vote.failed + 1 >= most));
        vote.shaky = last_fail_rounds >= need && need > 1;
        vote.touched = touched >= need && need > 1;
        if vote.failing.is_empty() {
            vote.good_since = good_since.into_iter().max();
        } else {
            vote.good_runs = 0;
        }
        vote
    }
}

/// Locations with at least one failure among their newest `rounds` runs.
fn locations_with_failure(
    locations: &BTreeMap<String, VecDeque<CheckRun>>,
    now: Timestamp,
    mute: Timestamp,
    rounds: usize,
) -> usize {
    let bad = |runs: &VecDeque<CheckRun>| {
        runs.iter().rev().filter(|r| r.at <= now && r.at > mute).take(rounds).any(|r| !r.ok)
    };
    locations.values().filter(|r| bad(r)).count()
}
