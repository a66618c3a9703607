//! Choosing without looking: weights, caps and lines are taken from all families but one and scored
//! on that one, in turn. Rows are measured once; rules are tried on the measurements.

use std::collections::BTreeSet;

use tillwatch::detect::series::{LEARNING, Latch, Measured, Meter, Part, Rule, State};
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
    pub truth: Truth,
    pub rows: usize,
    pub measured: Vec<(usize, Measured)>,
}

/// Tallies of one rule, by line and sample.
pub struct Trial {
    pub rule: Rule,
    tallies: Vec<Vec<Tally>>,
}

pub fn measure(series: Vec<Series>) -> Vec<Sample> {
    let one = |s: Series| {
        let mut meter = Meter::new(s.bad);
        let rows = s.rows.iter().enumerate();
        let measured = rows
            .filter_map(|(i, (at, x))| Some((i, meter.step(*at, *x).ok()?.measured)))
            .collect();
        let rows = s.rows.len();
        Sample { corpus: s.corpus, family: s.family, truth: s.truth, rows, measured }
    };
    series.into_iter().map(one).collect()
}

/// The rows at which a rule gives alarms.
pub fn alarms(rule: &Rule, sample: &Sample) -> Vec<usize> {
    let mut latch = Latch::default();
    let mut out = Vec::new();
    for (i, row) in sample.measured.iter().filter(|(_, row)| row.number > LEARNING) {
        let ratio = rule.evidence(row) / rule.line_after(latch.recent(row.at));
        if latch.step(row.at, row.number, ratio) == State::Opened {
            out.push(*i);
        }
    }
    out
}

pub fn lines() -> impl Iterator<Item = f64> {
    (0..LINES).map(|k| LOWEST * FINEST.powi(i32::try_from(k).unwrap_or(0)))
}

/// The rules that are tried: parts on and off, few round weights.
pub fn rules() -> Vec<Rule> {
    let shipped = Rule::of(Sensitivity::Normal);
    let mut sets = vec![shipped.weights, [1.0; 6]];
    for part in [Part::Step, Part::Shape, Part::Stuck] {
        let mut without = shipped.weights;
        without[part as usize] = 0.0;
        sets.push(without);
    }
    let mut out = Vec::new();
    for mut weights in sets {
        for jump in [0.25, 0.5, 1.0] {
            weights[Part::Jump as usize] = jump;
            for (cap, day) in [(4.0, 1.0), (6.0, 0.0), (6.0, 0.5), (6.0, 1.0), (10.0, 1.0)] {
                for fatigue in [0.0, 0.1] {
                    out.push(Rule { weights, cap, day, line: 1.0, fatigue });
                }
            }
        }
    }
    out
}

pub fn trial(rule: Rule, samples: &[Sample]) -> Trial {
    let at = |line| {
        let rule = Rule { line, ..rule };
        samples.iter().map(|s| s.truth.tally(&alarms(&rule, s))).collect()
    };
    Trial { rule, tallies: lines().map(at).collect() }
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
    trials: &'a [Trial],
    corpus: Corpus,
    without: &str,
) -> (&'a Trial, usize) {
    let worth = |trial: &Trial, line: usize| {
        let of = |corpus| {
            let take = |s: &Sample| s.corpus == corpus && s.family != without;
            sum(samples, &trial.tallies[line], take).mean()
        };
        of(corpus) + MADE * of(Corpus::Made)
    };
    let all = trials.iter().flat_map(|trial| {
        let worths: Vec<f64> = (0..LINES).map(|line| worth(trial, line)).collect();
        (1..LINES - 1).map(move |line| (worths[line - 1..=line + 1].iter().sum::<f64>(), trial, line))
    });
    let (_, trial, line) = all.max_by(|a, b| a.0.total_cmp(&b.0)).expect("trials");
    (trial, line)
}

/// The tallies of every sample of a corpus, each scored by what was chosen without its family.
pub fn left_out(samples: &[Sample], trials: &[Trial], judged: Corpus, by: Corpus) -> Vec<Tally> {
    let families: BTreeSet<&String> =
        samples.iter().filter(|s| s.corpus == judged).map(|s| &s.family).collect();
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
    pub fn at(&self, line: usize) -> &[Tally] {
        &self.tallies[line]
    }
}

/// The standard score between which nine of ten draws of as many families, and files in each, lie.
pub fn interval(samples: &[Sample], tallies: &[Tally], corpus: Corpus) -> (f64, f64) {
    let mut noise = Noise::new(1);
    let mut families: Vec<Vec<Tally>> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (sample, tally) in samples.iter().zip(tallies).filter(|(s, _)| s.corpus == corpus) {
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
