//! The small numbers every test is made of: sums of a bucket, sums against expectation, evidence.
//! Likelihood ratios in nats against the segment's own history (detection.md section 6).

use crate::domain::metric::{Bad, Kind, Metric};

/// What one bucket of one leaf holds. Distributions: samples, sum and sum of squares of logs.
/// Ratios: trials, hits. Counts: exposure, events. Gauges: readings, sum, sum of squares.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Raw {
    pub n: f32,
    pub s: f32,
    pub q: f32,
}

/// Observed against expected over some leaves and buckets.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Acc {
    /// Samples, trials or exposure.
    pub n: f64,
    /// Observed sum.
    pub a: f64,
    /// Expected sum.
    pub e: f64,
    /// Variance of the observed sum when nothing is wrong and samples are independent.
    pub v: f64,
    /// What known incidents explain; already taken out of `a`.
    pub x: f64,
}

impl Acc {
    pub fn add(&mut self, o: &Self) {
        self.n += o.n;
        self.a += o.a;
        self.e += o.e;
        self.v += o.v;
        self.x += o.x;
    }

    pub fn sub(&mut self, o: &Self) {
        self.n -= o.n;
        self.a -= o.a;
        self.e -= o.e;
        self.v -= o.v;
        self.x -= o.x;
    }

    /// Takes out what known incidents explain.
    pub fn explain(&mut self, known: Known) {
        self.a -= known.x;
        self.x += known.x;
        self.v += known.v;
    }
}

/// What known incidents add to a sum.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Known {
    pub x: f64,
    /// Its variance where a cut cannot tell who was hit: of a few samples more or fewer are.
    pub v: f64,
}

impl Known {
    pub fn add(&mut self, o: &Self) {
        self.x += o.x;
        self.v += o.v;
    }
}

/// How a table's numbers behave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Mean of logs of samples; shifts add up on the log scale.
    Mean,
    /// Hits of trials that should be rare; shifts are in points (0..=1).
    Fault,
    /// Hits of trials that should be many (funnel steps); shifts are shares of the expected.
    Step,
    /// Events per unit of exposure; shifts are shares of the expected.
    Flow,
    /// Single readings; judged leaf by leaf, never added up over segments.
    Level,
}

/// Overdispersion of a family of segments, learnt from history.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Calib {
    /// Variance is so many times what independent samples would have (views of one visit cluster).
    pub phi: f64,
    /// Standard deviation of the usual drift from day to day (log units, or share of expected).
    pub tau: f64,
}

impl Calib {
    /// Of a table that has less than a day of its own: it scatters more than others are known to.
    pub fn doubted(self) -> Self {
        Self { phi: self.phi * 1.5, tau: self.tau * 4.0 }
    }

    /// Careful values until history has taught better ones.
    pub const fn prior(shape: Shape) -> Self {
        match shape {
            Shape::Mean => Self { phi: 1.8, tau: 0.02 },
            Shape::Fault => Self { phi: 1.3, tau: 0.08 },
            Shape::Step => Self { phi: 1.2, tau: 0.03 },
            Shape::Flow => Self { phi: 2.0, tau: 0.08 },
            Shape::Level => Self { phi: 4.0, tau: 0.02 },
        }
    }
}

/// What an [`Acc`] says about harm.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Evidence {
    /// Shift in the bad direction; positive is harm (units by [`Shape`]).
    pub harm: f64,
    /// Log likelihood ratio, day drift included: the case for opening.
    pub nats: f64,
    /// The same without day drift: for comparing places.
    pub loc: f64,
}

