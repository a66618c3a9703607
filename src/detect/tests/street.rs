//! A made-up shop whose shoppers walk: every visit takes its steps one after the other, each after
//! a delay, so that waves of visits reach the orders later. It asserts nothing.

use super::made_up::{Dice, NOON, at, fact, policy, seg};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::Dim;
use crate::domain::time::Span;
use crate::verdict::Judgement;

/// Ways in, with visits a minute each.
pub const WAYS: [(&str, &str, f64); 4] = [
    ("newsletter", "phone", 70.0),
    ("newsletter", "computer", 40.0),
    ("search_engine", "phone", 130.0),
    ("search_engine", "computer", 80.0),
];
const STEPS: [(Metric, f64); 4] = [
    (Metric::AddToCart, 0.22),
    (Metric::CheckoutStart, 0.55),
    (Metric::PaymentTry, 0.8),
    (Metric::Orders, 0.96),
];
const PAGES: f64 = 3.0;
const WORTH: f64 = 48.0;

/// Seconds from step to step: the same for all, or exponential.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Delay {
    Fixed(f64),
    Spread(f64),
}

/// A minute of the street.
#[derive(Clone, Copy, Debug)]
pub struct Mood {
    pub visits: f64,
    /// Visits of the newsletter alone, on top.
    pub letter: f64,
    /// Chance of each step, as a share of its usual.
    pub steps: [f64; 4],
    /// Orders written for each order placed, and their value as a share of the usual.
    pub twice: f64,
    pub worth: f64,
}

pub const CALM: Mood = Mood { visits: 1.0, letter: 1.0, steps: [1.0; 4], twice: 1.0, worth: 1.0 };

pub struct Street {
    pub engine: Engine,
    dice: Dice,
    delay: Delay,
    pub now: i64,
    /// Events to come by minute: way, what (visits, pages, steps, orders written twice), how many.
    due: std::collections::BTreeMap<i64, [[f64; 6]; 4]>,
}

const METRICS: [(&str, Metric); 6] = [
    ("till", Metric::Sessions),
    ("till", Metric::AddToCart),
    ("till", Metric::CheckoutStart),
    ("till", Metric::PaymentTry),
    ("till", Metric::Orders),
    ("beacons", Metric::PageViews),
];

impl Street {
    /// A week of hours, and so many minutes that were lived through but not judged.
    pub fn new(seed: u64, delay: Delay, minutes: i64, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(Span::from_mins(1), policy());
        change(&mut settings);
        let engine = Engine::new(settings);
        let due = std::collections::BTreeMap::new();
        let now = NOON - minutes * 60;
        let mut street = Self { engine, dice: Dice(seed), delay, now, due };
        for hour in 1..=96 {
            street.past(now - hour * 3600);
        }
        for _ in 0..minutes {
            street.live(CALM);
        }
        street
    }

    fn past(&mut self, start: i64) {
        let w = Window { start: at(start), end: at(start + 3600) };
        let mut batch = Vec::new();
        for (source, device, rate) in WAYS {
            let mut counts = [0.0; 6];
            counts[0] = self.dice.count(rate * 60.0);
            let mut left = counts[0];
            for (i, (_, p)) in STEPS.iter().enumerate() {
                left = binomial(&mut self.dice, left, *p);
                counts[i + 1] = left;
            }
            counts[5] = self.dice.count(counts[0] * PAGES);
            let worth = counts[4] * WORTH;
            batch.extend(told(source, device, counts, worth, w));
        }
        self.engine.history(&batch);
    }

    fn later(&mut self, t: f64) -> f64 {
        match self.delay {
            Delay::Fixed(d) => t + d,
            Delay::Spread(mean) => t - mean * (1.0 - self.dice.next()).max(1e-9).ln(),
        }
    }

    fn add(&mut self, t: f64, way: usize, what: usize, n: f64) {
        let minute = (t / 60.0).floor() as i64;
        self.due.entry(minute).or_insert([[0.0; 6]; 4])[way][what] += n;
    }

    /// One minute of shoppers; what they do is told when it happens.
    pub fn live(&mut self, mood: Mood) {
        for (way, (source, _, rate)) in WAYS.iter().enumerate() {
            let letter = if *source == "newsletter" { mood.letter } else { 1.0 };
            let visits = self.dice.count(rate * mood.visits * letter);
            for _ in 0..visits as usize {
                let mut t = self.now as f64 + 60.0 * self.dice.next().min(0.999);
                self.add(t, way, 0, 1.0);
                let mut page = t;
                for _ in 0..PAGES as usize {
                    self.add(page, way, 5, 1.0);
                    page = self.later(page);
                }
                for (i, (_, p)) in STEPS.iter().enumerate() {
                    if self.dice.next() >= p * mood.steps[i] {
                        break;
                    }
                    t = self.later(t);
                    let n = if i == 3 && self.dice.next() < mood.twice - 1.0 { 2.0 } else { 1.0 };
                    self.add(t, way, i + 1, n);
                }
            }
        }
        let all = self.due.remove(&(self.now / 60)).unwrap_or_default();
        let w = Window { start: at(self.now), end: at(self.now + 60) };
        let mut batch = Vec::new();
        for ((source, device, _), counts) in WAYS.iter().zip(all) {
            let noise = 1.0 + 0.4 * (self.dice.next() - 0.5) / (counts[4].max(1.0)).sqrt();
            let worth = counts[4] * WORTH * mood.worth * noise;
            batch.extend(told(source, device, counts, worth, w));
        }
        self.engine.observe(&batch);
        self.now += 60;
    }

    /// Lives and judges a minute.
    pub fn minute(&mut self, mood: Mood) -> Judgement {
        self.live(mood);
        self.engine.judge(at(self.now))
    }
}

fn told(source: &str, device: &str, counts: [f64; 6], worth: f64, w: Window) -> Vec<Observation> {
    let s = seg(&[(Dim::TrafficSource, source), (Dim::Device, device)]);
    let counts = METRICS.iter().zip(counts);
    let mut out: Vec<Observation> = counts
        .map(|((from, metric), n)| fact(from, *metric, s.clone(), w, Value::Count(n)))
        .collect();
    out.push(fact("till", Metric::Revenue, s, w, Value::Count(worth)));
    out
}

/// About how many of many succeed.
fn binomial(dice: &mut Dice, n: f64, p: f64) -> f64 {
    let sum: f64 = (0..12).map(|_| dice.next()).sum::<f64>() - 6.0;
    (n * p + sum * (n * p * (1.0 - p)).sqrt()).round().clamp(0.0, n)
}
