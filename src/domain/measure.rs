//! What there is to say of any metric: the shape of its values, the direction that hurts, its row
//! of name, label and unit. Which metrics there are is `metric`; a shop's own are kept in `own`.

use serde::Deserialize;

/// The shape a metric's values have, and therefore the tests that apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A distribution of samples (histogram); shown as a percentile.
    Dist,
    /// Hits of trials, 0..=1.
    Ratio,
    /// Events in a window.
    Count,
    /// One number at an instant.
    Gauge,
}

/// Which change of a metric hurts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bad {
    Up,
    Down,
    Both,
}

/// What is known of a metric beside its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MetricRow {
    pub name: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    pub kind: Kind,
    pub bad: Bad,
}
