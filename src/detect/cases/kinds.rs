//! What a shift is about: a cause, a loss, the measuring, the whole funnel, a surge. Read off its
//! metric and role; nothing is weighed.

use crate::detect::cube::key::CuboidRole;
use crate::detect::evidence::stat::Likelihood;
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;

/// It tells of the measuring, not of the shop: beacons per visit, their lag, orphans.
pub fn is_measuring(e: &Shift) -> bool {
    e.cuboid.family.1 == CuboidRole::Beacon || e.cuboid.family.0.is_about_measuring()
}

/// Speed or errors: something that causes losses.
pub fn is_cause(e: &Shift) -> bool {
    matches!(e.likelihood, Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge)
        && !is_measuring(e)
}

/// Visits or requests themselves are missing, by the server's count.
pub fn is_visit_loss(e: &Shift) -> bool {
    e.likelihood == Likelihood::Poisson && e.cuboid.family.1 == CuboidRole::Plain
}

/// Beacons that do not come, come late or come twice.
pub fn is_arrival(e: &Shift) -> bool {
    let metric = e.cuboid.family.0;
    e.cuboid.family.1 == CuboidRole::Beacon || metric == crate::domain::metric::Metric::BeaconLag
}

/// Orders per session: every step in one number.
pub fn is_whole_funnel(e: &Shift) -> bool {
    e.cuboid.family.0 == crate::domain::metric::Metric::ConversionRate
}

/// Orders per visit, or their value, out of band.
pub fn is_surge(e: &Shift) -> bool {
    matches!(e.cuboid.family.0, Metric::OrdersPerVisit | Metric::OrderValue)
}

pub fn of_value(e: &Shift) -> bool {
    e.cuboid.family.0 == Metric::OrderValue
}

/// A role that only notes.
pub fn is_beacon(e: &Shift) -> bool {
    e.cuboid.family.1 == CuboidRole::Beacon
}
