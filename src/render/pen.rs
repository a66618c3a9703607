//! Pen: the only way widgets write cells: clipped to the area, styled by role.
//! No layout, no meaning.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::{ScreenText, width};
use crate::present::role::Role;
use crate::present::screen::Line;

use super::theme::Theme;

pub struct Pen<'a> {
    buf: &'a mut Buffer,
    theme: &'a Theme,
    clip: Rect,
}

impl<'a> Pen<'a> {
    pub fn new(buf: &'a mut Buffer, theme: &'a Theme, clip: Rect) -> Self {
        Self { buf, theme, clip }
    }

    /// Fills with blanks on the theme's ground.
    pub fn clear(&mut self, area: Rect) {
        let mut blank = Cell::EMPTY;
        blank.set_style(self.theme.ground());
        let area = area.intersection(self.clip);
        for y in area.top()..area.bottom() {
            for cell in row(self.buf, area, y).into_iter().flatten() {
                cell.reset();
                (cell.fg, cell.bg, cell.modifier) = (blank.fg, blank.bg, blank.modifier);
            }
        }
    }

    /// Lays a role's style over cells, words untouched.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buf.set_style(area.intersection(self.clip), style);
    }

    /// One character repeated over an area.
    pub fn fill(&mut self, area: Rect, symbol: char, role: Role) {
        let style = self.theme.style(role);
        let area = area.intersection(self.clip);
        for y in area.top()..area.bottom() {
            for cell in row(self.buf, area, y).into_iter().flatten() {
                cell.set_char(symbol).set_style(style);
            }
        }
    }

    /// One own symbol.
    pub fn put(&mut self, x: u16, y: u16, symbol: char, role: Role) {
        self.fill(Rect { x, y, width: 1, height: 1 }, symbol, role);
    }

    /// Text from `x`, cut with an ellipsis at `room` columns; gives back the columns used.
    pub fn text(&mut self, text: &ScreenText, role: Role, at: (u16, u16), room: u16) -> u16 {
        let (x, y) = at;
        let right = self.clip.right().saturating_sub(x);
        let room = room.min(right);
        if room == 0 || y < self.clip.top() || y >= self.clip.bottom() || x < self.clip.x {
            return 0;
        }
        let style = self.theme.style(role);
        if text.width() <= usize::from(room) {
            self.write(text.as_str(), style, at)
        } else {
            self.write(text.cut(usize::from(room)).as_str(), style, at)
        }
    }

    fn write(&mut self, text: &str, style: Style, at: (u16, u16)) -> u16 {
        let (start, y) = at;
        let (letters, rest) = text.split_at(letters(text));
        let mut x = start + self.letters(letters, style, at);
        for grapheme in rest.graphemes(true) {
            let wide = u16::try_from(width(grapheme)).unwrap_or(0);
            if wide == 0 {
                continue;
            }
            if let Some(cell) = self.buf.cell_mut(Position { x, y }) {
                cell.set_symbol(grapheme).set_style(style);
            }
            for tail in x + 1..x + wide {
                if let Some(cell) = self.buf.cell_mut(Position { x: tail, y }) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
            x += wide;
        }
        x - start
    }

    /// ASCII letters, a cell each.
    fn letters(&mut self, text: &str, style: Style, at: (u16, u16)) -> u16 {
        let (x, y) = at;
        let width = u16::try_from(text.len()).unwrap_or(u16::MAX);
        if let Some(row) = row(self.buf, Rect { x, y, width, height: 1 }, y) {
            for (cell, letter) in row.iter_mut().zip(text.chars()) {
                cell.set_char(letter).set_style(style);
            }
        }
        width
    }

    /// Spans side by side, cut at `room`; gives back the columns used.
    pub fn line(&mut self, line: &Line, x: u16, y: u16, room: u16) -> u16 {
        let mut used = 0;
        for span in &line.0 {
            if used >= room {
                break;
            }
            used += self.text(&span.text, span.role, (x + used, y), room - used);
        }
        used
    }
}

/// Bytes of ASCII at the start of `text` that no later character can belong to.
fn letters(text: &str) -> usize {
    match text.bytes().position(|b| !b.is_ascii()) {
        Some(first) => first.saturating_sub(1), // it may carry a mark
        None => text.len(),
    }
}

/// The cells of `area` in row `y`; none outside the buffer.
pub(super) fn row(buf: &mut Buffer, area: Rect, y: u16) -> Option<&mut [Cell]> {
    let within = area.intersection(buf.area);
    if within.is_empty() || y < within.top() || y >= within.bottom() {
        return None;
    }
    let line = usize::from(y - buf.area.y) * usize::from(buf.area.width);
    let start = line + usize::from(within.x - buf.area.x);
    buf.content.get_mut(start..start + usize::from(within.width))
}
