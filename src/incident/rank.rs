//! The one order of incidents, worst first. Total: no two different incidents are equal.
//! Closed ones come last; then severity, open before mitigated, money, nearest deadline, age, id.

use std::cmp::Ordering;

use super::deadline::clocks;
use super::fold::Incident;
use crate::domain::time::Timestamp;

/// Where `a` stands to `b` on every list.
pub fn compare(a: &Incident, b: &Incident) -> Ordering {
    let key = |i: &Incident| (!i.is_live(), i.severity, !i.state().is_open());
    key(a)
        .cmp(&key(b))
        .then_with(|| money(b).total_cmp(&money(a)))
        .then_with(|| nearest(a).cmp(&nearest(b)))
        .then_with(|| a.opened_at.cmp(&b.opened_at))
        .then_with(|| a.id.cmp(&b.id))
}

/// Sorts worst first.
pub fn sort(incidents: &mut [Incident]) {
    incidents.sort_by(compare);
}

/// The upper end of the money per minute; what cannot be estimated ranks as nothing lost.
fn money(incident: &Incident) -> f64 {
    let high = incident.case.risk_per_minute.map_or(0.0, |r| r.high);
    if high.is_finite() { high + 0.0 } else { 0.0 }
}

fn nearest(incident: &Incident) -> Timestamp {
    let never = Timestamp::from_millis(i64::MAX);
    clocks(incident).into_iter().map(|(_, at)| at).min().unwrap_or(never)
}
