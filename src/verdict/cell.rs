//! One cell of the heatmap, and one row of the funnel: a value beside its usual one, with the
//! answer. Drawn by others.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::answer::Verdict;
use super::finding::Basis;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::observation::Quality;
use crate::domain::segment::Segment;
use crate::domain::time::Timestamp;

/// One cell of the heatmap.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cell {
    pub metric: Metric,
    pub stat: String,
    pub segment: Segment,
    pub value: Option<f64>,
    pub unit: String,
    pub n: f64,
    /// 95 % interval of `value`.
    pub interval: Option<Range>,
    pub baseline: Option<f64>,
    /// What the baseline was learnt from.
    #[serde(default)]
    pub basis: Option<Basis>,
    pub verdict: Verdict,
    /// Minutes up to now that `value` and `n` are of.
    #[serde(default)]
    pub minutes: f64,
    /// The harm here is over, but those minutes still hold some of it.
    #[serde(default)]
    pub holds_bad: bool,
    /// Doubts about it, in JSON as the list of their names.
    #[serde(default, serialize_with = "to_names", deserialize_with = "from_names")]
    pub quality: Quality,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn to_names<S: Serializer>(quality: &Quality, to: S) -> Result<S::Ok, S::Error> {
    quality.names().serialize(to)
}

fn from_names<'de, D: Deserializer<'de>>(from: D) -> Result<Quality, D::Error> {
    Vec::<String>::deserialize(from).map(|names| Quality::named(&names))
}

/// A row of the funnel view.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FunnelStep {
    pub step: Metric,
    pub value: Option<f64>,
    pub baseline: Option<f64>,
    pub n: f64,
    /// The end of the newest minute that both its counts have told.
    #[serde(default)]
    pub newest_at: Option<Timestamp>,
    pub verdict: Verdict,
}
