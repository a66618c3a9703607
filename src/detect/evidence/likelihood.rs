//! How a cuboid's numbers behave: log-normal times, rare events, conversions, Poisson counts,
//! gauges; and which way is bad for a metric. No evidence is weighed here.

use crate::domain::metric::{Bad, Kind, Metric};

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
