//! One change against the moments of a case: its log likelihood by time, dose, scope and arms, with
//! the words for and against it. Whom to name is decided by the parent.

use super::delay::Delays;
use super::inquiry::Inquiry;
use super::moment::OnsetPosterior;
use super::place_likelihood::{PlaceFit, PlaceSeen};
use super::{diff_in_diff, dose, place_likelihood, prior};
use crate::detect::scan::shift::Shift;
use crate::domain::change::Change;
use crate::domain::time::{Span, Timestamp};

/// A change with what speaks for and against it.
pub struct Weighed<'a> {
    pub change: &'a Change,
    pub log: f64,
    /// The part of it that times do not tell.
    rest: f64,
    /// Nats that speak of this change alone, and not of whatever else came with it.
    pub own: f64,
    /// A kind of evidence beside the time agrees.
    pub more: bool,
    pub words: Vec<String>,
    pub against: Vec<String>,
}

/// Seconds by which the clock of the changes may be off altogether.
const CLOCK: Span = Span::from_secs(20);
/// Log likelihood by which place or versions count as evidence of their own.
const TELLS: f64 = 1.0;
/// Nats by which steps of a rollout fit better than any plain onset to count as evidence.
const STEPS: f64 = 2.0;
/// Share of staged rollouts whose harm grows with their share; of the others one stage brings all.
const GROWS: f64 = 0.7;
/// Log chance that what was taken back before the harm left something behind.
const LEFT_BEHIND: f64 = -2.3;
/// Instants that stand for a rollout of which only its begin and end are known.
const INSTANTS: i64 = 5;

/// Everything that is the same for all changes.
pub struct Weighing<'a, 'b> {
    pub scene: &'b Inquiry<'a>,
    moments: &'b OnsetPosterior,
    shifts: &'b [&'b Shift],
    /// What is hurt and what stayed well; none where only checks saw it.
    pub seen: Option<PlaceSeen<'b>>,
    delays: Delays,
    some: Vec<(f64, f64)>,
    /// Log of the minutes that a deploy is worth.
    deploy: f64,
}

