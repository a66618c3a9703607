//! Does the series detector hold on families of series it was not chosen on? Figures for people
//! (`./measure series`) and, on a few made-up kinds, promises that every build must keep.

mod choice;
mod corpus;
mod faults;
mod kinds;
mod nab;
mod noise;
mod volume;
mod worlds;

use tillwatch::detect::univariate::detector::{AlarmRule, Detector, LINE};
use tillwatch::policy::sensitivity::Sensitivity;

use choice::{Sample, alarms, best, interval, left_out, lines, measure, rules, sum, trial};
use corpus::{Corpus, Series, made, public};
use nab::Tally;

/// Seeds of the made-up kinds: looked at while choosing, and never before a release.
const SEEN: std::ops::Range<u64> = 1..4;
const FRESH: std::ops::Range<u64> = 101..104;
/// False episodes a series-week at which recall is told.
const RATES: [f64; 2] = [0.25, 1.0];

fn kind(name: &str, seed: u64) -> Series {
    let kind = kinds::KINDS.iter().find(|k| k.name == name).expect("a kind");
    corpus::of_world(&worlds::make(kind, seed))
}

fn opened(series: &Series, sensitivity: Sensitivity) -> Vec<usize> {
    let mut detector = Detector::new(sensitivity, series.bad);
    let rows = series.rows.iter().enumerate();
    rows.filter(|(_, (at, x))| detector.step(*at, *x).score >= LINE).map(|(i, _)| i).collect()
}

#[test]
fn a_peak_that_fails_to_come_and_a_value_that_is_stuck_are_found() {
    for (name, first) in [("clean, no peak", 0), ("wave, stuck", 0), ("wave, stuck", 1)] {
        let series = kind(name, 7);
        let (from, to) = series.truth.windows[first];
        let found = opened(&series, Sensitivity::Normal);
        assert!(found.iter().any(|i| (from..=to).contains(i)), "{name} {first}: {found:?}");
    }
}

#[test]
fn a_working_day_without_its_peak_is_found_once_two_weeks_are_known() {
    let series = kind("weekly, day off", 7);
    let (from, to) = series.truth.windows[0];
    let found = opened(&series, Sensitivity::Normal);
    assert!(found.iter().any(|i| (from..=to).contains(i)), "{found:?} {from} {to}");
    let third_week = 14 * 48;
    let sane = opened(&kind("weekly, sane", 7), Sensitivity::Normal);
    assert!(sane.iter().filter(|i| **i > third_week).count() <= 1, "{sane:?}");
}

#[test]
fn bursts_that_are_the_rule_become_it() {
    let series = kind("tweets, sane", 7);
    let found = opened(&series, Sensitivity::Normal);
    let week = 7 * 288;
    let late = found.iter().filter(|i| **i >= series.rows.len() - 2 * week).count();
    assert!(late <= 3, "{late} alarms in the last two weeks");
}

#[test]
fn made_up_series_are_the_same_on_every_run() {
    for name in ["tweets, news", "traffic with holes"] {
        assert_eq!(kind(name, 3).rows, kind(name, 3).rows);
        assert_ne!(kind(name, 3).rows, kind(name, 4).rows);
    }
}

#[test]
#[ignore = "a table for people: ./measure series"]
fn left_out_figures() {
    let mut series = public(Corpus::Nab);
    series.extend(public(Corpus::Cloud));
    series.extend(made(&SEEN));
    let samples = measure(series);
    let trials: Vec<_> = rules().into_iter().map(|rule| trial(rule, &samples)).collect();
    println!("{} rules x {} lines over {} series", trials.len(), lines().count(), samples.len());
    println!("| judged | preset | standard / low FP / low FN | windows | false a week |");
    println!("|---|---|---|---|---|");
    for (corpus, sensitivity) in
        [(Corpus::Nab, Sensitivity::Normal), (Corpus::Cloud, Sensitivity::High)]
    {
        let shipped = AlarmRule::of(sensitivity);
        let now: Vec<Tally> = samples.iter().map(|s| s.truth.tally(&alarms(&shipped, s))).collect();
        let every: Vec<_> = trials.iter().collect();
        let meant: Vec<_> = trials.iter().filter(|t| t.means(sensitivity)).collect();
        let (chosen, line) = best(&samples, &every, corpus, "");
        println!("chosen on all: {:?} line {:?}", chosen.rule, lines().nth(line));
        for judged in [corpus, Corpus::Made] {
            let take = |s: &Sample| s.corpus == judged && s.suits(corpus);
            let row = |name: &str, tallies: &[Tally]| {
                let total = sum(&samples, tallies, take);
                println!("| {judged:?} | {} {name} | {} |", sensitivity.name(), total.words());
            };
            row("shipped", &now);
            row("chosen in sample", chosen.at(line));
            for (name, trials) in [("left out, preset open", &every), ("left out", &meant)] {
                let out = left_out(&samples, trials, judged, corpus);
                row(name, &out);
                let (low, high) = interval(&samples, &out, take);
                println!("nine of ten draws of families: {low:.1} to {high:.1}");
            }
        }
    }
    beside();
}

/// What the NAB score does not say, for the shipped rules, and all corpora with both presets.
fn beside() {
    let mut series = public(Corpus::Nab);
    series.extend(public(Corpus::Cloud));
    series.extend(made(&FRESH));
    let samples = measure(series);
    println!(
        "\n| series | preset | scores, windows, false a week | recall at {RATES:?} | VUS-PR |"
    );
    println!("|---|---|---|---|---|");
    for sensitivity in [Sensitivity::Normal, Sensitivity::High] {
        for corpus in [Corpus::Nab, Corpus::Cloud, Corpus::Made] {
            let rule = AlarmRule::of(sensitivity);
            let by = if sensitivity == Sensitivity::High { Corpus::Cloud } else { Corpus::Nab };
            let of: Vec<&Sample> =
                samples.iter().filter(|s| s.corpus == corpus && s.suits(by)).collect();
            let recalls = RATES.map(|rate| recall_at(&rule, &of, rate));
            println!(
                "| {corpus:?} | {} | {} | {:.2} / {:.2} | {:.3} |",
                sensitivity.name(),
                total(&rule, &of).words(),
                recalls[0],
                recalls[1],
                volume_of(&rule, &of)
            );
        }
    }
}

fn total(rule: &AlarmRule, samples: &[&Sample]) -> Tally {
    let mut total = Tally::default();
    for sample in samples {
        total.add(&sample.truth.tally(&alarms(rule, sample)));
    }
    total
}

/// The share of windows found at the lowest line that keeps false episodes at the rate.
fn recall_at(rule: &AlarmRule, samples: &[&Sample], rate: f64) -> f64 {
    let at = |k: i32| total(&AlarmRule { line: rule.line * 1.06f64.powi(k), ..*rule }, samples);
    let kept = (-30..60).map(at).filter(|t| t.false_a_week() <= rate);
    kept.map(|t| t.recall()).fold(0.0, f64::max)
}

/// The mean volume under the surface, by evidence before the latch, over series with windows.
fn volume_of(rule: &AlarmRule, samples: &[&Sample]) -> f64 {
    let volumes: Vec<f64> = samples
        .iter()
        .filter_map(|sample| {
            let mut evidence = vec![0.0; sample.rows];
            for (i, row) in &sample.measured {
                evidence[*i] = rule.evidence(row);
            }
            volume::vus_pr(&evidence, &sample.truth.windows)
        })
        .collect();
    volumes.iter().sum::<f64>() / volumes.len() as f64
}
