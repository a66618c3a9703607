//! What is usual for one segment: its mean by hour of day, learnt from hourly history.
//! Small segments lean on a parent; hours lean on their neighbours. No judgement here.

use super::winsorise;
use crate::detect::evidence::stat::{HourMoments, Likelihood, Moments};

/// Usual mean per unit, for each hour of the day (UTC).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Profile {
    mu: [f32; 24],
    /// Units behind each hour's mean, borrowed ones included.
    weight: [f32; 24],
    /// Variance of one unit around the mean.
    pub s2: f32,
    /// Own units in all; zero means nothing was ever seen here.
    pub total: f32,
    /// Days of the past since the place was first seen in it; none before it has a past.
    pub days: f32,
    pub past: Past,
}

/// Whose past a usual level was learnt from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Past {
    /// Nobody's: the place is not judged, and no sum over places counts it.
    #[default]
    None,
    /// The minutes since the start.
    Live,
    /// Its own hours.
    Own,
    /// What its place is without the release or the arm that it names.
    Rest,
}

/// What a leaf leans on, and how far children lie off it (log units, or share of the usual).
#[derive(Clone, Copy, Debug)]
pub struct Parent<'a> {
    pub usual: &'a Profile,
    pub offset: f64,
}

impl Parent<'_> {
    /// Samples of its own that would tell a child's level as well as the parent tells it.
    fn units(&self, likelihood: Likelihood, mean: f64, s2: f64) -> f64 {
        let one = match likelihood {
            Likelihood::LogNormal | Likelihood::Gauge => s2,
            Likelihood::Rare | Likelihood::Conversion => (1.0 - mean).max(0.0) / mean.max(1e-6),
            Likelihood::Poisson => 1.0 / mean.max(1e-6),
        };
        one / self.offset.powi(2).max(1e-9)
    }
}

/// Units borrowed from the neighbouring hours, and from the parent.
const LEAN_HOURS: f64 = 60.0;
const LEAN_EVENTS: f64 = 20.0;
const LEAN_PARENT: f64 = 100.0;

impl Profile {
    pub fn known(&self) -> bool {
        self.weight.iter().any(|w| *w > 0.0)
    }

    /// The same, learnt from a past of so many days.
    pub fn with_past(self, past: Past, days: f32) -> Self {
        Self { days, past, ..self }
    }

    /// Usual mean at an instant, straight between the centres of the hours.
    pub fn mean_at(&self, secs_of_day: f64) -> f64 {
        let x = secs_of_day / 3600.0 - 0.5 + 24.0;
        let (h, share) = (x.floor() as usize % 24, x.fract());
        let at = |i: usize| f64::from(self.mu.get(i % 24).copied().unwrap_or(0.0));
        at(h) * (1.0 - share) + at(h + 1) * share
    }

    /// Events behind a count's means: rate by hours of exposure.
    pub fn events(&self) -> f64 {
        self.mu.iter().zip(&self.weight).map(|(mu, w)| f64::from(*mu) * f64::from(*w)).sum()
    }

    /// Units of history behind the mean at an instant.
    pub fn weight_at(&self, secs_of_day: f64) -> f64 {
        let h = (secs_of_day / 3600.0) as usize % 24;
        f64::from(self.weight.get(h).copied().unwrap_or(0.0))
    }

    /// Learns from hours of history, each held within what the same hour of other days makes
    /// likely. `exposure` replaces the units per hour of day for counts per time, where an hour
    /// without an entry is an hour with zero events.
    pub fn learn(
        likelihood: Likelihood,
        hours: &[HourMoments],
        exposure: Option<&[f64; 24]>,
        parent: Option<Parent<'_>>,
    ) -> Self {
        let s2 = spread(likelihood, hours, parent.map(|p| p.usual));
        let (mut n, s) =
            winsorise::by_hour_of_day(likelihood, hours, s2.into(), exposure.is_some());
        if let Some(e) = exposure {
            n = *e;
        }
        let total: f64 = n.iter().sum();
        let mut out = match exposure {
            Some(_) => by_hour(&n, &s),
            None => leaning(likelihood, &n, &s, (s2.into(), parent)),
        };
        out.total = total as f32;
        out.s2 = s2;
        out
    }
}

impl Profile {
    /// The same mean at every hour: all that a few live minutes can teach.
    pub fn flat(likelihood: Likelihood, raw: Moments) -> Self {
        let (n, s, q) = (f64::from(raw.count), f64::from(raw.sum), f64::from(raw.sum_sq));
        if n <= 0.0 {
            return Self::default();
        }
        let mean = s / n;
        let var = match likelihood {
            Likelihood::LogNormal => ((q - s * mean) / n).max(0.01),
            Likelihood::Gauge => (q / n - mean * mean).max((0.05 * mean).powi(2)).max(1e-9),
            Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson => 1.0,
        };
        Self {
            mu: [mean as f32; 24],
            weight: [raw.count; 24],
            s2: var as f32,
            total: raw.count,
            days: 0.0,
            past: Past::Live,
        }
    }
}

