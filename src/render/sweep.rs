//! The sweep over the finished buffer: whatever broke the hostile rule on its way here stops here.
//! In ASCII mode it also translates our own glyphs; nothing else may know about ASCII.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::domain::text::{MARK, cell_ok, width};

/// Our own glyphs and their plain forms, one column each.
const PLAIN: [(char, char); 19] = [
    ('─', '-'),
    ('━', '='),
    ('│', '|'),
    ('┌', '+'),
    ('┐', '+'),
    ('└', '+'),
    ('┘', '+'),
    ('█', '#'),
    ('░', '.'),
    ('╱', '/'),
    ('▸', '>'),
    ('▾', 'v'),
    ('●', 'O'),
    ('○', 'o'),
    ('·', '.'),
    ('…', '~'),
    ('▯', '?'),
    ('→', '>'),
    ('–', '-'),
];

pub fn sweep(buf: &mut Buffer, area: Rect, ascii: bool) {
    for at in area.positions() {
        let next = Position { x: at.x.saturating_add(1), y: at.y };
        let half = at.x + 1 >= area.right() || buf.cell(next).is_none_or(|c| c.symbol() != " ");
        let Some(cell) = buf.cell_mut(at) else {
            continue;
        };
        let symbol = cell.symbol();
        if !cell_ok(symbol) {
            cell.set_char(MARK);
        } else if ascii && !symbol.is_ascii() {
            let plain = plain(symbol);
            cell.set_char(plain);
        } else if half && width(symbol) > 1 {
            // something was drawn over the second half of a wide letter
            cell.set_char(' ');
        }
    }
}

fn plain(symbol: &str) -> char {
    let mut chars = symbol.chars();
    let own = chars.next().filter(|_| chars.next().is_none());
    let known = own.and_then(|c| PLAIN.iter().find(|(glyph, _)| *glyph == c));
    known.map_or('?', |(_, plain)| *plain)
}
