//! The small numbers every test is made of: sums of a bucket, sums against expectation, evidence.
//! Likelihood ratios in nats against the segment's own history (detection.md section 6).

use crate::detect::maths::divergence::{kl, poisson};
use crate::domain::metric::{Bad, Kind, Metric};

/// What one bucket of one leaf holds. Distributions: samples, sum and sum of squares of logs.
/// Ratios: trials, hits. Counts: exposure, events. Gauges: readings, sum, sum of squares.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moments {
    pub count: f32,
    pub sum: f32,
    pub sum_sq: f32,
}

/// Observed against expected over some leaves and buckets.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Tally {
    /// Samples, trials or exposure.
    pub units: f64,
    /// Observed sum.
    pub observed: f64,
    /// Expected sum.
    pub expected: f64,
    /// Variance of the observed sum when nothing is wrong and samples are independent.
    pub variance: f64,
    /// What known incidents explain; already taken out of `a`.
    pub explained: f64,
}

impl Tally {
    pub fn add(&mut self, o: &Self) {
        self.units += o.units;
        self.observed += o.observed;
        self.expected += o.expected;
        self.variance += o.variance;
        self.explained += o.explained;
    }

    pub fn sub(&mut self, o: &Self) {
        self.units -= o.units;
        self.observed -= o.observed;
        self.expected -= o.expected;
        self.variance -= o.variance;
        self.explained -= o.explained;
    }

    /// Takes out what known incidents explain.
    pub fn explain(&mut self, known: Explained) {
        self.observed -= known.sum;
        self.explained += known.sum;
        self.variance += known.variance;
    }
}

/// What known incidents add to a sum.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Explained {
    pub sum: f64,
    /// Its variance where a cut cannot tell who was hit: of a few samples more or fewer are.
    pub variance: f64,
}

impl Explained {
    pub fn add(&mut self, o: &Self) {
        self.sum += o.sum;
        self.variance += o.variance;
    }
}

/// How a cuboid's numbers behave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Likelihood {
    /// Mean of logs of samples; shifts add up on the log scale.
    LogNormal,
    /// Hits of trials that should be rare; shifts are in points (0..=1).
    Rare,
    /// Hits of trials that should be many (funnel steps); shifts are shares of the expected.
    Conversion,
    /// Events per unit of exposure; shifts are shares of the expected.
    Poisson,
    /// Single readings; judged leaf by leaf, never added up over segments.
    Gauge,
}

/// Overdispersion of a family of segments, learnt from history.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dispersion {
    /// Variance is so many times what independent samples would have (views of one visit cluster).
    pub overdispersion: f64,
    /// Standard deviation of the usual drift from day to day (log units, or share of expected).
    pub day_drift: f64,
}

impl Dispersion {
    /// Of a cuboid that has less than a day of its own: it scatters more than others are known to.
    pub fn doubted(self) -> Self {
        Self { overdispersion: self.overdispersion * 1.5, day_drift: self.day_drift * 4.0 }
    }

    /// Careful values until history has taught better ones.
    pub const fn prior(likelihood: Likelihood) -> Self {
        match likelihood {
            Likelihood::LogNormal => Self { overdispersion: 1.8, day_drift: 0.02 },
            Likelihood::Rare => Self { overdispersion: 1.3, day_drift: 0.08 },
            Likelihood::Conversion => Self { overdispersion: 1.2, day_drift: 0.03 },
            Likelihood::Poisson => Self { overdispersion: 2.0, day_drift: 0.08 },
            Likelihood::Gauge => Self { overdispersion: 4.0, day_drift: 0.02 },
        }
    }
}

/// What an [`Tally`] says about harm.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct HarmEvidence {
    /// Shift in the bad direction; positive is harm (units by [`Likelihood`]).
    pub harm: f64,
    /// Log likelihood ratio, day drift included: the case for opening.
    pub nats: f64,
    /// The same without day drift: for comparing places.
    pub loc: f64,
}

/// The shape and the bad direction (`+1` up, `-1` down) of a metric.
pub fn likelihood_of(metric: Metric) -> (Likelihood, f64) {
    let row = metric.row();
    let sign = if row.bad == Bad::Down { -1.0 } else { 1.0 };
    match (row.kind, row.bad) {
        (Kind::Dist, _) => (Likelihood::LogNormal, sign),
        (Kind::Gauge, _) => (Likelihood::Gauge, sign),
        (Kind::Count, Bad::Both) => (Likelihood::Poisson, -1.0),
        (Kind::Count, _) => (Likelihood::Poisson, sign),
        (Kind::Ratio, Bad::Down) if !inverted(metric) => (Likelihood::Conversion, -1.0),
        (Kind::Ratio, _) => (Likelihood::Rare, 1.0),
    }
}

/// Success rates near one are judged as their failures, which are rare.
pub fn inverted(metric: Metric) -> bool {
    // One of a shop's own is no step of the funnel.
    let own = matches!(metric, Metric::Own(_)) && metric.row().bad == Bad::Down;
    own && metric.kind() == Kind::Ratio
        || matches!(metric, Metric::PageLoadSuccess | Metric::ApiSuccess | Metric::CheckSuccess)
}

/// Of a step that nearly everybody takes, or that is counted more often than the one before, hits
/// are counts of their own and no share of trials.
pub const CERTAIN: f64 = 0.995;

