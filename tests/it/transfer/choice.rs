//! Choosing without looking: weights, caps and lines are taken from all families but one and scored
//! on that one, in turn. Rows are measured once; rules are tried on the measurements.

use std::collections::BTreeSet;

use tillwatch::detect::univariate::detector::{
    AlarmRule, LEARNING, Latch, LatchState, Measured, Meter, NoveltyPart,
};
use tillwatch::policy::sensitivity::Sensitivity;

use super::corpus::{Corpus, Series};
use super::nab::{Tally, Truth};
use super::noise::Noise;

/// Lines tried: a geometric grid around the shipped ones.
const LINES: usize = 22;
const FINEST: f64 = 1.1;
const LOWEST: f64 = 7.0;
/// What the made-up kinds count beside the public corpus of a preset.
const MADE: f64 = 0.5;

/// A measured series.
pub struct Sample {
    pub corpus: Corpus,
    pub family: String,
    pub repeats: bool,
    pub truth: Truth,
    pub rows: usize,
    pub measured: Vec<(usize, Measured)>,
}

/// Tallies of one rule, by line and sample.
pub struct Trial {
    pub rule: AlarmRule,
    tallies: Vec<Vec<Tally>>,
}

pub fn measure(series: Vec<Series>) -> Vec<Sample> {
    let one = |s: Series| {
        let mut meter = Meter::new(s.bad);
        let rows = s.rows.iter().enumerate();
        let measured =
            rows.filter_map(|(i, (at, x))| Some((i, meter.step(*at, *x).ok()?.measured))).collect();
        let rows = s.rows.len();
        let (corpus, family, repeats, truth) = (s.corpus, s.family, s.repeats, s.truth);
        Sample { corpus, family, repeats, truth, rows, measured }
    };
    series.into_iter().map(one).collect()
}

/// The rows at which a rule gives alarms.
pub fn alarms(rule: &AlarmRule, sample: &Sample) -> Vec<usize> {
    alarms_at(rule, sample, &evidence(rule, sample))
}

fn evidence(rule: &AlarmRule, sample: &Sample) -> Vec<f64> {
    sample.measured.iter().map(|(_, row)| rule.evidence(row)).collect()
}

fn alarms_at(rule: &AlarmRule, sample: &Sample, evidence: &[f64]) -> Vec<usize> {
    let mut latch = Latch::default();
    let mut out = Vec::new();
    for ((i, row), evidence) in sample.measured.iter().zip(evidence) {
        // below the line nothing opens
        if row.number <= LEARNING || *evidence < rule.line && !latch.is_open() {
            continue;
        }
        let ratio = evidence / rule.line_after(latch.recent(row.at));
        if latch.step(row.at, row.number, ratio) == LatchState::Opened {
            out.push(*i);
        }
    }
    out
}

pub fn lines() -> impl Iterator<Item = f64> {
    (0..LINES).map(|k| LOWEST * FINEST.powi(i32::try_from(k).unwrap_or(0)))
}

/// The rules that are tried: parts on and off, few round weights.
pub fn rules() -> Vec<AlarmRule> {
    let shipped = AlarmRule::of(Sensitivity::Normal);
    let mut sets = vec![shipped.weights, [1.0, 1.0, 0.5, 0.5, 0.5, 0.0]];
    for part in [NoveltyPart::Step, NoveltyPart::Shape, NoveltyPart::Stuck] {
        let mut without = shipped.weights;
        without[part as usize] = 0.0;
        sets.push(without);
    }
    let mut out = Vec::new();
    for mut weights in sets {
        for jump in [0.25, 0.5, 1.0] {
            weights[NoveltyPart::Jump as usize] = jump;
            for (cap, day) in [(4.0, 1.0), (6.0, 0.0), (6.0, 0.5), (6.0, 1.0), (10.0, 1.0)] {
                for fatigue in [0.0, 0.1] {
                    out.push(AlarmRule { weights, cap, day, line: 1.0, fatigue });
                }
            }
        }
    }
    out
}

pub fn trial(rule: AlarmRule, samples: &[Sample]) -> Trial {
    let evidence: Vec<Vec<f64>> = samples.iter().map(|s| evidence(&rule, s)).collect();
    let at = |line| {
        let rule = AlarmRule { line, ..rule };
        let one = |(s, e): (&Sample, &Vec<f64>)| s.truth.tally(&alarms_at(&rule, s, e));
        samples.iter().zip(&evidence).map(one).collect()
    };
    Trial { rule, tallies: lines().map(at).collect() }
}

