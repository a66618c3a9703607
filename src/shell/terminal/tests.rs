//! The encoder against a terminal model: what was drawn is what stands there, at few bytes, and
//! nothing outside the closed list is written. No device.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::encoder::Encoder;

const COLORS: [Color; 6] = [
    Color::Reset,
    Color::Red,
    Color::White,
    Color::Indexed(208),
    Color::Rgb(1, 2, 3),
    Color::DarkGray,
];

fn frame(encoder: &mut Encoder, from: &Buffer, to: &Buffer) -> Vec<u8> {
    encoder.frame(from, to, None);
    encoder.take()
}

fn blank() -> Buffer {
    Buffer::empty(Rect::new(0, 0, 24, 4))
}

fn fresh() -> Encoder {
    Encoder::default()
}

fn seen(color: Color) -> vt100::Color {
    match color {
        Color::Red => vt100::Color::Idx(1),
        Color::White => vt100::Color::Idx(15),
        Color::DarkGray => vt100::Color::Idx(8),
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        _ => vt100::Color::Default,
    }
}

/// Every cell of the model terminal is the buffer's.
fn same(screen: &vt100::Screen, buffer: &Buffer) -> Result<(), String> {
    for (y, x) in (0..4).flat_map(|y| (0..24).map(move |x| (y, x))) {
        let (Some(there), Some(cell)) = (screen.cell(y, x), buffer.cell((x, y))) else {
            return Err(format!("no cell {x},{y}"));
        };
        if there.is_wide_continuation() {
            continue;
        }
        let text = Some(there.contents()).filter(|t| !t.is_empty()).unwrap_or(" ");
        let on = |modifier| cell.modifier.contains(modifier);
        // the model knows one intensity at a time
        let both = cell.modifier.contains(Modifier::BOLD | Modifier::DIM);
        let intensity = (there.bold(), there.dim()) == (on(Modifier::BOLD), on(Modifier::DIM));
        let looks = (there.fgcolor(), there.bgcolor()) == (seen(cell.fg), seen(cell.bg))
            && there.inverse() == on(Modifier::REVERSED)
            && there.underline() == on(Modifier::UNDERLINED)
            && (both || intensity);
        if text != cell.symbol() || !looks {
            return Err(format!("{x},{y}: {there:?} is not {cell:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_frame_is_few_bytes() {
    let (empty, mut one) = (blank(), blank());
    let mut encoder = fresh();
    one.set_string(0, 0, "ab", Style::new());
    assert_eq!(frame(&mut encoder, &empty, &one), b"\x1b[Hab");
    assert_eq!(frame(&mut encoder, &one, &one), b"", "nothing changed, nothing is written");
    let mut two = one.clone();
    two.set_string(2, 0, "c", Style::new());
    assert_eq!(frame(&mut encoder, &one, &two), b"c", "the cursor stands there already");
    let mut three = two.clone();
    three.set_string(9, 0, "d", Style::new().fg(Color::Red).bold());
    three.set_string(10, 0, "e", Style::new().fg(Color::Red));
    three.set_string(3, 2, "f", Style::new());
    assert_eq!(
        frame(&mut encoder, &two, &three),
        b"\x1b[6C\x1b[1;31md\x1b[22me\x1b[3;4H\x1b[mf",
        "relative on the row, differences of attributes, plain as the empty list"
    );
}

#[test]
fn only_large_frames_are_synchronized() {
    let mut encoder = fresh();
    let mut full = blank();
    for y in 0..4 {
        full.set_string(0, y, "x".repeat(24), Style::new());
    }
    assert!(!frame(&mut encoder, &blank(), &full).starts_with(b"\x1b[?2026h"));
    for x in 0..24 {
        full.set_style(Rect::new(x, 0, 1, 4), Style::new().bg(Color::Indexed(x as u8)));
    }
    let bytes = frame(&mut encoder, &blank(), &full);
    assert!(bytes.starts_with(b"\x1b[?2026h") && bytes.ends_with(b"\x1b[?2026l"));
}

#[test]
fn after_a_doubtful_width_the_next_cell_is_addressed() {
    let mut encoder = fresh();
    let mut wide = blank();
    wide.set_string(0, 0, "\u{FDFD}a中b", Style::new());
    let text = String::from_utf8(frame(&mut encoder, &blank(), &wide)).expect("UTF-8");
    assert_eq!(text, "\x1b[H\u{FDFD}\x1b[1;2Ha中\x1b[1;5Hb");
    let mut edge = blank();
    edge.set_string(23, 0, "z", Style::new());
    edge.set_string(0, 1, "y", Style::new());
    let text = String::from_utf8(frame(&mut fresh(), &blank(), &edge)).expect("UTF-8");
    assert_eq!(text, "\x1b[1;24Hz\x1b[2Hy");
}

#[test]
fn a_forbidden_symbol_is_swept_from_the_frame() {
    let mut bad = blank();
    for (x, symbol) in
        ["\x1b[2J", "\u{202e}", "\u{9b}", "e\u{301}\u{301}\u{301}", "\r\n"].into_iter().enumerate()
    {
        bad.cell_mut((x as u16 * 2, 0)).expect("a cell").set_symbol(symbol);
    }
    let text = String::from_utf8(frame(&mut fresh(), &blank(), &bad)).expect("UTF-8");
    let own = text.replace("\x1b[H", "");
    assert!(own.contains('▯') && !own.contains("[2J") && !own.contains('\u{202e}'), "{own:?}");
    assert!(!own.contains(['\r', '\n', '\u{9b}', '\u{301}']), "{own:?}");
}

#[test]
fn the_cursor_is_switched_only_when_it_changes() {
    let mut encoder = fresh();
    encoder.frame(&blank(), &blank(), Some((4, 1)));
    assert_eq!(encoder.take(), b"\x1b[2;5H\x1b[?25h");
    encoder.frame(&blank(), &blank(), Some((4, 1)));
    assert_eq!(encoder.take(), b"");
    encoder.frame(&blank(), &blank(), None);
    assert_eq!(encoder.take(), b"\x1b[?25l");
    encoder.clear();
    assert_eq!(encoder.take(), b"\x1b[m\x1b[2J");
}

#[test]
fn a_small_gap_is_written_again_rather_than_jumped() {
    let (mut old, mut new) = (blank(), blank());
    old.set_string(0, 0, "a-b-c    d", Style::new());
    new.set_string(0, 0, "A-B-C    D", Style::new());
    assert_eq!(frame(&mut fresh(), &old, &new), b"\x1b[HA-B-C\x1b[4CD");
}

fn style() -> impl Strategy<Value = Style> {
    let color = || prop::sample::select(COLORS.to_vec());
    let on = Modifier::BOLD | Modifier::UNDERLINED | Modifier::REVERSED | Modifier::DIM;
    (color(), color(), any::<u16>()).prop_map(move |(fg, bg, bits)| {
        Style::new().fg(fg).bg(bg).add_modifier(Modifier::from_bits_truncate(bits) & on)
    })
}

fn strings() -> impl Strategy<Value = Vec<(u16, u16, &'static str, Style)>> {
    let text = prop::sample::select(vec!["a", "word two", "中文字", "é│─█", "e\u{301}x", "    "]);
    prop::collection::vec((0_u16..24, 0_u16..4, text, style()), 0..12)
}

proptest! {
    #[test]
    fn any_sequence_of_frames_stands_as_drawn(frames in prop::collection::vec(strings(), 1..6)) {
        let mut model = vt100::Parser::new(4, 24, 0);
        let (mut encoder, mut last) = (fresh(), blank());
        for strings in frames {
            let mut next = blank();
            for (x, y, text, style) in strings {
                next.set_string(x, y, text, style);
            }
            let bytes = frame(&mut encoder, &last, &next);
            model.process(&bytes);
            prop_assert_eq!(same(model.screen(), &next), Ok(()), "{}", bytes.escape_ascii());
            last = next;
        }
    }
}
