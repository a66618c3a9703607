//! `[detect]`: how eager judging is. One preset for people, its numbers in one table for experts.
//! Lines are in nats of evidence (on generated days 17 nats gave about 0.5 false a
//! shop-week).

use serde::{Deserialize, Serialize};

use super::blame::Blame;
use super::sensitivity::Sensitivity;
use crate::domain::time::Span;

/// The `[detect]` section.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Detect {
    pub sensitivity: Sensitivity,
    /// A cleared case that fires again within this time is the same case.
    pub rearm: Span,
    /// Loss of orders (lower bound, share of the baseline) that is called a collapse.
    pub collapse: f64,
    /// Loss of orders that makes checkout unusable even while its checks pass.
    pub unusable: f64,
    /// Added share of failing views or calls that is major wherever it happens.
    pub major_errors: f64,
    /// A cohort that carries less than this share of traffic is small.
    pub small_cohort: f64,
    /// What is believed of changes beforehand.
    pub blame: Blame,
    /// A release in rollout or an arm that serves less than this share of its place is small.
    pub small_rollout: f64,
}

impl Default for Detect {
    fn default() -> Self {
        Self {
            sensitivity: Sensitivity::Normal,
            rearm: Span::from_hours(1),
            collapse: 0.3,
            unusable: 0.6,
            major_errors: 0.04,
            small_cohort: 0.04,
            blame: Blame::default(),
            small_rollout: 0.15,
        }
    }
}
