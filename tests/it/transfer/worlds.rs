//! Made-up series with known answers: what a number does while all is well, by kind.
//! What goes wrong with it is `faults`; nobody here knows the detector.

use super::faults::{self, Fault};
use super::noise::Noise;

pub const HOUR: f64 = 3600.0;
pub const DAY: f64 = 24.0 * HOUR;
/// A Monday at midnight, UTC.
const START: i64 = 1_709_510_400;

/// Which way is bad.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Up,
    Both,
}

/// How values stray from what is expected at their moment.
#[derive(Clone, Copy, Debug)]
pub enum Stray {
    /// Exactly as expected.
    None,
    /// Normal, by this share of the level.
    Normal(f64),
    /// Log-normal, by this sigma.
    Ratio(f64),
    /// Counts with this mean at the level, and bursts: so many a day, of this Pareto tail.
    Counts { bursts: f64, tail: f64 },
    /// A share of so many trials.
    Share { trials: f64 },
    /// A slow wander by this share of the level, and noise of a fifth of it.
    Wander(f64),
}

/// One kind of series.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    /// Seconds between rows, and days.
    pub step: f64,
    pub days: f64,
    pub level: f64,
    /// The daily wave as a share of the level, its weekend factor and the growth over the series.
    pub daily: f64,
    pub weekend: f64,
    pub trend: f64,
    /// The day is a plateau between nine and six instead of a wave.
    pub plateau: bool,
    pub stray: Stray,
    /// Habitual one-row spikes: so many a day, of this size in levels.
    pub spikes: (f64, f64),
    /// Share of rows that are missing.
    pub missing: f64,
    pub way: Way,
    pub faults: &'static [Fault],
}

/// A finished series: rows and the stretches that are wrong, both ends inclusive.
#[derive(Clone, Debug)]
pub struct World {
    pub kind: &'static str,
    pub way: Way,
    pub rows: Vec<(i64, Option<f64>)>,
    pub windows: Vec<(i64, i64)>,
}

/// What faults may change before noise is added, and after.
pub struct Draft {
    pub step: f64,
    pub level: f64,
    /// The expected values, and the scale of their noise (1 is usual).
    pub expected: Vec<f64>,
    pub wildness: Vec<f64>,
    /// Values a fault sets outright.
    pub fixed: Vec<Option<f64>>,
    pub spikes: Vec<f64>,
}

/// Makes one series.
pub fn make(kind: &Kind, seed: u64) -> World {
    let name = kind.name.bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let mut noise = Noise::new(seed ^ name);
    let n = (kind.days * DAY / kind.step) as usize;
    let phase = noise.between(-2.0, 2.0) * HOUR;
    let mut draft = Draft {
        step: kind.step,
        level: kind.level,
        expected: (0..n).map(|i| expected(kind, i as f64 * kind.step, phase)).collect(),
        wildness: vec![1.0; n],
        fixed: vec![None; n],
        spikes: vec![kind.spikes.0 * kind.step / DAY; n],
    };
    let spans = faults::place(kind.faults, &mut draft, &mut noise);
    let values = strays(kind, &draft, &mut noise);
    let stamp = |i: usize| START + (i as f64 * kind.step) as i64;
    let tail = (n as f64 * 0.04).max(HOUR / kind.step) as usize;
    let window = |(from, to): (usize, usize)| (stamp(from), stamp(to.max(from + tail).min(n - 1)));
    let windows = spans.into_iter().map(window).collect();
    let mut rows: Vec<_> = values.into_iter().enumerate().map(|(i, v)| (stamp(i), v)).collect();
    if kind.missing > 0.0 {
        rows = thinned(&rows, kind.missing, &mut noise);
    }
    World { kind: kind.name, way: kind.way, rows, windows }
}

/// What is expected `t` seconds after the start.
fn expected(kind: &Kind, t: f64, phase: f64) -> f64 {
    let hour = (t + phase).rem_euclid(DAY) / HOUR;
    let weekday = ((t + phase) / DAY).floor().rem_euclid(7.0);
    let wave = if kind.plateau {
        if (9.0..18.0).contains(&hour) { 1.0 } else { -1.0 }
    } else {
        -(hour / 24.0 * std::f64::consts::TAU).cos() + 0.25 * (hour / 6.0 * 3.1).sin()
    };
    let week = if weekday >= 5.0 { kind.weekend } else { 1.0 };
    let growth = 1.0 + kind.trend * t / (kind.days * DAY);
    kind.level * growth * (1.0 + kind.daily * wave * week + (week - 1.0) * 0.5 * kind.daily)
}

/// Adds what is random.
fn strays(kind: &Kind, draft: &Draft, noise: &mut Noise) -> Vec<Option<f64>> {
    let (mut burst, mut wander) = (0.0f64, 0.0f64);
    let mut out = Vec::with_capacity(draft.expected.len());
    for (i, expected) in draft.expected.iter().enumerate() {
        let wild = draft.wildness[i];
        let mut x = match kind.stray {
            Stray::None => *expected,
            Stray::Normal(share) => expected + wild * share * kind.level * noise.normal(),
            Stray::Ratio(sigma) => expected * (wild * sigma * noise.normal()).exp(),
            Stray::Counts { bursts, tail } => {
                burst *= 0.6f64.powf(kind.step / 300.0);
                if noise.chance(bursts * kind.step / DAY) {
                    burst = burst.max(noise.pareto(tail));
                }
                let mean = expected.max(0.0) * wild * (0.3 * noise.normal()).exp();
                noise.poisson(mean)
                    + (kind.level * burst).min(300.0 * kind.level).round()
            }
            Stray::Share { trials } => noise.poisson(trials * expected.max(0.0)) / trials,
            Stray::Wander(share) => {
                let pull = (kind.step / (12.0 * HOUR)).min(0.5);
                wander += -pull * wander + (2.0 * pull).sqrt() * noise.normal();
                expected + kind.level * share * (wander + 0.2 * wild * noise.normal())
            }
        };
        if noise.chance(draft.spikes[i]) {
            x += kind.level * kind.spikes.1 * noise.between(0.8, 1.2);
        }
        out.push(Some(draft.fixed[i].unwrap_or(x)));
    }
    out
}

/// Leaves rows out, singly and in stretches; a few remain as rows without a value.
fn thinned(rows: &[(i64, Option<f64>)], share: f64, noise: &mut Noise) -> Vec<(i64, Option<f64>)> {
    let mut out = Vec::new();
    let mut hole = 0usize;
    for (at, x) in rows {
        if hole > 0 {
            hole -= 1;
        } else if noise.chance(share / 4.0) {
            hole = (noise.exponential() * 6.0) as usize;
        } else if noise.chance(share / 4.0) {
            out.push((*at, None));
        } else {
            out.push((*at, *x));
        }
    }
    out
}
