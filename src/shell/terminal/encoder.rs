//! Cells to bytes: cursor moves only where needed, differences of colour only, nothing but the
//! closed list of sequences. No device here; the bytes lie in a `Vec` until the backend sends them.

use std::fmt::Write;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::domain::text::{MARK, cell_ok};

/// Frames longer than this are wrapped in a synchronized update; shorter ones leave in one write.
const TORN_BYTES: usize = 512;
const SYNC_ON: &str = "\x1b[?2026h";
const SYNC_OFF: &str = "\x1b[?2026l";

/// Attribute, code to set it, code to end it.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Pen {
    fg: Color,
    bg: Color,
    on: Modifier,
}

/// What the terminal is known to show, and the bytes of the frame being made.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    out: String,
    /// `None` after a cell whose width the terminal may see differently, and at the right edge.
    at: Option<(u16, u16)>,
    pen: Pen,
    cursor_shown: bool,
    columns: u16,
}

impl Encoder {
    /// The terminal was just entered: plain colours, hidden cursor, place unknown.
    pub(super) fn reset(&mut self) {
        *self = Self { columns: self.columns, ..Self::default() };
    }

    pub(super) fn set_columns(&mut self, columns: u16) {
        self.columns = columns;
    }

    pub(super) fn cells<'a>(&mut self, cells: impl Iterator<Item = (u16, u16, &'a Cell)>) {
        for (x, y, cell) in cells {
            self.move_to(x, y);
            self.dip(Pen { fg: cell.fg, bg: cell.bg, on: cell.modifier });
            self.symbol(cell.symbol(), x, y);
        }
    }

    fn symbol(&mut self, symbol: &str, x: u16, y: u16) {
        let sure = match symbol {
            "" => {
                self.out.push(' ');
                true
            }
            ok if cell_ok(ok) => {
                self.out.push_str(ok);
                one_column(ok)
            }
            other => {
                let columns = other.width().clamp(1, 2);
                self.out.extend(std::iter::repeat_n(MARK, columns));
                false
            }
        };
        let next = x.saturating_add(1);
        self.at = (sure && next < self.columns).then_some((next, y));
    }

    pub(super) fn move_to(&mut self, x: u16, y: u16) {
        let from = self.at.replace((x, y));
        let written = match from {
            Some(at) if at == (x, y) => Ok(()),
            Some((left, row)) if row == y && left < x && x - left > 1 => {
                write!(self.out, "\x1b[{}C", x - left)
            }
            Some((left, row)) if row == y && left < x => write!(self.out, "\x1b[C"),
            _ if x == 0 && y == 0 => write!(self.out, "\x1b[H"),
            _ if x == 0 => write!(self.out, "\x1b[{}H", u32::from(y) + 1),
            _ => write!(self.out, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1),
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    /// Changes colours and attributes, by differences or from plain, whichever is shorter.
    fn dip(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        let step = codes(self.pen, pen);
        let fresh = codes(Pen::default(), pen);
        self.pen = pen;
        self.out.push_str("\x1b[");
        if fresh.is_empty() {
            // `CSI m` alone is plain
        } else if fresh.len() + 2 < step.len() {
            self.out.push_str("0;");
            self.out.push_str(&fresh);
        } else {
            self.out.push_str(&step);
        }
        self.out.push('m');
    }

    pub(super) fn cursor(&mut self, shown: bool) {
        if shown != self.cursor_shown {
            self.cursor_shown = shown;
            self.out.push_str(if shown { "\x1b[?25h" } else { "\x1b[?25l" });
        }
    }

    pub(super) fn place(&self) -> Option<(u16, u16)> {
        self.at
    }

    pub(super) fn clear(&mut self) {
        self.dip(Pen::default());
        self.out.push_str("\x1b[2J");
    }

    pub(super) fn clear_below(&mut self) {
        self.dip(Pen::default());
        self.out.push_str("\x1b[J");
    }

    /// The bytes of the frame; empty if nothing changed.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let body = std::mem::take(&mut self.out);
        if body.len() <= TORN_BYTES {
            return body.into_bytes();
        }
        [SYNC_ON, &body, SYNC_OFF].concat().into_bytes()
    }
}

/// Every terminal gives these one column: ASCII, Latin, Greek, Cyrillic, arrows, lines, blocks,
/// braille. After anything else the next cell is placed by its address.
fn one_column(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let first = chars.next();
    chars.next().is_none()
        && first.is_some_and(|c| {
            matches!(c, ' '..='~' | '\u{a1}'..='\u{2ff}' | '\u{370}'..='\u{482}'
                | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{2193}' | '\u{2500}'..='\u{25ff}'
                | '\u{2800}'..='\u{28ff}')
        })
}

/// SGR parameters that turn one pen into another.
fn codes(from: Pen, to: Pen) -> String {
    let mut list = String::new();
    let mut add = |code: &str| {
        if !list.is_empty() {
            list.push(';');
        }
        list.push_str(code);
    };
    let mut kept = from.on & to.on;
    let ended = from.on - to.on;
    let mut last = 0;
    for (attribute, _, off) in ATTRIBUTES {
        if ended.contains(attribute) {
            if off != last {
                add(&off.to_string());
                last = off;
            }
            // 22 ends bold and dim, 25 both kinds of blinking: the other must be set again
            let also = ATTRIBUTES.iter().filter(|(_, _, o)| *o == off).map(|(a, ..)| *a);
            kept -= also.fold(Modifier::empty(), |all, a| all | a);
        }
    }
    for (attribute, on, _) in ATTRIBUTES {
        if (to.on - kept).contains(attribute) {
            add(&on.to_string());
        }
    }
    if from.fg != to.fg {
        add(&color(to.fg, 30));
    }
    if from.bg != to.bg {
        add(&color(to.bg, 40));
    }
    list
}

/// `base` is 30 for the foreground, 40 for the background.
fn color(color: Color, base: u8) -> String {
    let index = match color {
        Color::Reset => return (base + 9).to_string(),
        Color::Rgb(r, g, b) => return format!("{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => return format!("{};5;{index}", base + 8),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
    };
    (base + index).to_string()
}
