//! Which cuboid: metric and role, source, and the dimensions that it fixes. Identity only; what it
//! holds is elsewhere.

use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::Dim;

/// What a cuboid's numbers are made from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CuboidRole {
    /// As the source tells them.
    Plain,
    /// A funnel step: one count over another.
    Step,
    /// Single readings, whatever the metric (a percentile someone else made).
    Reading,
    /// Beacons per server-side visit.
    Beacon,
    /// What tells a surge that is a fault: orders per visit, value per order.
    Surge,
}

/// Metric and role: cuboids of one family are compared with each other.
pub type Family = (Metric, CuboidRole);

/// Identity of a cuboid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CuboidKey {
    pub family: Family,
    pub source: SourceId,
    pub dims: Vec<Dim>,
}