/// The shape and the bad direction (`+1` up, `-1` down) of a metric.
pub fn shape_of(metric: Metric) -> (Shape, f64) {
    let row = metric.row();
    let sign = if row.bad == Bad::Down { -1.0 } else { 1.0 };
    match (row.kind, row.bad) {
        (Kind::Dist, _) => (Shape::Mean, sign),
        (Kind::Gauge, _) => (Shape::Level, sign),
        (Kind::Count, Bad::Both) => (Shape::Flow, -1.0),
        (Kind::Count, _) => (Shape::Flow, sign),
        (Kind::Ratio, Bad::Down) if !inverted(metric) => (Shape::Step, -1.0),
        (Kind::Ratio, _) => (Shape::Fault, 1.0),
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
pub fn evidence(shape: Shape, sign: f64, acc: &Acc, c: Calib) -> Evidence {
    if acc.n <= 0.0 || acc.v <= 0.0 {
        return Evidence::default();
    }
    let harm = harm(shape, sign, acc);
    if harm <= 0.0 {
        return Evidence { harm, nats: 0.0, loc: 0.0 };
    }
    let loc = match shape {
        Shape::Mean | Shape::Level => {
            // Views of one visit are alike: a few visits are fewer samples than their views.
            let small = if shape == Shape::Mean { 1.0 + 4.0 * c.phi / acc.n } else { 1.0 };
            (acc.a - acc.e).powi(2) / (2.0 * acc.v * c.phi * small * small)
        }
        Shape::Step if acc.e >= CERTAIN * acc.n => {
            poisson(acc.a, acc.e) / (c.phi * trust(Shape::Flow, acc))
        }
        Shape::Fault | Shape::Step => {
            acc.n * kl(acc.a / acc.n, acc.e / acc.n) / (c.phi * trust(shape, acc))
        }
        Shape::Flow => poisson(acc.a, acc.e) / (c.phi * trust(shape, acc)),
    };
    let drift = match shape {
        Shape::Mean | Shape::Level => c.tau * acc.n,
        Shape::Fault | Shape::Step | Shape::Flow => c.tau * acc.e,
    };
    let noise = acc.v * c.phi;
    // What was taken out has noise of its own, and was not measured exactly.
    let events = if shape == Shape::Fault { acc.x.abs() * c.phi } else { 0.0 };
    let loc = loc * noise / (noise + events);
    let drift = drift * drift + (0.15 * acc.x).powi(2);
    Evidence { harm, nats: loc * (noise + events) / (noise + events + drift), loc }
}

/// The evidence when it is at least `nats`. Most places are quiet: a bound without logarithms
/// (Kullback-Leibler is at most chi-square) shows it for nearly all of them.
pub fn evidence_from(nats: f64, shape: Shape, sign: f64, acc: &Acc, c: Calib) -> Option<Evidence> {
    if acc.n <= 0.0 || acc.v <= 0.0 || sign * (acc.a - acc.e) <= 0.0 {
        return None;
    }
    if most(shape, acc) < nats * c.phi {
        return None;
    }
    let ev = evidence(shape, sign, acc, c);
    (ev.nats >= nats).then_some(ev)
}

/// What `loc * phi` cannot exceed.
fn most(shape: Shape, acc: &Acc) -> f64 {
    let gap = (acc.a - acc.e).powi(2);
    match shape {
        Shape::Mean | Shape::Level => gap / (2.0 * acc.v),
        Shape::Step if acc.e >= CERTAIN * acc.n => (acc.a - acc.e).powi(2) / acc.e,
        Shape::Fault | Shape::Step => {
            let p = (acc.a / acc.n).clamp(0.0, 1.0);
            let q = (acc.e / acc.n).clamp(1e-7, 1.0 - 1e-7);
            acc.n * (p - q).powi(2) / (q * (1.0 - q))
        }
        Shape::Flow => {
            let e = acc.e.max(1e-9);
            if acc.a <= 0.0 { e } else { (acc.a - e).powi(2) / e }
        }
    }
}

/// Most that the variance of shares is widened: a step that 98 % take and that follows with half a
/// bucket's lag has 25 times the binomial one over a single bucket.
const MOST_TRUST: f64 = 40.0;

/// Variance beyond the binomial or Poisson one (uncertain baselines widen `v`); at least 1.
fn trust(shape: Shape, acc: &Acc) -> f64 {
    let p = (acc.e / acc.n).clamp(0.0, 1.0);
    let pure = if shape == Shape::Flow { acc.e } else { acc.e * (1.0 - p) };
    if pure > 0.0 { (acc.v / pure).clamp(1.0, MOST_TRUST) } else { 1.0 }
}

/// Shift in the bad direction.
pub fn harm(shape: Shape, sign: f64, acc: &Acc) -> f64 {
    match shape {
        Shape::Mean | Shape::Fault | Shape::Level if acc.n > 0.0 => sign * (acc.a - acc.e) / acc.n,
        Shape::Step | Shape::Flow if acc.e > 0.0 => sign * (acc.a / acc.e - 1.0),
        Shape::Mean | Shape::Fault | Shape::Level | Shape::Step | Shape::Flow => 0.0,
    }
}

/// What a harm of `harm` adds to the observed sum over samples `n` with expectation `e`.
pub fn lift(shape: Shape, sign: f64, harm: f64, acc: &Acc) -> f64 {
    match shape {
        Shape::Mean | Shape::Fault | Shape::Level => sign * harm * acc.n,
        Shape::Step | Shape::Flow => sign * harm * acc.e,
    }
}

/// Kullback-Leibler divergence of two coins, nats per toss.
pub fn kl(p: f64, q: f64) -> f64 {
    let q = q.clamp(1e-7, 1.0 - 1e-7);
    let p = p.clamp(0.0, 1.0);
    let part = |x: f64, y: f64| if x <= 0.0 { 0.0 } else { x * (x / y).ln() };
    (part(p, q) + part(1.0 - p, 1.0 - q)).max(0.0)
}

/// Log likelihood ratio of `a` Poisson events where `e` were expected.
pub fn poisson(a: f64, e: f64) -> f64 {
    let e = e.max(1e-9);
    if a <= 0.0 { e } else { (a * (a / e).ln() - (a - e)).max(0.0) }
}

/// Wilson's 95 % interval of a share (Wilson 1927).
pub fn wilson(hits: f64, n: f64) -> (f64, f64) {
    interval(hits, n, 1.96)
}

/// Wilson's interval of a share, `z` standard deviations to either side.
pub fn interval(hits: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let z2 = z * z;
    let p = (hits / n).clamp(0.0, 1.0);
    let mid = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() * z / (1.0 + z2 / n);
    ((mid - half).max(0.0), (mid + half).min(1.0))
}

/// Hour of history since the epoch with its sums.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HourRaw {
    pub hour: i32,
    pub raw: Raw,
}
