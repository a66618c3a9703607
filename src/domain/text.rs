//! Outside text made safe for a cell: the one type and the only functions that make it.
//! Names from telemetry, releases, errors, config and notes pass here before anyone draws them.
//! No drawing, no layout, no translation; the character tables are in `text::rule`.

mod personal;
mod rule;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use unicode_segmentation::UnicodeSegmentation;

pub use personal::{Personal, redacted};
pub use rule::{CUT, MARK, cell_ok, is_line};

/// Characters of one outside field that reach the screen.
pub const SHOWN: usize = 512;
/// Characters of one outside field that are kept at all.
pub const KEPT: usize = 4096;

/// Text a cell may hold: letters, marks, numbers, punctuation, symbols and U+0020, at most two
/// combining marks a base, at most 16 bytes a grapheme, no zero-width grapheme.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ScreenText {
    text: Cow<'static, str>,
    changed: bool,
}

/// Outside text for any place on the screen: right-to-left letters become [`MARK`].
pub fn screen_text(outside: &str) -> ScreenText {
    ScreenText::clean(outside, SHOWN, false)
}

/// Outside text for the last field of a row, where right-to-left letters cannot reorder a
/// neighbour.
pub fn screen_text_last_field(outside: &str) -> ScreenText {
    ScreenText::clean(outside, SHOWN, true)
}

/// The original for the detail view: what a cell must not hold is written as `\u{1b}`, and so is
/// the backslash, so that two different originals never read the same. At most [`KEPT`] characters
/// in.
pub fn escaped(outside: &str) -> String {
    let mut out = String::with_capacity(outside.len().min(KEPT));
    for (at, c) in outside.chars().enumerate() {
        if at == KEPT {
            out.push(CUT);
            break;
        }
        if c != '\\' && c != MARK && c != CUT && rule::stands_alone(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// JSON with everything a terminal must not get as `\\uXXXX`, which is the same JSON: outside of
/// ASCII such characters only stand inside its strings. Line ends stay.
pub fn json_safe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut cell = [0_u8; 4];
    for c in json.chars() {
        if (c.is_ascii() && c != '\u{7f}') || (!c.is_ascii() && cell_ok(c.encode_utf8(&mut cell))) {
            out.push(c);
        } else {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                let _infallible = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The original as it may be stored: cut after [`KEPT`] characters, otherwise untouched.
pub fn kept(outside: &str) -> &str {
    outside.char_indices().nth(KEPT).map_or(outside, |(end, _)| &outside[..end])
}

impl ScreenText {
    /// Words of our own.
    pub fn fixed(own: &'static str) -> Self {
        if rule::plain(own, KEPT) {
            return Self { text: Cow::Borrowed(own), changed: false };
        }
        Self { changed: false, ..Self::clean(own, KEPT, false) }
    }

    /// Numbers, times and phrases formatted by us; sanitised all the same.
    pub fn made(own: String) -> Self {
        if rule::plain(&own, KEPT) {
            return Self { text: Cow::Owned(own), changed: false };
        }
        Self::clean(&own, KEPT, false)
    }

    fn clean(outside: &str, limit: usize, rtl: bool) -> Self {
        if rule::plain(outside, limit) {
            return Self { text: Cow::Owned(outside.to_owned()), changed: false };
        }
        let text = rule::clean(outside, limit, rtl);
        let changed = text != outside || text.contains(MARK);
        Self { text: Cow::Owned(text), changed }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Something was taken out or the text was too long; the text then shows [`MARK`] or [`CUT`].
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Columns, counted grapheme by grapheme as the buffer draws them.
    pub fn width(&self) -> usize {
        width(&self.text)
    }

    pub fn join(parts: &[Self]) -> Self {
        let whole: String = parts.iter().map(Self::as_str).collect();
        Self::seam(&whole, parts.iter().any(Self::changed))
    }

    pub fn push(&mut self, tail: &Self) {
        let whole = format!("{}{}", self.text, tail.text);
        *self = Self::seam(&whole, self.changed || tail.changed);
    }

    /// Parts are clean, but two of them can make a new grapheme where they meet.
    /// Right-to-left letters are only there if the last field's function let them in.
    fn seam(whole: &str, changed: bool) -> Self {
        let joined = Self::clean(whole, KEPT, true);
        Self { changed: changed || joined.text != whole, ..joined }
    }

    /// At most `columns` wide, with [`CUT`] at the end if something is missing. Never splits a
    /// grapheme, so the result may be one column narrower than asked.
    pub fn cut(&self, columns: usize) -> Self {
        if self.text.len() <= columns || self.width() <= columns {
            return self.clone();
        }
        let room = columns.saturating_sub(1);
        // every letter of ASCII text is a grapheme of one column
        let whole = if self.text.is_ascii() { self.text.get(..room) } else { None };
        let mut text = whole.unwrap_or_default().to_owned();
        let rest = if whole.is_some() { "" } else { self.as_str() };
        let mut used = 0;
        for grapheme in rest.graphemes(true) {
            used += rule::columns(grapheme);
            if used > room {
                break;
            }
            text.push_str(grapheme);
        }
        if columns > 0 {
            text.push(CUT);
        }
        Self { text: Cow::Owned(text), changed: self.changed }
    }

    /// For terminals without UTF-8: `?` for each column that is not ASCII, `~` for a cut.
    /// The width stays the same, so a layout made before still fits.
    pub fn ascii(&self) -> Self {
        let mut text = String::with_capacity(self.text.len());
        for grapheme in self.text.graphemes(true) {
            match grapheme {
                "\u{2026}" => text.push('~'),
                plain if plain.is_ascii() => text.push_str(plain),
                other => text.extend(std::iter::repeat_n('?', rule::columns(other))),
            }
        }
        Self { text: Cow::Owned(text), changed: self.changed }
    }
}

/// Columns of any string, grapheme by grapheme.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(rule::columns).sum() }
}

impl fmt::Display for ScreenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
