//! The character rule of a cell: which characters stand, which become the mark, and why.
//! Pure functions over text and the tables they need; the type is in `domain::text`.

use unicode_properties::{EmojiStatus, GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands where something was taken out. Text that brings this character itself counts as changed,
/// so the mark is never a lie; U+FFFD stays free for sources that really sent U+FFFD.
pub const MARK: char = '\u{25AF}';

/// Stands where text was cut.
pub const CUT: char = '\u{2026}';

/// A cell's symbol in bytes.
const CELL_BYTES: usize = 16;
/// Columns of the widest grapheme let through: an Indic conjunct of four letters.
const CELL_COLUMNS: usize = 4;
/// Combining marks after one base.
const MARKS: usize = 2;
/// One pass settles ordinary text, two settle all that was found by fuzzing.
const PASSES: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
enum CharKind {
    Base,
    Space,
    Mark,
    SkinTone,
    Rtl,
    Forbidden,
}

/// Default-ignorable code points outside the categories that are forbidden anyway (Unicode 18,
/// DerivedCoreProperties, categories Lo and Mn), and the blank braille cell.
const INVISIBLE: [(u32, u32); 12] = [
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

/// Blocks whose letters run from right to left (bidi classes R and AL, their digits and marks).
const RTL: [(u32, u32); 6] = [
    (0x0590, 0x08FF),
    (0xFB1D, 0xFDFC),
    (0xFE70, 0xFEFE),
    (0x10800, 0x10CFF),
    (0x10D00, 0x10FFF),
    (0x1E800, 0x1EFFF),
];

fn within(table: &[(u32, u32)], c: char) -> bool {
    table.iter().any(|(low, high)| (*low..=*high).contains(&(c as u32)))
}

fn kind(c: char) -> CharKind {
    use GeneralCategory as G;
    if matches!(c, ' '..='~') {
        return if c == ' ' { CharKind::Space } else { CharKind::Base };
    }
    if within(&INVISIBLE, c) {
        return CharKind::Forbidden;
    }
    match c.general_category() {
        G::Control
        | G::Format
        | G::Surrogate
        | G::PrivateUse
        | G::Unassigned
        | G::LineSeparator
        | G::ParagraphSeparator
        | G::SpaceSeparator => CharKind::Forbidden,
        _ if within(&RTL, c) => CharKind::Rtl,
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark => CharKind::Mark,
        _ if matches!(c, '\u{1F3FB}'..='\u{1F3FF}') => CharKind::SkinTone,
        _ => CharKind::Base,
    }
}

/// May be shown as it is even with nothing before it.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(kind(c), CharKind::Base | CharKind::Space)
        && c.width().is_some_and(|columns| columns > 0)
}

/// A skin tone belongs to a person; after anything else it would glue two cells together.
fn takes_skin_tone(c: char) -> bool {
    use EmojiStatus as E;
    matches!(c.emoji_status(), E::EmojiModifierBase | E::EmojiPresentationAndModifierBase)
}

/// Printable ASCII within the limit: nearly all text, and nothing to do.
pub(super) fn plain(text: &str, limit: usize) -> bool {
    text.len() <= limit && text.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// Applies the rule until nothing changes any more, so that a second application is the identity.
pub(super) fn clean(outside: &str, limit: usize, rtl: bool) -> String {
    if plain(outside, limit) {
        return outside.to_owned();
    }
    let mut text = shorten(outside, limit);
    for _ in 0..PASSES {
        let next = graphemes(&characters(&text, rtl));
        if next == text {
            return next;
        }
        text = next;
    }
    text.chars().map(|c| if matches!(c, ' '..='~') { c } else { MARK }).collect()
}

/// The first `limit` characters; the last of them says that more was there.
fn shorten(outside: &str, limit: usize) -> String {
    if outside.chars().nth(limit).is_none() {
        return outside.to_owned();
    }
    let mut text: String = outside.chars().take(limit.saturating_sub(1)).collect();
    text.push(CUT);
    text
}

/// Character by character: categories, marks without a base, too many marks.
fn characters(text: &str, rtl: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut base = None;
    let mut marks = 0;
    for c in text.chars() {
        let stands = match kind(c) {
            CharKind::Base | CharKind::Space => true,
            CharKind::Rtl if !rtl => false,
            CharKind::Rtl if !is_mark(c) => true,
            CharKind::Mark | CharKind::Rtl => base.is_some() && marks < MARKS,
            CharKind::SkinTone => base.is_some_and(takes_skin_tone) && marks == 0,
            CharKind::Forbidden => false,
        };
        if !stands || c == MARK {
            mark(&mut out);
            (base, marks) = (None, 0);
            continue;
        }
        out.push(c);
        match kind(c) {
            CharKind::Space => (base, marks) = (None, 0),
            CharKind::Mark | CharKind::SkinTone => marks += 1,
            CharKind::Rtl if is_mark(c) => marks += 1,
            _ => (base, marks) = (Some(c), 0),
        }
    }
    out
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as G;
    matches!(c.general_category(), G::NonspacingMark | G::SpacingMark | G::EnclosingMark)
}

/// Grapheme by grapheme: what would be invisible, too wide or too many bytes for a cell.
fn graphemes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        let fits = grapheme.len() <= CELL_BYTES && (1..=CELL_COLUMNS).contains(&columns(grapheme));
        // some scripts' vowel signs are marks yet make a cell of their own; alone in it they would
        // fall on whatever was drawn before
        if fits && !grapheme.starts_with(MARK) && !grapheme.starts_with(is_mark) {
            out.push_str(grapheme);
        } else {
            mark(&mut out);
        }
    }
    out
}

/// One mark for a run, however long it is.
fn mark(out: &mut String) {
    if !out.ends_with(MARK) {
        out.push(MARK);
    }
}

/// Columns of one grapheme. Terminals give the half-width voiced sound marks a column of their own.
pub(super) fn columns(grapheme: &str) -> usize {
    let sounds = grapheme.chars().filter(|c| matches!(c, '\u{FF9E}' | '\u{FF9F}')).count();
    grapheme.width() + sounds
}

/// The sweep over a finished buffer: may this symbol stand in a cell? Own drawing may use the blank
/// braille cell; an empty symbol is the second half of a wide one.
pub fn cell_ok(symbol: &str) -> bool {
    if symbol.len() <= 1 {
        return symbol.bytes().all(|b| matches!(b, b' '..=b'~'));
    }
    if is_line(symbol) {
        return true;
    }
    // the first character must be a base, so the count starts as if it were full
    let mut marks = MARKS;
    symbol.len() <= CELL_BYTES
        && symbol.chars().all(|c| {
            marks = if is_mark(c) { marks + 1 } else { 0 };
            marks <= MARKS && (c == '\u{2800}' || kind(c) != CharKind::Forbidden)
        })
}

/// One line or block of U+2500 to U+259F: symbols of one column, most of what is drawn beside text.
pub fn is_line(symbol: &str) -> bool {
    matches!(symbol.as_bytes(), [0xE2, 0x94..=0x95, _] | [0xE2, 0x96, 0x80..=0x9F])
}
