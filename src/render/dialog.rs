//! A box in the middle. One that must be seen whole and cannot be says so in its first line.
//! What may be confirmed is decided in `desk`, never here.

use ratatui::layout::Rect;

use crate::present::role::Role;
use crate::present::screen::DialogView;

use super::pen::Pen;

/// The rows above `body` stay in sight where there is height for it: title and banner.
pub fn draw(view: &DialogView, pen: &mut Pen, area: Rect, body: u16) {
    let at = place(view, area, body);
    let (width, height) = (at.width, at.height);
    if at.width < 4 || at.height < 3 {
        return;
    }
    pen.clear(at);
    frame(view, pen, at);
    let room = usize::from(height - 2);
    let hidden = view.lines.len().saturating_sub(room);
    // what must be seen whole keeps its end, where it says that it is not
    let top = if view.whole { hidden } else { view.scroll.min(hidden) };
    for (line, y) in view.lines.iter().skip(top).zip(at.y + 1..at.bottom() - 1) {
        pen.line(line, at.x + 2, y, width - 4);
    }
    if hidden > top {
        pen.put(at.right() - 2, at.bottom() - 1, '▾', view.role);
    }
}

/// Below the banner if it fits there, or can be scrolled there; else as low as it goes.
fn place(view: &DialogView, area: Rect, body: u16) -> Rect {
    /// With its frame; fewer rows are not worth scrolling in.
    const LEAST: u16 = 8;
    let rows = u16::try_from(view.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let below = area.bottom().saturating_sub(body);
    let width = view.width.min(area.width);
    let x = area.x + (area.width - width) / 2;
    if rows <= below || view.scrolls && below >= LEAST {
        let height = rows.min(below);
        return Rect { x, y: body + (below - height) / 2, width, height };
    }
    let height = rows.min(area.height);
    Rect { x, y: area.bottom() - height, width, height }
}

fn frame(view: &DialogView, pen: &mut Pen, at: Rect) {
    let (right, bottom) = (at.right() - 1, at.bottom() - 1);
    pen.fill(Rect { height: 1, ..at }, '─', view.role);
    pen.fill(Rect { y: bottom, height: 1, ..at }, '─', view.role);
    pen.fill(Rect { width: 1, ..at }, '│', view.role);
    pen.fill(Rect { x: right, width: 1, ..at }, '│', view.role);
    let corners =
        [(at.x, at.y, '┌'), (right, at.y, '┐'), (at.x, bottom, '└'), (right, bottom, '┘')];
    for (x, y, symbol) in corners {
        pen.put(x, y, symbol, view.role);
    }
    pen.put(at.x + 1, at.y, ' ', view.role);
    let used = pen.text(&view.title, Role::Title, (at.x + 2, at.y), at.width.saturating_sub(5));
    pen.put(at.x + 2 + used, at.y, ' ', view.role);
}
