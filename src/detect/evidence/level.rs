//! A sum as a value that people read: a percentile of times, a share, a rate; now and as usual. No
//! sentence is made here.

use super::stat::{Likelihood, Tally};
use crate::detect::maths::interval::z_of;

/// The same for any sum, for times at a quantile (0..=1).
pub fn level(likelihood: Likelihood, inverted: bool, quantile: f64, acc: &Tally) -> (f64, f64) {
    if acc.units <= 0.0 {
        return (0.0, 0.0);
    }
    let (now, base) = (acc.observed / acc.units, acc.expected / acc.units);
    match likelihood {
        // The mean of logs is the median of a log-normal; 0.67 standard deviations up is the p75.
        Likelihood::LogNormal => {
            let up = z_of(quantile) * (acc.variance / acc.units).max(0.0).sqrt();
            ((now + up).exp(), (base + up).exp())
        }
        Likelihood::Rare if inverted => (1.0 - now, 1.0 - base),
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => {
            (now, base)
        }
    }
}