/// Counts per time: each hour stands for itself, empty hours take the day's mean.
fn by_hour(n: &[f64; 24], s: &[f64; 24]) -> Profile {
    let (nn, ss): (f64, f64) = (n.iter().sum(), s.iter().sum());
    let all = if nn > 0.0 { ss / nn } else { 0.0 };
    let mut out = Profile::default();
    let cells = out.mu.iter_mut().zip(&mut out.weight).zip(n.iter().zip(s));
    for ((mu, weight), (n, s)) in cells {
        *mu = if *n > 0.0 { s / n } else { all } as f32;
        *weight = *n as f32;
    }
    out
}

/// Means: an hour leans on its neighbours, they lean on the day, the day leans on the parent.
fn leaning(
    likelihood: Likelihood,
    n: &[f64; 24],
    s: &[f64; 24],
    (s2, parent): (f64, Option<Parent<'_>>),
) -> Profile {
    let (nn, ss): (f64, f64) = (n.iter().sum(), s.iter().sum());
    let lean_hours = lean_hours(likelihood, ss / nn.max(1.0));
    let mut out = Profile::default();
    let parent = parent.filter(|p| p.usual.known());
    let (lean, base) = match parent {
        Some(p) => (LEAN_PARENT, p.usual.mu.map(f64::from)),
        None => (0.0, [0.0; 24]),
    };
    if nn + lean <= 0.0 {
        return out;
    }
    let at = |a: &[f64; 24], i: usize| a.get(i % 24).copied().unwrap_or(0.0);
    for h in 0..24 {
        let day = (ss + lean * at(&base, h)) / (nn + lean);
        let near_n = at(n, h + 23) + at(n, h + 1);
        let near_s = at(s, h + 23) + at(s, h + 1);
        let near = (near_s + lean_hours * day) / (near_n + lean_hours);
        let mean = (at(s, h) + lean_hours * near) / (at(n, h) + lean_hours);
        if let (Some(mu), Some(weight)) = (out.mu.get_mut(h), out.weight.get_mut(h)) {
            *mu = mean as f32;
            let parents = parent.map_or(0.0, |p| {
                p.usual.weight_at(h as f64 * 3600.0).min(p.units(likelihood, mean, s2))
            });
            let borrowed = if nn < LEAN_PARENT { parents } else { lean.min(parents) };
            *weight = (at(n, h) + (0.5 * near_n).min(lean_hours) + borrowed) as f32;
        }
    }
    out
}

/// Units that an hour borrows. Of what is rare an hour says little: there it takes as many units as
/// hold `LEAN_EVENTS` events.
fn lean_hours(likelihood: Likelihood, rate: f64) -> f64 {
    let rare = rate.min(1.0 - rate).max(1e-4);
    match likelihood {
        Likelihood::Rare | Likelihood::Conversion => (LEAN_EVENTS / rare).max(LEAN_HOURS),
        Likelihood::LogNormal | Likelihood::Poisson | Likelihood::Gauge => LEAN_HOURS,
    }
}

/// Variance of one unit: within hours for means, between readings for gauges.
fn spread(likelihood: Likelihood, hours: &[HourMoments], parent: Option<&Profile>) -> f32 {
    let borrowed = parent.map_or(0.5, |p| f64::from(p.s2));
    let (mut q, mut units) = (0.0, 0.0);
    for h in hours.iter().filter(|h| h.raw.count > 0.0) {
        let (n, s, sq) = (f64::from(h.raw.count), f64::from(h.raw.sum), f64::from(h.raw.sum_sq));
        q += (sq - s * s / n).max(0.0);
        units += n - 1.0;
    }
    match likelihood {
        Likelihood::LogNormal => ((q + 30.0 * borrowed) / (units + 30.0)).max(1e-4) as f32,
        Likelihood::Gauge => level_spread(hours) as f32,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson => 1.0,
    }
}

/// Hours from which a gauge's own spread is believed; before it is at least so much of its level.
const LEVEL_HOURS: usize = 24;
const LEVEL_YOUNG: f64 = 0.05;

/// Gauges: spread of the readings around their median, by the median absolute deviation.
fn level_spread(hours: &[HourMoments]) -> f64 {
    let mut values: Vec<f64> = hours
        .iter()
        .filter(|h| h.raw.count > 0.0)
        .map(|h| f64::from(h.raw.sum) / f64::from(h.raw.count))
        .collect();
    if values.is_empty() {
        return 1.0;
    }
    let mid = median(&mut values);
    let mut off: Vec<f64> = values.iter().map(|v| (v - mid).abs()).collect();
    let mad = median(&mut off) * 1.4826;
    let least = if off.len() < LEVEL_HOURS { LEVEL_YOUNG } else { 0.02 };
    mad.max(least * mid.abs()).max(1e-9).powi(2)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
