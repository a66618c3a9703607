//! `[[journey]]` rows: the areas of the shop, the templates, checks and funnel steps that belong to
//! each, and how much each layer of evidence matters there (EcomToolkit, docs/defaults.md).

use serde::{Deserialize, Serialize};

use crate::domain::id::JourneyId;
use crate::domain::metric::Metric;
use crate::domain::time::Span;

use super::one_or_many::one_or_many;

/// How much a layer of evidence matters for a journey.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Medium,
    High,
    VeryHigh,
}

impl Priority {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }
}

/// One journey area.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    pub name: JourneyId,
    /// Values of the `template` dimension that belong to it.
    #[serde(default)]
    pub templates: Vec<String>,
    /// Names of its synthetic checks; the journey's own name always counts.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Funnel steps whose fall is blamed on this journey's templates.
    #[serde(default)]
    pub steps: Vec<Metric>,
    /// How much each layer matters here, for people (EcomToolkit); no judgement reads it.
    #[serde(default)]
    pub rum_priority: Priority,
    #[serde(default)]
    pub synthetic_priority: Priority,
    /// How often its checks are expected: three missing runs make them stale. Learnt from the runs
    /// when left out.
    #[serde(default)]
    pub every: Option<Span>,
    /// Devices and networks that its checks emulate, as the segments name them; nothing is said of
    /// likeness when left out.
    #[serde(default, deserialize_with = "one_or_many")]
    pub device: Vec<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    pub network: Vec<String>,
}

impl Journey {
    pub fn has_check(&self, check: &str) -> bool {
        self.name.as_str() == check || self.checks.iter().any(|c| c == check)
    }

    pub fn has_template(&self, template: &str) -> bool {
        self.templates.iter().any(|t| t == template)
    }
}
