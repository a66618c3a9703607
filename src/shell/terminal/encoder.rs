//! Cells to bytes: cursor moves only where needed, differences of colour only, nothing but the
//! closed list of sequences. No device here; the bytes lie in a `Vec` until the backend sends them.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};

use crate::domain::text::{MARK, cell_ok, is_line};

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
struct EncoderPen {
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
    pen: EncoderPen,
    cursor_shown: bool,
    columns: u16,
}

impl Encoder {
    /// The bytes that turn what the terminal shows (`prev`) into `next`. Both have the same area.
    pub(super) fn frame(&mut self, prev: &Buffer, next: &Buffer, cursor: Option<(u16, u16)>) {
        let columns = usize::from(next.area.width.max(1));
        self.columns = next.area.width;
        let rows = prev.content.chunks(columns).zip(next.content.chunks(columns));
        for (y, (prev, next)) in (0..).zip(rows) {
            if prev != next {
                self.row(y, prev, next);
            }
        }
        if let Some((x, y)) = cursor {
            self.move_to(x, y);
        }
        self.cursor(cursor.is_some());
    }

    /// Overwriting one half of a wide character blanks the other half in a way of the terminal's
    /// own, so what stood to the right of it is written again (`stale`).
    fn row(&mut self, y: u16, prev: &[Cell], next: &[Cell]) {
        let (mut x, mut stale) = (0, 0);
        while let (Some(old), Some(new)) = (prev.get(x), next.get(x)) {
            let columns = columns(new);
            if x < stale || old != new {
                self.go(x, y, next);
                self.dip(EncoderPen { fg: new.fg, bg: new.bg, on: new.modifier });
                self.symbol(if x + columns > next.len() { " " } else { new.symbol() }, x, y);
                for (at, hit) in prev.iter().enumerate().skip(x).take(columns) {
                    stale = stale.max(at + self::columns(hit));
                }
            }
            x += columns;
        }
    }

    /// To a cell of a row: over a small gap of unchanged cells by writing them once more.
    fn go(&mut self, x: usize, y: u16, row: &[Cell]) {
        let from = self.at.filter(|(_, line)| *line == y).map(|(left, _)| usize::from(left));
        let gap = from.and_then(|left| row.get(left..x)).filter(|gap| gap.len() < 4);
        let pen = self.pen;
        let same = |cell: &Cell| EncoderPen { fg: cell.fg, bg: cell.bg, on: cell.modifier } == pen;
        match gap {
            Some(gap)
                if gap.iter().all(|c| same(c) && c.symbol().len() == 1 && cell_ok(c.symbol())) =>
            {
                for cell in gap {
                    self.out.push_str(cell.symbol());
                }
                self.at = Some((x as u16, y));
            }
            _ => self.move_to(x as u16, y),
        }
    }

    fn symbol(&mut self, symbol: &str, x: usize, y: u16) {
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
                let columns = other.cell_width().clamp(1, 2).into();
                self.out.extend(std::iter::repeat_n(MARK, columns));
                false
            }
        };
        let next = x as u16 + 1;
        self.at = (sure && next < self.columns).then_some((next, y));
    }

    fn move_to(&mut self, x: u16, y: u16) {
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
    fn dip(&mut self, pen: EncoderPen) {
        if pen == self.pen {
            return;
        }
        let step = codes(self.pen, pen);
        // only where something ends can it be shorter to begin from plain
        let ends = !(self.pen.on - pen.on).is_empty() || [pen.fg, pen.bg].contains(&Color::Reset);
        let fresh = if ends { codes(EncoderPen::default(), pen) } else { step.clone() };
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

    fn cursor(&mut self, shown: bool) {
        if shown != self.cursor_shown {
            self.cursor_shown = shown;
            self.out.push_str(if shown { "\x1b[?25h" } else { "\x1b[?25l" });
        }
    }

    /// Makes the terminal blank and the encoder sure of it.
    pub(super) fn clear(&mut self) {
        self.out.push_str("\x1b[m\x1b[2J");
        self.pen = EncoderPen::default();
        self.at = None;
    }

    /// The bytes of the frame; empty if nothing changed.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let room = self.out.len().max(TORN_BYTES);
        let body = std::mem::replace(&mut self.out, String::with_capacity(room));
        if body.len() <= TORN_BYTES {
            return body.into_bytes();
        }
        [SYNC_ON, &body, SYNC_OFF].concat().into_bytes()
    }
}

/// Columns a cell takes, at least its own.
fn columns(cell: &Cell) -> usize {
    let symbol = cell.symbol();
    if symbol.len() <= 1 || is_line(symbol) { 1 } else { usize::from(symbol.cell_width()).max(1) }
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
fn codes(from: EncoderPen, to: EncoderPen) -> String {
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
