//! Things on one time axis: a line, bold where harm lasts, letters where something happened.
//! Marks and axes only; which change matters is decided in `present`.

use ratatui::layout::Rect;

use crate::present::role::Role;
use crate::present::screen::{Lane, Timeline};

use super::pen::Pen;

pub fn draw(timeline: &Timeline, pen: &mut Pen, area: Rect) {
    let label = timeline.label.min(area.width);
    for (lane, y) in timeline.lanes.iter().zip(area.top()..area.bottom()) {
        pen.line(&lane.label, area.x + 1, y, label.saturating_sub(1));
        let row = Rect { x: area.x + label, y, width: area.width - label, height: 1 };
        one(lane, pen, row);
    }
    let below = u16::try_from(timeline.lanes.len()).unwrap_or(u16::MAX);
    if timeline.ticks.is_empty() || below >= area.height {
        return;
    }
    let row = Rect { x: area.x + label, y: area.y + below, width: area.width - label, height: 1 };
    for tick in &timeline.ticks {
        let x = place(row, tick.at);
        pen.text(&tick.text, Role::Muted, (x, row.y), row.right().saturating_sub(x));
    }
}

/// The column of a thousandth.
fn place(row: Rect, at: u16) -> u16 {
    let last = u32::from(row.width.saturating_sub(1));
    row.x + u16::try_from(u32::from(at.min(1000)) * last / 1000).unwrap_or(0)
}

fn one(lane: &Lane, pen: &mut Pen, row: Rect) {
    if row.is_empty() {
        return;
    }
    pen.fill(row, '─', Role::Border);
    for bar in &lane.bars {
        let (from, to) = (place(row, bar.from), place(row, bar.to));
        let width = to.saturating_sub(from) + 1;
        pen.fill(Rect { x: from, width, ..row }, '━', bar.role);
    }
    for mark in &lane.marks {
        let x = place(row, mark.at);
        pen.text(&mark.text, mark.role, (x, row.y), row.right().saturating_sub(x));
    }
}
