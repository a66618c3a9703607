//! The heatmap: value and n in each cell; `!` breach, `?` unsure on hatching, `░` blind.
//! One row a line where room is short, two where there is room.

use ratatui::layout::Rect;

use crate::domain::text::ScreenText;
use crate::present::role::Role;
use crate::present::screen::{Fill, HeatCell, Heatmap};

use super::pen::Pen;

const CELL_MIN: u16 = 9;
const CELL_MAX: u16 = 18;

pub fn draw(map: &Heatmap, pen: &mut Pen, area: Rect) {
    if area.is_empty() {
        return;
    }
    if map.rows.is_empty() {
        pen.line(&map.empty, area.x + 1, area.y, area.width.saturating_sub(1));
        return;
    }
    let label = label_width(map).min(area.width / 3);
    let room = area.width.saturating_sub(label + 1);
    let n = u16::try_from(map.columns.len()).unwrap_or(u16::MAX).max(1);
    let wide = (room / n).clamp(CELL_MIN, CELL_MAX);
    let shown = usize::from(room / wide);
    let (down, across) = map.selected.unwrap_or_default();
    let left = across.saturating_sub(shown.saturating_sub(1));
    pen.text(&map.corner, Role::Muted, (area.x + 1, area.y), label);
    for (i, head) in map.columns.iter().skip(left).take(shown).enumerate() {
        let x = column(area, label, wide, i);
        pen.text(head, Role::Title, (x, area.y), wide - 1);
    }
    hidden(map.columns.len().saturating_sub(shown), pen, area);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let rows = u16::try_from(map.rows.len()).unwrap_or(u16::MAX);
    let tall = if rows.saturating_mul(3) <= body.height { 3 } else { 1 };
    let fits = usize::from(body.height / tall);
    let top = down.saturating_sub(fits.saturating_sub(1));
    for ((n, row), i) in map.rows.iter().enumerate().skip(top).zip(0..body.height / tall) {
        let y = body.y + i * tall;
        pen.text(&row.label, Role::Text, (area.x + 1, y), label.saturating_sub(1));
        for (i, (m, cell)) in row.cells.iter().enumerate().skip(left).take(shown).enumerate() {
            let x = column(area, label, wide, i);
            let at = Rect { x, y, width: wide - 1, height: tall.min(2) };
            match cell {
                Some(cell) => one(cell, pen, at),
                None => pen.put(x, y, '·', Role::Muted),
            }
            if map.selected == Some((n, m)) {
                select(pen, at);
            }
        }
    }
}

/// The selected cell reads without colour: `>` stands before its mark.
fn select(pen: &mut Pen, at: Rect) {
    pen.tint(Rect { height: 1, ..at }, Role::Selected);
    pen.put(at.x.saturating_sub(1), at.y, '>', Role::Selected);
}

/// Says how many columns there was no room for.
fn hidden(more: usize, pen: &mut Pen, area: Rect) {
    if more > 0 {
        let text = ScreenText::made(format!("+{more}"));
        let wide = u16::try_from(text.width()).unwrap_or(3);
        pen.text(&text, Role::Warning, (area.right().saturating_sub(wide), area.y), wide);
    }
}

fn label_width(map: &Heatmap) -> u16 {
    let longest = map.rows.iter().map(|r| r.label.width()).chain([map.corner.width()]).max();
    u16::try_from(longest.unwrap_or(0)).unwrap_or(24).clamp(8, 24) + 2
}

fn column(area: Rect, label: u16, wide: u16, i: usize) -> u16 {
    area.x + 1 + label + wide * u16::try_from(i).unwrap_or(0)
}

fn one(cell: &HeatCell, pen: &mut Pen, area: Rect) {
    let (ground, mark) = match cell.fill {
        Fill::Plain => (' ', ' '),
        Fill::Hot => (' ', '!'),
        Fill::Hatched => ('╱', '?'),
        Fill::Blind => ('░', '░'),
    };
    pen.fill(area, ground, cell.role);
    pen.put(area.x, area.y, mark, cell.role);
    if cell.fill == Fill::Blind {
        let blind = ScreenText::fixed(" blind ");
        pen.text(&blind, cell.role, (area.x + 1, area.y), area.width.saturating_sub(1));
        return;
    }
    let room = area.width.saturating_sub(1);
    let used = pen.text(&cell.value, cell.role, (area.x + 1, area.y), room);
    if area.height > 1 {
        pen.text(&cell.n, cell.role, (area.x + 1, area.y + 1), room);
        return;
    }
    let n = u16::try_from(cell.n.width()).unwrap_or(u16::MAX);
    if used + 1 + n <= room {
        pen.put(area.x + 1 + used, area.y, ' ', cell.role);
        pen.text(&cell.n, cell.role, (area.right() - n, area.y), n);
    }
}
