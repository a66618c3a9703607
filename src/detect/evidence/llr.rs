//! Evidence of harm in nats: log likelihood ratios of a tally against what was expected of it, with
//! and without the usual drift from day to day. No place, no time, no line (docs/detection.md).

use super::dispersion::Dispersion;
use super::likelihood::Likelihood;
use super::tally::Tally;
use crate::detect::maths::divergence::{kl, poisson};

/// What a [`Tally`] says about harm.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct HarmEvidence {
    /// Shift in the bad direction; positive is harm (units by [`Likelihood`]).
    pub harm: f64,
    /// Log likelihood ratio, day drift included: the case for opening.
    pub nats: f64,
    /// The same without day drift: for comparing places.
    pub loc: f64,
}

/// Of a step that nearly everybody takes, or that is counted more often than the one before, hits
/// are counts of their own and no share of trials.
pub const CERTAIN: f64 = 0.995;

/// Evidence of harm in `acc`; all zero when nothing points the bad way.
pub fn evidence(likelihood: Likelihood, sign: f64, tally: &Tally, c: Dispersion) -> HarmEvidence {
    if tally.units <= 0.0 || tally.variance <= 0.0 {
        return HarmEvidence::default();
    }
    let harm = harm(likelihood, sign, tally);
    if harm <= 0.0 {
        return HarmEvidence { harm, nats: 0.0, loc: 0.0 };
    }
    let loc = match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => {
            // Views of one visit are alike: a few visits are fewer samples than their views.
            let small = if likelihood == Likelihood::LogNormal {
                1.0 + 4.0 * c.overdispersion / tally.units
            } else {
                1.0
            };
            (tally.observed - tally.expected).powi(2)
                / (2.0 * tally.variance * c.overdispersion * small * small)
        }
        Likelihood::Conversion if tally.expected >= CERTAIN * tally.units => {
            poisson(tally.observed, tally.expected)
                / (c.overdispersion * trust(Likelihood::Poisson, tally))
        }
        Likelihood::Rare | Likelihood::Conversion => {
            tally.units * kl(tally.observed / tally.units, tally.expected / tally.units)
                / (c.overdispersion * trust(likelihood, tally))
        }
        Likelihood::Poisson => {
            poisson(tally.observed, tally.expected) / (c.overdispersion * trust(likelihood, tally))
        }
    };
    let drift = match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => c.day_drift * tally.units,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson => {
            c.day_drift * tally.expected
        }
    };
    let noise = tally.variance * c.overdispersion;
    // What was taken out has noise of its own, and was not measured exactly.
    let events =
        if likelihood == Likelihood::Rare { tally.explained.abs() * c.overdispersion } else { 0.0 };
    let loc = loc * noise / (noise + events);
    let drift = drift * drift + (0.15 * tally.explained).powi(2);
    HarmEvidence { harm, nats: loc * (noise + events) / (noise + events + drift), loc }
}

/// The evidence when it is at least `nats`. Most places are quiet: a bound without logarithms
/// (Kullback-Leibler is at most chi-square) shows it for nearly all of them.
pub fn evidence_from(
    nats: f64,
    likelihood: Likelihood,
    sign: f64,
    tally: &Tally,
    c: Dispersion,
) -> Option<HarmEvidence> {
    if tally.units <= 0.0
        || tally.variance <= 0.0
        || sign * (tally.observed - tally.expected) <= 0.0
    {
        return None;
    }
    if most(likelihood, tally) < nats * c.overdispersion {
        return None;
    }
    let ev = evidence(likelihood, sign, tally, c);
    (ev.nats >= nats).then_some(ev)
}

/// What `loc * phi` cannot exceed.
fn most(likelihood: Likelihood, tally: &Tally) -> f64 {
    let gap = (tally.observed - tally.expected).powi(2);
    match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => gap / (2.0 * tally.variance),
        Likelihood::Conversion if tally.expected >= CERTAIN * tally.units => {
            (tally.observed - tally.expected).powi(2) / tally.expected
        }
        Likelihood::Rare | Likelihood::Conversion => {
            let p = (tally.observed / tally.units).clamp(0.0, 1.0);
            let q = (tally.expected / tally.units).clamp(1e-7, 1.0 - 1e-7);
            tally.units * (p - q).powi(2) / (q * (1.0 - q))
        }
        Likelihood::Poisson => {
            let e = tally.expected.max(1e-9);
            if tally.observed <= 0.0 { e } else { (tally.observed - e).powi(2) / e }
        }
    }
}

/// Most that the variance of shares is widened: a step that 98 % take and that follows with half a
/// bucket's lag has 25 times the binomial one over a single bucket.
const MOST_TRUST: f64 = 40.0;

/// Variance beyond the binomial or Poisson one (uncertain baselines widen `v`); at least 1.
fn trust(likelihood: Likelihood, tally: &Tally) -> f64 {
    let p = (tally.expected / tally.units).clamp(0.0, 1.0);
    let pure =
        if likelihood == Likelihood::Poisson { tally.expected } else { tally.expected * (1.0 - p) };
    if pure > 0.0 { (tally.variance / pure).clamp(1.0, MOST_TRUST) } else { 1.0 }
}

/// Shift in the bad direction.
pub fn harm(likelihood: Likelihood, sign: f64, tally: &Tally) -> f64 {
    match likelihood {
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge if tally.units > 0.0 => {
            sign * (tally.observed - tally.expected) / tally.units
        }
        Likelihood::Conversion | Likelihood::Poisson if tally.expected > 0.0 => {
            sign * (tally.observed / tally.expected - 1.0)
        }
        Likelihood::LogNormal
        | Likelihood::Rare
        | Likelihood::Gauge
        | Likelihood::Conversion
        | Likelihood::Poisson => 0.0,
    }
}

/// What a harm of `harm` adds to the observed sum over samples `n` with expectation `e`.
pub fn lift(likelihood: Likelihood, sign: f64, harm: f64, tally: &Tally) -> f64 {
    match likelihood {
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge => sign * harm * tally.units,
        Likelihood::Conversion | Likelihood::Poisson => sign * harm * tally.expected,
    }
}
