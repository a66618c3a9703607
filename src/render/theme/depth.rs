//! How many colours a terminal shows, and the nearest colour it has.
//! Pure arithmetic and the xterm palette; nobody is asked and nothing is read from outside here.

use ratatui::style::Color;

pub type Rgb = (u8, u8, u8);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ColorDepth {
    Mono,
    Ansi16,
    Ansi256,
    True,
}

/// Terminals that show 24 bits and do not always say so in COLORTERM (it is lost over SSH).
const TRUE_TERMS: [&str; 7] =
    ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "foot-extra", "wezterm", "contour"];
/// Terminals without colours. An unset TERM says nothing, so nothing is risked.
const MONO_TERMS: [&str; 8] =
    ["", "dumb", "vt52", "vt100", "vt102", "vt220", "vt320", "xterm-mono"];

/// `no_color`: NO_COLOR is set and not empty (no-color.org). `colorterm`, `term`: COLORTERM, TERM.
pub fn depth(no_color: bool, colorterm: &str, term: &str) -> ColorDepth {
    if no_color || MONO_TERMS.contains(&term) || term.ends_with("-m") {
        ColorDepth::Mono
    } else if matches!(colorterm, "truecolor" | "24bit")
        || term.ends_with("-direct")
        || TRUE_TERMS.contains(&term)
    {
        ColorDepth::True
    } else if term.contains("256color") {
        ColorDepth::Ansi256
    } else {
        ColorDepth::Ansi16
    }
}

/// Name in theme files, ratatui's name, and xterm's default value of the sixteen palette colours.
pub(super) const ANSI: [(&str, Color, Rgb); 16] = [
    ("black", Color::Black, (0, 0, 0)),
    ("red", Color::Red, (205, 0, 0)),
    ("green", Color::Green, (0, 205, 0)),
    ("yellow", Color::Yellow, (205, 205, 0)),
    ("blue", Color::Blue, (0, 0, 238)),
    ("magenta", Color::Magenta, (205, 0, 205)),
    ("cyan", Color::Cyan, (0, 205, 205)),
    ("white", Color::Gray, (229, 229, 229)),
    ("bright-black", Color::DarkGray, (127, 127, 127)),
    ("bright-red", Color::LightRed, (255, 0, 0)),
    ("bright-green", Color::LightGreen, (0, 255, 0)),
    ("bright-yellow", Color::LightYellow, (255, 255, 0)),
    ("bright-blue", Color::LightBlue, (92, 92, 255)),
    ("bright-magenta", Color::LightMagenta, (255, 0, 255)),
    ("bright-cyan", Color::LightCyan, (0, 255, 255)),
    ("bright-white", Color::White, (255, 255, 255)),
];

const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest colour the depth has. A 24-bit colour that xterm's palette holds exactly is written
/// as its index: half the bytes of each change of colour.
pub(super) fn reduce(rgb: Rgb, depth: ColorDepth) -> Color {
    let (index, distance) = nearest256(rgb);
    match depth {
        ColorDepth::True if distance > 0 => Color::Rgb(rgb.0, rgb.1, rgb.2),
        ColorDepth::True | ColorDepth::Ansi256 => Color::Indexed(index),
        ColorDepth::Ansi16 => nearest16(rgb),
        ColorDepth::Mono => Color::Reset,
    }
}

/// Only the fixed part of the palette, 16-255: the first sixteen are the user's to change.
fn nearest256(rgb: Rgb) -> (u8, u32) {
    let best = (16..=255).map(|index| (index, distance(rgb, indexed(index)))).min_by_key(|b| b.1);
    best.unwrap_or((16, u32::MAX))
}

fn nearest16(rgb: Rgb) -> Color {
    let best = ANSI.iter().min_by_key(|(.., known)| distance(rgb, *known));
    best.map_or(Color::Reset, |(_, color, _)| *color)
}

/// Squared distance with red weighed by how red the pair is ("redmean", T. Riemersma, CompuPhase).
fn distance(a: Rgb, b: Rgb) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    let mean = u32::midpoint(u32::from(a.0), u32::from(b.0));
    (((512 + mean) * square(a.0, b.0)) >> 8)
        + 4 * square(a.1, b.1)
        + (((767 - mean) * square(a.2, b.2)) >> 8)
}

/// xterm's 256 colours: sixteen named, a cube of six levels, 24 greys.
fn indexed(index: u8) -> Rgb {
    let level = |n: u8| LEVELS.get(usize::from(n % 6)).copied().unwrap_or_default();
    match index {
        0..=15 => ANSI.get(usize::from(index)).map_or((0, 0, 0), |(.., rgb)| *rgb),
        16..=231 => {
            let n = index - 16;
            (level(n / 36), level(n / 6), level(n))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// Any colour of a buffer as RGB; `reset` stands for the terminal's own.
pub fn rgb(color: Color, reset: Rgb) -> Rgb {
    match color {
        Color::Reset => reset,
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index) => indexed(index),
        named => ANSI.iter().find(|(_, c, _)| *c == named).map_or(reset, |(.., rgb)| *rgb),
    }
}
