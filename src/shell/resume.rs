//! Where time goes on when watching begins: by the machine's clock, or by the journal where that
//! is ahead of it because the clock was set back meanwhile. Pure; the caller reads both.

use crate::board::Board;
use crate::domain::time::{Span, Timestamp};
use crate::incident::fold::Incident;

use super::clock::Clock;

/// What lies further ahead than this is no time to go on with: the clock was wrong when it was
/// written. Deadlines come earlier by the difference instead.
const TOO_FAR: Span = Span::from_days(1);
const OFF: Span = Span::from_secs(2);

/// The clock to watch by, and by how much deadlines of the journal have to come earlier.
pub fn resume(clock: Clock, board: Option<&Board>, incidents: &[Incident]) -> (Clock, Span) {
    let open = incidents.iter().any(Incident::is_live);
    if clock.is_simulated() || !open {
        return (clock, Span::ZERO);
    }
    let now = clock.now();
    let newest = newest(clock, board, incidents).unwrap_or(now);
    match newest.since(now) {
        ahead if ahead <= OFF => (clock, Span::ZERO),
        ahead if ahead <= TOO_FAR => (clock.going_on(newest), Span::ZERO),
        ahead => (clock, ahead),
    }
}

/// The time of the watcher before, as far as it can be known.
fn newest(clock: Clock, board: Option<&Board>, incidents: &[Incident]) -> Option<Timestamp> {
    let told = incidents.iter().filter_map(|i| i.timeline.last()).map(|entry| entry.at);
    let board = board.map(|b| clock.now_by(b).max(b.generated_at));
    told.chain(board).max()
}

/// `now`, or the time of the incident's newest record where that is a little later: records of one
/// incident are in the order of their times.
pub fn not_before(now: Timestamp, incident: &Incident) -> Timestamp {
    let newest = incident.timeline.last().map_or(now, |entry| entry.at);
    if newest.since(now) <= TOO_FAR { now.max(newest) } else { now }
}

#[cfg(test)]
mod tests;