/// Evidence of harm in `acc`; all zero when nothing points the bad way.
pub fn evidence(likelihood: Likelihood, sign: f64, acc: &Tally, c: Dispersion) -> HarmEvidence {
    if acc.units <= 0.0 || acc.variance <= 0.0 {
        return HarmEvidence::default();
    }
    let harm = harm(likelihood, sign, acc);
    if harm <= 0.0 {
        return HarmEvidence { harm, nats: 0.0, loc: 0.0 };
    }
    let loc = match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => {
            // Views of one visit are alike: a few visits are fewer samples than their views.
            let small = if likelihood == Likelihood::LogNormal {
                1.0 + 4.0 * c.overdispersion / acc.units
            } else {
                1.0
            };
            (acc.observed - acc.expected).powi(2)
                / (2.0 * acc.variance * c.overdispersion * small * small)
        }
        Likelihood::Conversion if acc.expected >= CERTAIN * acc.units => {
            poisson(acc.observed, acc.expected)
                / (c.overdispersion * trust(Likelihood::Poisson, acc))
        }
        Likelihood::Rare | Likelihood::Conversion => {
            acc.units * kl(acc.observed / acc.units, acc.expected / acc.units)
                / (c.overdispersion * trust(likelihood, acc))
        }
        Likelihood::Poisson => {
            poisson(acc.observed, acc.expected) / (c.overdispersion * trust(likelihood, acc))
        }
    };
    let drift = match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => c.day_drift * acc.units,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson => {
            c.day_drift * acc.expected
        }
    };
    let noise = acc.variance * c.overdispersion;
    // What was taken out has noise of its own, and was not measured exactly.
    let events =
        if likelihood == Likelihood::Rare { acc.explained.abs() * c.overdispersion } else { 0.0 };
    let loc = loc * noise / (noise + events);
    let drift = drift * drift + (0.15 * acc.explained).powi(2);
    HarmEvidence { harm, nats: loc * (noise + events) / (noise + events + drift), loc }
}

/// The evidence when it is at least `nats`. Most places are quiet: a bound without logarithms
/// (Kullback-Leibler is at most chi-square) shows it for nearly all of them.
pub fn evidence_from(
    nats: f64,
    likelihood: Likelihood,
    sign: f64,
    acc: &Tally,
    c: Dispersion,
) -> Option<HarmEvidence> {
    if acc.units <= 0.0 || acc.variance <= 0.0 || sign * (acc.observed - acc.expected) <= 0.0 {
        return None;
    }
    if most(likelihood, acc) < nats * c.overdispersion {
        return None;
    }
    let ev = evidence(likelihood, sign, acc, c);
    (ev.nats >= nats).then_some(ev)
}

/// What `loc * phi` cannot exceed.
fn most(likelihood: Likelihood, acc: &Tally) -> f64 {
    let gap = (acc.observed - acc.expected).powi(2);
    match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => gap / (2.0 * acc.variance),
        Likelihood::Conversion if acc.expected >= CERTAIN * acc.units => {
            (acc.observed - acc.expected).powi(2) / acc.expected
        }
        Likelihood::Rare | Likelihood::Conversion => {
            let p = (acc.observed / acc.units).clamp(0.0, 1.0);
            let q = (acc.expected / acc.units).clamp(1e-7, 1.0 - 1e-7);
            acc.units * (p - q).powi(2) / (q * (1.0 - q))
        }
        Likelihood::Poisson => {
            let e = acc.expected.max(1e-9);
            if acc.observed <= 0.0 { e } else { (acc.observed - e).powi(2) / e }
        }
    }
}

/// Most that the variance of shares is widened: a step that 98 % take and that follows with half a
/// bucket's lag has 25 times the binomial one over a single bucket.
const MOST_TRUST: f64 = 40.0;

/// Variance beyond the binomial or Poisson one (uncertain baselines widen `v`); at least 1.
fn trust(likelihood: Likelihood, acc: &Tally) -> f64 {
    let p = (acc.expected / acc.units).clamp(0.0, 1.0);
    let pure =
        if likelihood == Likelihood::Poisson { acc.expected } else { acc.expected * (1.0 - p) };
    if pure > 0.0 { (acc.variance / pure).clamp(1.0, MOST_TRUST) } else { 1.0 }
}

/// Shift in the bad direction.
pub fn harm(likelihood: Likelihood, sign: f64, acc: &Tally) -> f64 {
    match likelihood {
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge if acc.units > 0.0 => {
            sign * (acc.observed - acc.expected) / acc.units
        }
        Likelihood::Conversion | Likelihood::Poisson if acc.expected > 0.0 => {
            sign * (acc.observed / acc.expected - 1.0)
        }
        Likelihood::LogNormal
        | Likelihood::Rare
        | Likelihood::Gauge
        | Likelihood::Conversion
        | Likelihood::Poisson => 0.0,
    }
}

/// What a harm of `harm` adds to the observed sum over samples `n` with expectation `e`.
pub fn lift(likelihood: Likelihood, sign: f64, harm: f64, acc: &Tally) -> f64 {
    match likelihood {
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge => sign * harm * acc.units,
        Likelihood::Conversion | Likelihood::Poisson => sign * harm * acc.expected,
    }
}

/// Hour of history since the epoch with its sums.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HourMoments {
    pub hour: i32,
    pub raw: Moments,
}
