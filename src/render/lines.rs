//! Labelled lines, wrapped at words where asked; long words break anywhere.
//! Knows widths and styles, never what the words mean.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::{ScreenText, width};
use crate::present::role::Role;
use crate::present::screen::{Item, Line, Lines, Span};

use super::pen::Pen;

pub fn draw(lines: &Lines, pen: &mut Pen, area: Rect) {
    if area.is_empty() {
        return;
    }
    let label = lines.label.min(area.width);
    let room = area.width - label;
    let mut rows: Vec<(Option<&Item>, Line)> = Vec::new();
    let most = lines.scroll.saturating_add(usize::from(area.height));
    for item in &lines.items {
        let parts = if lines.wrap { wrap(&item.line, room) } else { vec![item.line.clone()] };
        for (i, part) in parts.into_iter().enumerate() {
            rows.push(((i == 0).then_some(item), part));
        }
        // enough to know that this page is full and there is one more
        if rows.len() > most.saturating_add(usize::from(area.height)) {
            break;
        }
    }
    let tall = usize::from(area.height);
    let top = lines.scroll.min(rows.len().saturating_sub(tall));
    for ((item, line), y) in rows.iter().skip(top).zip(area.top()..area.bottom()) {
        if let Some(item) = item {
            pen.text(&item.label, Role::Muted, (area.x + 1, y), label.saturating_sub(2));
        }
        pen.line(line, area.x + label, y, room);
    }
    if rows.len() > top + tall {
        let y = area.bottom() - 1;
        pen.put(area.right() - 1, y, '▾', Role::Muted);
    }
}

/// Breaks a line at spaces; a word longer than the room breaks where it must.
fn wrap(line: &Line, room: u16) -> Vec<Line> {
    let room = usize::from(room.max(1));
    if line.width() <= room {
        return vec![line.clone()];
    }
    let mut rows = vec![Line::new()];
    let mut used = 0;
    for span in &line.0 {
        for word in words(span.text.as_str()) {
            let wide = width(word.trim_end());
            if used > 0 && used + wide > room {
                rows.push(Line::new());
                used = 0;
            }
            used = place(&mut rows, word, span.role, (used, room));
        }
    }
    rows
}

/// Words with the spaces after them.
fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').collect()
}

/// Puts one word at the end; gives back the columns used in the last row.
fn place(rows: &mut Vec<Line>, word: &str, role: Role, at: (usize, usize)) -> usize {
    let (mut used, room) = at;
    let mut piece = String::new();
    for grapheme in word.graphemes(true) {
        let wide = width(grapheme);
        if used + wide > room {
            push(rows, &mut piece, role);
            if grapheme == " " {
                continue;
            }
            rows.push(Line::new());
            used = 0;
        }
        piece.push_str(grapheme);
        used += wide;
    }
    push(rows, &mut piece, role);
    used
}

fn push(rows: &mut [Line], piece: &mut String, role: Role) {
    if piece.is_empty() {
        return;
    }
    if let Some(row) = rows.last_mut() {
        row.0.push(Span { text: ScreenText::made(std::mem::take(piece)), role });
    }
}
