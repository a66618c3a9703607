//! Wake: the next wall instant at which the picture changes by itself; none when nothing ticks.
//! Derived from the state, so no timer can go stale. Drawing happens elsewhere.

use crate::board::IncidentView;
use crate::domain::time::{Span, Timestamp};

use super::dialog::Dialog;
use super::state::{Desk, Seat};
use super::update::GUARD;

/// A shop accelerated by `--speed` ticks no faster than this on the wall.
const TICK_MIN: i64 = 250;

/// The earliest wall instant after `desk.wall` at which something on the screen is due.
pub fn next_wake(desk: &Desk) -> Option<Timestamp> {
    if desk.size.w == 0 || desk.size.h == 0 {
        return None;
    }
    let shop = [Some(ticks(desk)), Some(desk.stale_at()).filter(|t| *t > desk.now)];
    let wall = [
        desk.ui.toast.as_ref().map(|t| t.until),
        desk.ui.undo.as_ref().map(|u| u.until),
        guard_end(desk),
        (desk.role() == Seat::Wall).then(|| boundary(desk.wall, Span::from_secs(1))),
    ];
    let shop = shop.into_iter().flatten().map(|at| on_wall(desk, at));
    let wall = wall.into_iter().flatten().filter(|at| *at > desk.wall);
    shop.chain(wall).min()
}

/// The shop instant at which the next visible clock changes: every second while a clock counts,
/// else every minute for the title's clock and the ages. How long ago the last board came is told
/// in seconds for an hour, in minutes after that.
fn ticks(desk: &Desk) -> Timestamp {
    let age = desk.now.since(desk.board.generated_at);
    let counting = desk.is_stale() && age < Span::from_hours(1)
        || desk.role() == Seat::Wall
        || desk.board.incidents.iter().any(counts_down);
    boundary(desk.now, if counting { Span::from_secs(1) } else { Span::from_mins(1) })
}

/// True while one of the incident's clocks counts on the screen.
pub fn counts_down(incident: &IncidentView) -> bool {
    let clocks = [incident.ack_due_at, incident.decide_due_at, incident.timer_due_at];
    let verify = incident.action.as_ref().and_then(|a| a.verify_until);
    let hold = incident.decision.as_ref().and_then(|d| d.recheck_at);
    incident.state.is_open() && clocks.into_iter().chain([verify, hold]).any(|c| c.is_some())
}

fn boundary(now: Timestamp, step: Span) -> Timestamp {
    now.floor(step).plus(step)
}

fn guard_end(desk: &Desk) -> Option<Timestamp> {
    match &desk.ui.dialog {
        Some(Dialog::Rollback(r)) => Some(r.opened_at.plus(GUARD)),
        _ => None,
    }
}

/// A shop instant as a wall instant.
fn on_wall(desk: &Desk, at: Timestamp) -> Timestamp {
    let ms = at.since(desk.now).millis() as f64 / desk.speed();
    let least = if desk.speed() > 1.0 { TICK_MIN } else { 1 };
    desk.wall.plus(Span::from_millis((ms.ceil() as i64).max(least)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;
    use crate::desk::fixture;

    fn wait(desk: &Desk) -> i64 {
        next_wake(desk).expect("wake").since(desk.wall).millis()
    }

    #[test]
    fn a_counting_clock_ticks_on_whole_seconds_and_a_calm_desk_by_the_minute() {
        let mut desk = fixture::desk(fixture::outage());
        desk.now = desk.now.floor(Span::from_secs(1)).plus(Span::from_millis(300));
        assert_eq!(wait(&desk), 700);
        let mut desk = fixture::desk(fixture::calm());
        desk.setup.fresh_for = Span::from_hours(1);
        desk.now = desk.now.floor(Span::from_mins(1)).plus(Span::from_secs(20));
        assert_eq!(wait(&desk), 40_000);
    }

    #[test]
    fn staleness_wakes_once_and_a_fast_shop_does_not_race() {
        let mut desk = fixture::desk(fixture::calm());
        desk.now = desk.now.floor(Span::from_mins(1)).plus(Span::from_secs(1));
        desk.board = std::sync::Arc::new(Board { generated_at: desk.now, ..fixture::calm() });
        assert_eq!(wait(&desk), 30_000);
        let mut fast = fixture::outage();
        fast.speed = 60.0;
        let desk = fixture::desk(fast);
        assert!(wait(&desk) >= TICK_MIN);
    }

    #[test]
    fn a_board_of_yesterday_is_not_looked_at_each_second() {
        let mut desk = fixture::desk(fixture::calm());
        desk.now = desk.board.generated_at.floor(Span::from_mins(1)).plus(Span::from_mins(30));
        assert!(desk.is_stale() && wait(&desk) <= 1_000);
        desk.now = desk.now.plus(Span::from_hours(20)).plus(Span::from_secs(15));
        assert_eq!(wait(&desk), 45_000);
    }

    #[test]
    fn an_invisible_desk_never_wakes() {
        let mut desk = fixture::desk(fixture::outage());
        desk.size = crate::desk::state::Size { w: 0, h: 24 };
        assert_eq!(next_wake(&desk), None);
    }
}
