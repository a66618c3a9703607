//! How much a family of places scatters beyond chance, and drifts from day to day: careful values
//! until history has taught better ones.

use super::likelihood::Likelihood;

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
