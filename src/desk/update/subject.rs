//! What a dialog or an order is about, and whether anything can be ordered for it still.
//! Looks only.

use crate::board::{IncidentView, State};
use crate::desk::order::Shut;
use crate::desk::state::Desk;
use crate::domain::id::IncidentId;

/// Why nothing can be ordered for an incident any more.
pub(super) fn ended(desk: &Desk, id: &IncidentId) -> Option<(IncidentId, Shut)> {
    match desk.incident(id) {
        None => Some((id.clone(), Shut::Gone)),
        Some(x) if is_closed(x) => Some((id.clone(), Shut::Closed)),
        Some(_) => None,
    }
}

pub(super) fn is_closed(incident: &IncidentView) -> bool {
    matches!(incident.state, State::Resolved | State::Reviewed | State::Cancelled)
}
