//! The wall's layout: as large as fits, block by block, labels in plain letters.
//! Big words and figures only; nothing here blinks or asks for keys.

use ratatui::layout::Rect;

use crate::present::role::Role;
use crate::present::screen::{Block, Wall};

use super::bar;
use super::big;
use super::pen::Pen;

const SCALE_MAX: u16 = 8;

pub fn draw(wall: &Wall, pen: &mut Pen, area: Rect) {
    bar::draw(&wall.top, pen, Rect { height: 1, ..area });
    let heart = if wall.beat { '●' } else { '○' };
    pen.put(area.right() - 2, area.y, heart, Role::Accent);
    let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
    bar::draw(&wall.foot, pen, foot);
    let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
    let n = u16::try_from(wall.blocks.len()).unwrap_or(u16::MAX);
    let Some(each) = body.height.checked_div(n) else {
        return;
    };
    for (block, i) in wall.blocks.iter().zip(0..n) {
        let at = Rect { y: body.y + i * each, height: each, ..body };
        one(block, pen, at);
    }
}

/// A big word and its label below; the label alone where the word does not fit.
fn one(block: &Block, pen: &mut Pen, area: Rect) {
    let text = block.big.as_str();
    let scale = scale(text, area);
    let rows = big::TALL * scale;
    let x = area.x + 2;
    let room = area.width.saturating_sub(3);
    if scale == 0 {
        let used = pen.text(&block.big, block.role, (x, area.y), room);
        pen.line(&block.label, x + used + 1, area.y, room.saturating_sub(used + 1));
        return;
    }
    let at = Rect { x, y: area.y, width: room, height: rows };
    big::draw(text, pen, at, scale, block.role);
    pen.line(&block.label, x, area.y + rows, room);
}

/// The largest scale at which the word and its label fit; zero when none does.
fn scale(text: &str, area: Rect) -> u16 {
    let fits =
        |scale: &u16| big::width(text, *scale) + 3 <= area.width && big::TALL * scale < area.height;
    (1..=SCALE_MAX).rev().find(fits).unwrap_or(0)
}
