//! Time as a row: harm, changes and what people did on one axis of two hours.
//! Positions are thousandths of the axis, whole minutes apart, so that nothing creeps each second.

use crate::board::{Board, IncidentView};
use crate::desk::state::Desk;
use crate::domain::text::{ScreenText, screen_text};
use crate::domain::time::{Span, Timestamp};

use super::clocks;
use super::role::Role;
use super::screen::{AxisTick, Lane, Line, Mark, Stretch, Timeline};
use super::words;

const LENGTH: Span = Span::from_hours(2);

/// A window of time that ends at the next whole minute.
struct Axis {
    start: Timestamp,
    end: Timestamp,
}

impl Axis {
    fn ending(now: Timestamp) -> Self {
        let minute = Span::from_mins(1);
        let end = now.floor(minute).plus(minute);
        Self { start: end.minus(LENGTH), end }
    }

    /// Thousandths from the start; none outside.
    fn place(&self, at: Timestamp) -> Option<u16> {
        let inside = self.start <= at && at <= self.end;
        let ms = at.since(self.start).millis().saturating_mul(1000) / LENGTH.millis().max(1);
        inside.then(|| u16::try_from(ms).unwrap_or(1000))
    }

    fn stretch(&self, from: Timestamp, to: Timestamp, role: Role) -> Option<Stretch> {
        let from = self.place(from.max(self.start))?;
        let to = self.place(to.min(self.end))?;
        (from <= to).then_some(Stretch { from, to, role })
    }
}

fn mark(axis: &Axis, at: Option<Timestamp>, text: &'static str, role: Role) -> Option<Mark> {
    let at = axis.place(at?)?;
    Some(Mark { at, text: ScreenText::fixed(text), role })
}

/// One row for the Incidents page: harm as a bold bar, `R` the suspect, `r` other releases, `c`
/// other changes, `!` opened, `A` acknowledged, `D` decided, `B` rolled back.
pub fn strip(desk: &Desk, x: &IncidentView) -> Timeline {
    let axis = Axis::ending(desk.now);
    let mut lane = lane(&axis, desk, x);
    lane.marks.splice(0..0, changes(&axis, &desk.board, x));
    let start = words::made(words::hm_utc(axis.start).replace(" UTC", ""));
    lane.label = Line::of(Role::Muted, start);
    Timeline { lanes: vec![lane], label: 6, ticks: vec![] }
}

fn lane(axis: &Axis, desk: &Desk, x: &IncidentView) -> Lane {
    let end = if x.state.is_open() { Some(desk.now) } else { closed_at(x) };
    let role = clocks::severity_role(x.severity);
    let bars = end.and_then(|end| axis.stretch(x.onset_at, end, role)).into_iter().collect();
    let acted = x.action.as_ref().and_then(|a| a.sent_at);
    let marks = [
        mark(axis, Some(x.opened_at), "!", role),
        mark(axis, x.acked_at, "A", Role::Accent),
        mark(axis, x.decision.as_ref().map(|d| d.at), "D", Role::Accent),
        mark(axis, acted, "B", Role::Accent),
    ];
    Lane { label: Line::new(), bars, marks: marks.into_iter().flatten().collect() }
}

fn closed_at(x: &IncidentView) -> Option<Timestamp> {
    x.timeline.last().map(|e| e.at)
}

fn changes(axis: &Axis, board: &Board, x: &IncidentView) -> Vec<Mark> {
    let guilty = |id| x.suspect.release.as_ref() == Some(id);
    let all = board.releases.iter().filter_map(|r| {
        let (text, role) = match (guilty(&r.id), is_code(r.kind)) {
            (true, _) => ("R", Role::Warning),
            (false, true) => ("r", Role::Muted),
            (false, false) => ("c", Role::Muted),
        };
        mark(axis, r.started_at, text, role)
    });
    // the suspect last, so that it stays on top
    let mut all: Vec<Mark> = all.collect();
    all.sort_by_key(|m| m.role == Role::Warning);
    all
}

pub fn is_code(kind: crate::domain::change::ChangeKind) -> bool {
    use crate::domain::change::ChangeKind as Kind;
    matches!(kind, Kind::Deploy | Kind::Theme | Kind::App | Kind::Rollback)
}

/// Lanes for the Releases page: changes on top, then the open incidents, on one axis with hours.
pub fn lanes(desk: &Desk, most: usize) -> Timeline {
    let axis = Axis::ending(desk.now);
    let selected = desk.ui.release.as_ref().or(desk.board.releases.first().map(|r| &r.id));
    let marks = desk.board.releases.iter().rev().filter_map(|r| {
        let (text, role) = match (selected == Some(&r.id), is_code(r.kind)) {
            (true, true) => ("R", Role::Focus),
            (true, false) => ("C", Role::Focus),
            (false, true) => ("r", Role::Text),
            (false, false) => ("c", Role::Text),
        };
        mark(&axis, r.started_at, text, role)
    });
    let first =
        Lane { label: Line::fixed(Role::Muted, "changes"), bars: vec![], marks: marks.collect() };
    let incidents = desk.board.incidents.iter().filter(|x| axis.place(x.opened_at).is_some());
    let rest = incidents.take(most).map(|x| Lane {
        label: Line::of(clocks::severity_role(x.severity), clocks::severity_words(x.severity))
            .say(Role::Text, " ")
            .and(Role::Text, screen_text(x.id.as_str())),
        ..lane(&axis, desk, x)
    });
    Timeline { lanes: std::iter::once(first).chain(rest).collect(), label: 16, ticks: ticks(&axis) }
}

/// Every half hour, with the last instant named.
fn ticks(axis: &Axis) -> Vec<AxisTick> {
    let step = Span::from_mins(30);
    let first = axis.start.floor(step).plus(step);
    (0..4)
        .map(|i| first.plus(step.times(i)))
        .filter_map(|at| {
            let place = axis.place(at)?;
            Some(AxisTick { at: place, text: words::made(at.utc().format("%H:%M").to_string()) })
        })
        .collect()
}
