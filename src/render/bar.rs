//! A bar: parts from both ends; what does not fit goes by rank, then the left end is cut.
//! Knows widths and ranks, never what the words mean.

use ratatui::layout::Rect;

use crate::present::screen::{Bar, Line, Part};

use super::pen::Pen;

pub fn draw(bar: &Bar, pen: &mut Pen, area: Rect) {
    if area.is_empty() {
        return;
    }
    pen.tint(area, bar.role);
    if bar.ruled {
        pen.fill(area, '─', bar.role);
    }
    let limit = limit(bar, usize::from(area.width));
    let kept = |parts: &[Part]| -> u16 {
        let wide: usize = parts.iter().filter(|p| p.rank <= limit).map(|p| p.line.width()).sum();
        u16::try_from(wide).unwrap_or(u16::MAX)
    };
    let right = kept(&bar.right).min(area.width);
    let room = area.width - right;
    run(&bar.left, limit, pen, Rect { width: room, ..area });
    run(&bar.right, limit, pen, Rect { x: area.x + room, width: right, ..area });
}

fn run(parts: &[Part], limit: u8, pen: &mut Pen, area: Rect) {
    let mut used = 0;
    for part in parts.iter().filter(|p| p.rank <= limit) {
        let line: &Line = &part.line;
        used += pen.line(line, area.x + used, area.y, area.width.saturating_sub(used));
    }
}

/// The highest rank that still fits together with all below it.
fn limit(bar: &Bar, room: usize) -> u8 {
    let mut ranks: Vec<u8> = bar.left.iter().chain(&bar.right).map(|p| p.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let wide = |limit: u8| -> usize {
        let parts = bar.left.iter().chain(&bar.right).filter(|p| p.rank <= limit);
        parts.map(|p| p.line.width()).sum()
    };
    ranks.into_iter().rev().find(|rank| wide(*rank) <= room).unwrap_or(0)
}