impl Sample {
    /// Whether its answers are meant for the preset that is chosen by `corpus`: `high` (the cloud
    /// data) wants to hear of every spike that comes again, `normal` calls it a habit.
    pub fn suits(&self, corpus: Corpus) -> bool {
        corpus == Corpus::Cloud || !self.repeats
    }
}

/// Sums the tallies of the samples that `take` wants.
pub fn sum<'a>(
    samples: &[Sample],
    tallies: impl IntoIterator<Item = &'a Tally>,
    take: impl Fn(&Sample) -> bool,
) -> Tally {
    let mut total = Tally::default();
    for (_, tally) in samples.iter().zip(tallies).filter(|(s, _)| take(s)) {
        total.add(tally);
    }
    total
}

/// The best rule and line for a corpus and the made-up kinds without one family; a line counts with
/// its neighbours, for single best lines are luck.
pub fn best<'a>(
    samples: &[Sample],
    trials: &[&'a Trial],
    corpus: Corpus,
    without: &str,
) -> (&'a Trial, usize) {
    let worth = |trial: &Trial, line: usize| {
        let of = |counted| {
            let take = |s: &Sample| s.corpus == counted && s.family != without && s.suits(corpus);
            sum(samples, &trial.tallies[line], take).mean()
        };
        of(corpus) + MADE * of(Corpus::Made)
    };
    let all = trials.iter().flat_map(|&trial| {
        let worths: Vec<f64> = (0..LINES).map(|line| worth(trial, line)).collect();
        (1..LINES - 1)
            .map(move |line| (worths[line - 1..=line + 1].iter().sum::<f64>(), trial, line))
    });
    let (_, trial, line) = all.max_by(|a, b| a.0.total_cmp(&b.0)).expect("trials");
    (trial, line)
}

/// The tallies of every sample of a corpus, each scored by what was chosen without its family.
pub fn left_out(samples: &[Sample], trials: &[&Trial], judged: Corpus, by: Corpus) -> Vec<Tally> {
    let families: BTreeSet<&String> =
        samples.iter().filter(|s| s.corpus == judged && s.suits(by)).map(|s| &s.family).collect();
    let mut out = vec![Tally::default(); samples.len()];
    for family in families {
        let (trial, line) = best(samples, trials, by, family);
        for (k, sample) in samples.iter().enumerate() {
            if sample.corpus == judged && sample.family == *family {
                out[k] = trial.tallies[line][k];
            }
        }
    }
    out
}

impl Trial {
    /// Whether repetition counts as the preset says; that is its meaning and not for choice.
    pub fn means(&self, sensitivity: Sensitivity) -> bool {
        self.rule.weights[NoveltyPart::Jump as usize] == sensitivity.series_jump()
            && self.rule.fatigue == sensitivity.series_fatigue()
    }

    pub fn at(&self, line: usize) -> &[Tally] {
        &self.tallies[line]
    }
}

/// The standard score between which nine of ten draws of as many families, and files in each, lie.
pub fn interval(
    samples: &[Sample],
    tallies: &[Tally],
    take: impl Fn(&Sample) -> bool,
) -> (f64, f64) {
    let mut noise = Noise::new(1);
    let mut families: Vec<Vec<Tally>> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (sample, tally) in samples.iter().zip(tallies).filter(|(s, _)| take(s)) {
        let at = names.iter().position(|n| *n == sample.family).unwrap_or_else(|| {
            names.push(&sample.family);
            families.push(Vec::new());
            names.len() - 1
        });
        families[at].push(*tally);
    }
    let mut pick = |n: usize| ((noise.uniform() * n as f64) as usize).min(n - 1);
    let mut scores: Vec<f64> = (0..2000)
        .filter_map(|_| {
            let mut total = Tally::default();
            for _ in 0..families.len() {
                let family = &families[pick(families.len())];
                for _ in 0..family.len() {
                    total.add(&family[pick(family.len())]);
                }
            }
            total.score(super::nab::PROFILES[0])
        })
        .collect();
    scores.sort_by(f64::total_cmp);
    (scores[scores.len() / 20], scores[scores.len() * 19 / 20])
}
