//! Numbers that cannot be believed to be of now: what of a source they are, and why. They are still
//! judged, and a breach stays one; they only are no ground for an `ok`. Who doubts is not known.

use std::collections::BTreeSet;

use super::key::{CuboidKey, CuboidRole};
use crate::domain::id::JourneyId;
use crate::domain::metric::Metric;
use crate::domain::segment::Dim;
use crate::verdict::Verdict;

pub use crate::detect::evidence::units::hour;

/// What of one source is doubted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Doubt {
    pub why: String,
    /// Everything it tells.
    pub whole: bool,
    pub metrics: BTreeSet<Metric>,
    pub cuts: BTreeSet<(Metric, Vec<Dim>)>,
    pub journeys: BTreeSet<JourneyId>,
    /// There are no numbers of now, rather than odd ones.
    pub blind: bool,
}

impl Doubt {
    pub fn of(why: String) -> Self {
        Self { why, ..Self::default() }
    }

    /// What is said instead of `Ok`.
    pub fn verdict(&self) -> Verdict {
        if self.blind { Verdict::Blind } else { Verdict::Unsure }
    }

    pub fn on_metric(&self, metric: Metric, dims: &[Dim]) -> bool {
        self.whole
            || self.metrics.contains(&metric)
            || self.cuts.iter().any(|(m, d)| *m == metric && d == dims)
    }

    pub(in crate::detect) fn on_table(&self, key: &CuboidKey) -> bool {
        let (metric, role) = key.family;
        match role {
            CuboidRole::Plain | CuboidRole::Reading => self.on_metric(metric, &key.dims),
            CuboidRole::Step | CuboidRole::Beacon | CuboidRole::Surge => {
                self.whole || inputs(metric).any(|m| self.names(m))
            }
        }
    }

    fn names(&self, metric: Metric) -> bool {
        self.metrics.contains(&metric) || self.cuts.iter().any(|(m, _)| *m == metric)
    }

    pub fn on_checks(&self, journey: &JourneyId) -> bool {
        self.whole
            || self.metrics.contains(&Metric::CheckSuccess)
            || self.journeys.contains(journey)
    }
}

/// The metrics that a derived one is made of, itself included.
fn inputs(metric: Metric) -> impl Iterator<Item = Metric> {
    let parts = metric.parts().map(|(part, whole)| [part, whole]);
    std::iter::once(metric).chain(parts.into_iter().flatten())
}