impl<'a, 'b> Weighing<'a, 'b> {
    pub fn new(
        scene: &'b Inquiry<'a>,
        moments: &'b OnsetPosterior,
        shifts: &'b [&'b Shift],
        onset: Timestamp,
    ) -> Self {
        let bucket = scene.cube.bucket.as_mins_f64();
        let delays = Delays::new(moments.step.millis(), bucket);
        let some = delays.some((bucket / 2.0).clamp(0.25, 2.5));
        let deploy = prior::minutes_a_deploy(scene.policy, scene.changes, onset).ln();
        let seen = shifts.first().map(|main| PlaceSeen::of(scene, main));
        Self { scene, moments, shifts, seen, delays, some, deploy }
    }

    pub fn weigh(&self, c: &'a Change) -> Weighed<'a> {
        let (middle, from, to) = self.moments.range();
        let mut out = Weighed {
            change: c,
            log: 0.0,
            rest: 0.0,
            own: 0.0,
            more: false,
            words: vec![gap(c, middle, (from, to))],
            against: Vec::new(),
        };
        let scoped = self
            .seen
            .as_ref()
            .map_or_else(PlaceFit::default, |seen| place_likelihood::weigh(seen, c));
        out.words.extend(scoped.words);
        out.against.extend(scoped.against);
        let (arms, word) = match self.shifts.first() {
            Some(main) => diff_in_diff::weigh(self.scene, main, c),
            None => (0.0, None),
        };
        match word {
            Some(w) if arms < 0.0 => out.against.push(w),
            Some(w) => out.words.push(w),
            None => {}
        }
        let fits = self.fits(c, Span::ZERO);
        if fits.steps > STEPS {
            out.words.push("the harm grew as its rollout did".to_owned());
        }
        out.more = scoped.log >= TELLS || arms >= TELLS || fits.steps > STEPS;
        let mut left = 0.0;
        if let Some(back) = c.rolled_back_at.filter(|t| *t < from) {
            left = LEFT_BEHIND;
            let before = middle.since(back).as_mins_f64();
            out.against.push(format!("taken back {before:.0} min before the harm began"));
        } else if let Some(word) = self.no_better(c) {
            out.against.push(word);
        }
        let base = prior::weight(self.scene, c).max(1e-9).ln() + self.deploy;
        out.rest = base + scoped.log + arms + left;
        out.log = out.rest + fits.log;
        out.own = scoped.own.max(0.0) + arms.max(0.0) + fits.steps.max(0.0);
        out
    }

    /// The log likelihoods with the clock of the changes this much early and late.
    pub fn shifted(&self, all: &[Weighed<'_>]) -> [Vec<f64>; 2] {
        let by = |clock: Span| {
            let log = |w: &Weighed<'_>| w.rest + self.fits(w.change, clock).log;
            all.iter().map(log).collect()
        };
        [by(CLOCK.times(-1)), by(CLOCK)]
    }

    /// By time and dose, with the clock of changes shifted.
    fn fits(&self, c: &Change, shift: Span) -> Fits {
        let plain = |from: Timestamp, to: Timestamp| {
            let apart = to.since(from).millis();
            let instants = if apart < 1000 { 1 } else { INSTANTS };
            let at = |i: i64| from.plus(Span::from_millis(apart * i / instants.max(2)));
            let logs = (0..instants).map(|i| {
                let live = at(i).plus(shift);
                self.moments.after(live, |ms| self.delays.at(ms))
            });
            sum_exp(&logs.collect::<Vec<f64>>()) - (instants as f64).ln()
        };
        if !dose::is_shaped(c) || !self.moments.is_measured() {
            let (from, to) = dose::rollout(c);
            return Fits { log: plain(from, to), steps: 0.0 };
        }
        let doses: Vec<(f64, f64)> = self
            .some
            .iter()
            .map(|(minutes, weight)| {
                let delay = Span::from_millis((minutes * 60_000.0) as i64).plus(shift);
                let share = |a: Timestamp, b: Timestamp| {
                    dose::mean_share(c, a.minus(delay), b.minus(delay))
                };
                (self.moments.dosed(share), weight.max(1e-12).ln())
            })
            .collect();
        let best = doses.iter().map(|d| d.0).fold(f64::NEG_INFINITY, f64::max);
        let grown = sum_exp(&doses.iter().map(|(nats, w)| nats + w).collect::<Vec<f64>>());
        if c.stages.len() < 2 {
            return Fits { log: grown, steps: 0.0 };
        }
        let whole = c.stages.iter().filter(|s| s.share > 0.0).map(|s| plain(s.at, s.at));
        let whole: Vec<f64> = whole.collect();
        let count = whole.len().max(1) as f64;
        let whole = sum_exp(&whole) - count.ln();
        let log = sum_exp(&[GROWS.ln() + grown, (1.0 - GROWS).ln() + whole]);
        Fits { log, steps: best - self.moments.best() }
    }

    /// A change taken back while the harm stayed.
    fn no_better(&self, c: &Change) -> Option<String> {
        let (cube, back) = (self.scene.cube, c.rolled_back_at?);
        let last = self.shifts.iter().map(|e| e.last_bad).max()?;
        let bad = cube.end_of(last).since(back).as_mins_f64();
        (back <= cube.end_of(self.scene.now) && bad >= 10.0)
            .then(|| format!("taken back, no better {bad:.0} min later"))
    }
}

struct Fits {
    log: f64,
    /// Nats by which its steps explain the harm better than a plain onset.
    steps: f64,
}

pub fn sum_exp(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    top + logs.iter().map(|l| (l - top).exp()).sum::<f64>().ln()
}

/// How a change lies to the moment at which the harm began, of which so much is known.
fn gap(c: &Change, middle: Timestamp, (from, to): (Timestamp, Timestamp)) -> String {
    let live = c.effective_at();
    let minutes = middle.since(live).as_mins_f64();
    let inside = from.minus(Span::from_secs(30)) <= live && live <= to.plus(Span::from_secs(30));
    if inside || minutes.abs() < 1.0 {
        "went live just when the harm began".to_owned()
    } else if minutes >= 90.0 {
        format!("went live {:.1} h before the harm began", minutes / 60.0)
    } else if minutes > 0.0 {
        format!("went live {minutes:.0} min before the harm began")
    } else {
        format!("went live {:.0} min after the harm began", -minutes)
    }
}
