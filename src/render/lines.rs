//! Labelled lines, wrapped at words where asked; long words break anywhere.
//! Knows widths and styles, never what the words mean.

use std::borrow::Cow;

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::{ScreenText, width};
use crate::present::role::Role;
use crate::present::screen::{Item, Line, Lines, TextSpan};

use super::pen::Pen;

pub fn draw(lines: &Lines, pen: &mut Pen, area: Rect) {
    if area.is_empty() {
        return;
    }
    let label = lines.label.min(area.width);
    let room = area.width - label;
    let mut rows: Vec<(Option<&Item>, Cow<'_, Line>)> = Vec::new();
    let most = lines.scroll.saturating_add(usize::from(area.height));
    for item in &lines.items {
        let line = Cow::Borrowed(&item.line);
        let parts = if lines.wrap { wrap(&item.line, room) } else { vec![line] };
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
fn wrap(line: &Line, room: u16) -> Vec<Cow<'_, Line>> {
    let room = usize::from(room.max(1));
    if line.width() <= room {
        return vec![Cow::Borrowed(line)];
    }
    let mut paper = Paper { rows: vec![Line::new()], used: 0, room, piece: String::new() };
    for span in &line.0 {
        for word in span.text.as_str().split_inclusive(' ') {
            paper.word(word, span.role);
        }
        paper.keep(span.role);
    }
    paper.rows.into_iter().map(Cow::Owned).collect()
}

/// Rows being filled, word by word.
struct Paper {
    rows: Vec<Line>,
    /// Columns used in the last row, with those of `piece`.
    used: usize,
    room: usize,
    /// Text of one role that is not in the last row yet.
    piece: String,
}

impl Paper {
    /// One word with the spaces after it.
    fn word(&mut self, word: &str, role: Role) {
        let wide = width(word.trim_end());
        if self.used > 0 && self.used + wide > self.room {
            self.turn(role);
        }
        if word.is_ascii() && self.used + word.len() <= self.room {
            self.piece.push_str(word);
            self.used += word.len();
            return;
        }
        for grapheme in word.graphemes(true) {
            let wide = width(grapheme);
            if self.used + wide > self.room {
                if grapheme == " " {
                    continue;
                }
                self.turn(role);
            }
            self.piece.push_str(grapheme);
            self.used += wide;
        }
    }

    fn turn(&mut self, role: Role) {
        self.keep(role);
        self.rows.push(Line::new());
        self.used = 0;
    }

    fn keep(&mut self, role: Role) {
        if self.piece.is_empty() {
            return;
        }
        if let Some(row) = self.rows.last_mut() {
            row.0.push(TextSpan { text: ScreenText::made(std::mem::take(&mut self.piece)), role });
        }
    }
}
