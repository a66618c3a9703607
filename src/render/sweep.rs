//! The sweep over the finished buffer: whatever broke the hostile rule on its way here stops here.
//! In ASCII mode it also translates our own glyphs; nothing else may know about ASCII.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use crate::domain::text::{MARK, cell_ok, is_line, width};

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
    for y in area.top()..area.bottom() {
        if let Some(row) = super::pen::row(buf, area, y) {
            sweep_row(row, ascii);
        }
    }
}

fn sweep_row(row: &mut [Cell], ascii: bool) {
    for x in 0..row.len() {
        let symbol = row.get(x).map_or(" ", Cell::symbol);
        if matches!(symbol.as_bytes(), [b' '..=b'~']) || (!ascii && is_line(symbol)) {
            continue; // nearly every cell
        }
        let half = row.get(x + 1).is_none_or(|next| next.symbol() != " ");
        let Some(cell) = row.get_mut(x) else {
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
