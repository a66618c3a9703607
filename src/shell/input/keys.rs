//! Tables from bytes to key presses: control characters, CSI and SS3 forms of xterm, the Linux
//! console and rxvt. No state; the parser decides where a sequence begins and ends.

use crate::desk::chord::{Chord, Key};

/// What a whole control sequence means to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sequence {
    Key(Chord),
    PasteStart,
    /// Mouse in the form of 1986: three raw bytes follow.
    OldMouse,
    /// Answers, reports, keys we have no use for.
    Nothing,
}

/// A control character outside any sequence. ^J is no Enter: pasted line ends must not confirm.
pub(super) fn control(byte: u8) -> Chord {
    match byte {
        0x00 => Chord::ctrl(' '),
        0x08 | 0x7f => Chord::plain(Key::Backspace),
        0x09 => Chord::plain(Key::Tab),
        0x0d => Chord::plain(Key::Enter),
        0x1b => Chord::plain(Key::Esc),
        0x01..=0x1a => Chord::ctrl(char::from(byte | 0x60)),
        _ => Chord::ctrl(char::from(byte | 0x40)),
    }
}

/// `ESC [ parameters last`.
pub(super) fn csi(parameters: &[u8], last: u8) -> Sequence {
    let Some(numbers) = numbers(parameters) else { return Sequence::Nothing };
    let first = numbers.first().copied().unwrap_or(0);
    let key = match last {
        b'M' if parameters.is_empty() => return Sequence::OldMouse,
        b'Z' => Some(Key::BackTab),
        b'~' if first == 200 => return Sequence::PasteStart,
        b'~' => tilde(first),
        // a cursor report ends in R, so F3 is only taken as SS3 R
        b'P' | b'Q' | b'S' | b'A'..=b'D' | b'F' | b'H' if first <= 1 => letter(last),
        _ => None,
    };
    let modifiers = numbers.get(1).copied().unwrap_or(1).saturating_sub(1);
    key.map_or(Sequence::Nothing, |key| {
        Sequence::Key(Chord { key, alt: modifiers & 2 != 0, ctrl: modifiers & 4 != 0 })
    })
}

/// `ESC O last`, and the arrows and function keys of CSI.
pub(super) fn letter(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'P'..=b'S' => Key::F(last - b'P' + 1),
        _ => return None,
    })
}

/// The Linux console's F1-F5: `ESC [ [ A` to `E`.
pub(super) fn console(last: u8) -> Option<Key> {
    matches!(last, b'A'..=b'E').then(|| Key::F(last - b'A' + 1))
}

fn tilde(number: u16) -> Option<Key> {
    Some(match number {
        1 | 7 => Key::Home,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::F((number - 10) as u8),
        17..=21 => Key::F((number - 11) as u8),
        23 | 24 => Key::F((number - 12) as u8),
        _ => return None,
    })
}

/// Plain decimal parameters; `None` for private markers, sub-parameters and intermediates.
fn numbers(parameters: &[u8]) -> Option<Vec<u16>> {
    if parameters.is_empty() {
        return Some(Vec::new());
    }
    let text = std::str::from_utf8(parameters).ok()?;
    text.split(';').map(|n| if n.is_empty() { Some(0) } else { n.parse().ok() }).collect()
}

/// Keys that change what is looked at and nothing else.
pub(super) fn moves_only(chord: Chord) -> bool {
    use Key::{Down, End, Home, Left, PageDown, PageUp, Right, Up};
    matches!(chord.key, Up | Down | Left | Right | Home | End | PageUp | PageDown)
}
