//! Big letters: three by five dots, scaled, for reading across a room. A table and its drawing.
//! Shapes only; when to shout is decided in `present::wall`.

use ratatui::layout::Rect;

use crate::present::role::Role;

use super::pen::Pen;

/// Columns of a letter before scaling, with the gap after it.
pub const WIDE: u16 = 4;
/// Rows of a letter before scaling.
pub const TALL: u16 = 5;

/// Five rows of three dots, top first, left dot highest.
const FONT: [(char, [u8; 5]); 44] = [
    ('0', [7, 5, 5, 5, 7]),
    ('1', [2, 6, 2, 2, 7]),
    ('2', [7, 1, 7, 4, 7]),
    ('3', [7, 1, 7, 1, 7]),
    ('4', [5, 5, 7, 1, 1]),
    ('5', [7, 4, 7, 1, 7]),
    ('6', [7, 4, 7, 5, 7]),
    ('7', [7, 1, 1, 2, 2]),
    ('8', [7, 5, 7, 5, 7]),
    ('9', [7, 5, 7, 1, 7]),
    ('A', [2, 5, 7, 5, 5]),
    ('B', [6, 5, 6, 5, 6]),
    ('C', [3, 4, 4, 4, 3]),
    ('D', [6, 5, 5, 5, 6]),
    ('E', [7, 4, 6, 4, 7]),
    ('F', [7, 4, 6, 4, 4]),
    ('G', [3, 4, 5, 5, 3]),
    ('H', [5, 5, 7, 5, 5]),
    ('I', [7, 2, 2, 2, 7]),
    ('J', [1, 1, 1, 5, 2]),
    ('K', [5, 5, 6, 5, 5]),
    ('L', [4, 4, 4, 4, 7]),
    ('M', [5, 7, 7, 5, 5]),
    ('N', [5, 7, 7, 7, 5]),
    ('O', [2, 5, 5, 5, 2]),
    ('P', [6, 5, 6, 4, 4]),
    ('Q', [2, 5, 5, 6, 3]),
    ('R', [6, 5, 6, 5, 5]),
    ('S', [3, 4, 2, 1, 6]),
    ('T', [7, 2, 2, 2, 2]),
    ('U', [5, 5, 5, 5, 7]),
    ('V', [5, 5, 5, 5, 2]),
    ('W', [5, 5, 7, 7, 5]),
    ('X', [5, 5, 2, 5, 5]),
    ('Y', [5, 5, 2, 2, 2]),
    ('Z', [7, 1, 2, 4, 7]),
    ('-', [0, 0, 7, 0, 0]),
    ('.', [0, 0, 0, 0, 2]),
    (',', [0, 0, 0, 2, 4]),
    (':', [0, 2, 0, 2, 0]),
    ('/', [1, 1, 2, 4, 4]),
    ('%', [5, 1, 2, 4, 5]),
    ('?', [6, 1, 2, 0, 2]),
    ('+', [0, 2, 7, 2, 0]),
];

fn dots(c: char) -> [u8; 5] {
    let c = c.to_ascii_uppercase();
    FONT.iter().find(|(known, _)| *known == c).map_or([0; 5], |(_, dots)| *dots)
}

/// Columns a text takes at a scale.
pub fn width(text: &str, scale: u16) -> u16 {
    let n = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    n.saturating_mul(WIDE).saturating_sub(1).saturating_mul(scale)
}

/// Draws a text from the top left corner of an area.
pub fn draw(text: &str, pen: &mut Pen, area: Rect, scale: u16, role: Role) {
    let mut x = area.x;
    for c in text.chars() {
        for (row, bits) in (0u16..).zip(dots(c)) {
            for column in (0..3u16).filter(|column| bits & (4 >> column) != 0) {
                let dot = Rect {
                    x: x + column * scale,
                    y: area.y + row * scale,
                    width: scale,
                    height: scale,
                };
                pen.fill(dot.intersection(area), '█', role);
            }
        }
        x = x.saturating_add(WIDE * scale);
    }
}
