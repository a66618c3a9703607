//! When it began: the likelihood of every possible onset, for a step and for a slow ramp.
//! A posterior, not a point: blame weighs release times against all of it.

use crate::detect::evidence::stat::{Dispersion, Likelihood, Tally};

/// Log likelihoods by onset bucket.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Onset {
    /// The most likely bucket.
    pub bucket: i64,
    /// Buckets within 2 nats of it.
    pub low: i64,
    pub high: i64,
    /// Slow growth explains the series better than a step.
    pub ramp: bool,
    /// Nats by which the ramp beats the step.
    pub ramp_nats: f64,
}

/// Weight of a bucket for a harm: samples, or expected events.
pub fn weight(likelihood: Likelihood, acc: &Tally) -> f64 {
    match likelihood {
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge => acc.units,
        Likelihood::Conversion | Likelihood::Poisson => acc.expected,
    }
}

/// Variance of a bucket's sum somewhere between "fine" and "harmed".
pub fn variance(
    likelihood: Likelihood,
    sign: f64,
    acc: &Tally,
    dispersion: Dispersion,
    harm: f64,
) -> f64 {
    let harmed = match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => acc.variance,
        Likelihood::Rare => {
            let p = (acc.expected / acc.units.max(1e-9) + harm / 2.0).clamp(0.0, 0.5);
            acc.units * p * (1.0 - p)
        }
        Likelihood::Conversion | Likelihood::Poisson => {
            acc.variance * (1.0 + sign * harm / 2.0).clamp(0.3, 3.0)
        }
    };
    harmed.max(0.5 * acc.variance) * dispersion.overdispersion
        + 0.25
            * f64::from(u8::from(matches!(
                likelihood,
                Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson
            )))
}

/// Nats by which "harmed by `harm`" beats "as usual" in one bucket (negative: as usual wins).
pub fn gain(
    likelihood: Likelihood,
    sign: f64,
    acc: &Tally,
    dispersion: Dispersion,
    harm: f64,
) -> f64 {
    let var = variance(likelihood, sign, acc, dispersion, harm);
    if var <= 0.0 {
        return 0.0;
    }
    let lift = harm * weight(likelihood, acc);
    (lift * sign * (acc.observed - acc.expected) - lift * lift / 2.0) / var
}

/// Finds the onset in a series of buckets, oldest first.
pub fn find(
    likelihood: Likelihood,
    sign: f64,
    series: &[(i64, Tally)],
    dispersion: Dispersion,
    harm: f64,
) -> Option<Onset> {
    let steps = step_profile(likelihood, sign, series, dispersion, harm);
    let best = steps.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let near: Vec<i64> = steps.iter().filter(|s| s.1 >= best.1 - 2.0).map(|s| s.0).collect();
    let ramp = ramp_best(likelihood, sign, series, dispersion);
    let fitted = fitted(likelihood, sign, series, dispersion, best.0);
    let ramp_nats = ramp.map_or(0.0, |r| r.1 - fitted);
    let now = series.last().map_or(best.0, |s| s.0);
    let long = now - ramp.map_or(now, |r| r.0) >= 12;
    Some(Onset {
        bucket: best.0,
        low: near.iter().copied().min().unwrap_or(best.0),
        high: near.iter().copied().max().unwrap_or(best.0),
        ramp: long && ramp_nats > 2.0,
        ramp_nats,
    })
}

/// Log likelihood of a step of a given size starting at each bucket.
fn step_profile(
    likelihood: Likelihood,
    sign: f64,
    series: &[(i64, Tally)],
    dispersion: Dispersion,
    harm: f64,
) -> Vec<(i64, f64)> {
    let mut sum = 0.0;
    let mut out: Vec<(i64, f64)> = Vec::with_capacity(series.len());
    for (bucket, acc) in series.iter().rev() {
        sum += gain(likelihood, sign, acc, dispersion, harm);
        out.push((*bucket, sum));
    }
    out
}

/// Sums of a least squares fit: best size `b / w` and its nats `b * b / (2 w)`.
#[derive(Clone, Copy, Default)]
pub struct LeastSquares {
    pub b: f64,
    pub w: f64,
}

impl LeastSquares {
    /// Adds a bucket in which the shift has relative size `dose`.
    pub fn add(
        &mut self,
        likelihood: Likelihood,
        sign: f64,
        acc: &Tally,
        dispersion: Dispersion,
        dose: f64,
    ) {
        let var = variance(likelihood, sign, acc, dispersion, 0.0);
        if var > 0.0 && dose != 0.0 {
            let x = dose * weight(likelihood, acc);
            self.b += x * sign * (acc.observed - acc.expected) / var;
            self.w += x * x / var;
        }
    }

    /// Nats over "nothing happened"; a fit in the good direction has none.
    pub fn nats(self) -> f64 {
        if self.w > 0.0 && self.b > 0.0 { self.b * self.b / (2.0 * self.w) } else { 0.0 }
    }
}

/// Nats of the best step that starts at `from`.
fn fitted(
    likelihood: Likelihood,
    sign: f64,
    series: &[(i64, Tally)],
    dispersion: Dispersion,
    from: i64,
) -> f64 {
    let mut fit = LeastSquares::default();
    for (bucket, acc) in series.iter().filter(|(b, _)| *b >= from) {
        let _ = bucket;
        fit.add(likelihood, sign, acc, dispersion, 1.0);
    }
    fit.nats()
}

/// The best ramp: from nothing at its start to full size now.
fn ramp_best(
    likelihood: Likelihood,
    sign: f64,
    series: &[(i64, Tally)],
    dispersion: Dispersion,
) -> Option<(i64, f64)> {
    let last = series.last()?.0;
    let starts = series.iter().map(|s| s.0).step_by(series.len().div_ceil(24).max(1));
    starts
        .map(|from| {
            let length = (last - from + 1) as f64;
            let mut fit = LeastSquares::default();
            for (bucket, acc) in series.iter().filter(|(b, _)| *b >= from) {
                let dose = (bucket - from + 1) as f64 / length;
                fit.add(likelihood, sign, acc, dispersion, dose);
            }
            (from, fit.nats())
        })
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}
