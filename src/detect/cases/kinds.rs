//! What a shift is about: a cause, a loss, the measuring, the whole funnel, a surge. Read off its
//! metric and role; nothing is weighed.

use crate::detect::cube::key::Role;
use crate::detect::evidence::stat::Likelihood;
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;

/// It tells of the measuring, not of the shop: beacons per visit, their lag, orphans.
pub fn is_measuring(e: &Shift) -> bool {
    e.table.family.1 == Role::Beacon || e.table.family.0.is_about_measuring()
}

/// Speed or errors: something that causes losses.
pub fn is_cause(e: &Shift) -> bool {
    matches!(e.shape, Likelihood::LogNormal | Likelihood::Rare | Likelihood::Gauge)
        && !is_measuring(e)
}

/// Visits or requests themselves are missing, by the server's count.
pub fn is_visit_loss(e: &Shift) -> bool {
    e.shape == Likelihood::Poisson && e.table.family.1 == Role::Plain
}

/// Beacons that do not come, come late or come twice.
pub fn is_arrival(e: &Shift) -> bool {
    let metric = e.table.family.0;
    e.table.family.1 == Role::Beacon || metric == crate::domain::metric::Metric::BeaconLag
}

/// Orders per session: every step in one number.
pub fn is_whole_funnel(e: &Shift) -> bool {
    e.table.family.0 == crate::domain::metric::Metric::ConversionRate
}

/// Orders per visit, or their value, out of band.
pub fn is_surge(e: &Shift) -> bool {
    matches!(e.table.family.0, Metric::OrdersPerVisit | Metric::OrderValue)
}

pub fn of_value(e: &Shift) -> bool {
    e.table.family.0 == Metric::OrderValue
}

/// A role that only notes.
pub fn is_beacon(e: &Shift) -> bool {
    e.table.family.1 == Role::Beacon
}
