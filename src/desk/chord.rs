//! Chord: one key press with its modifiers, in our own words. Parses and prints the config form.
//! Knows nothing of bytes; `shell::input` translates.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// A press. Shift is part of the character (`R` is `Char('R')`), never a modifier of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub alt: bool,
}

const NAMES: [(Key, &str); 15] = [
    (Key::Enter, "enter"),
    (Key::Esc, "esc"),
    (Key::Tab, "tab"),
    (Key::BackTab, "backtab"),
    (Key::Backspace, "backspace"),
    (Key::Delete, "delete"),
    (Key::Up, "up"),
    (Key::Down, "down"),
    (Key::Left, "left"),
    (Key::Right, "right"),
    (Key::Home, "home"),
    (Key::End, "end"),
    (Key::PageUp, "pgup"),
    (Key::PageDown, "pgdn"),
    (Key::Char(' '), "space"),
];

impl Chord {
    pub const fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false }
    }

    pub const fn char(c: char) -> Self {
        Self::plain(Key::Char(c))
    }

    pub const fn ctrl(c: char) -> Self {
        Self { key: Key::Char(c), ctrl: true, alt: false }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        if let Some((_, name)) = NAMES.iter().find(|(k, _)| *k == self.key) {
            return f.write_str(name);
        }
        match self.key {
            Key::Char(c) => write!(f, "{c}"),
            Key::F(n) => write!(f, "f{n}"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Chord {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        loop {
            if let Some(tail) = rest.strip_prefix("ctrl-").filter(|t| !t.is_empty()) {
                (rest, ctrl) = (tail, true);
            } else if let Some(tail) = rest.strip_prefix("alt-").filter(|t| !t.is_empty()) {
                (rest, alt) = (tail, true);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let key = match (NAMES.iter().find(|(_, n)| *n == rest), chars.next(), chars.next()) {
            (Some((key, _)), _, _) => *key,
            (None, Some(c), None) if !c.is_control() => Key::Char(c),
            (None, Some('f'), Some(_)) => rest[1..]
                .parse()
                .ok()
                .filter(|n| (1..=12).contains(n))
                .map(Key::F)
                .ok_or_else(|| format!("`{text}` is not a key"))?,
            _ => return Err(format!("`{text}` is not a key; write a, R, ctrl-r, enter, pgdn, f5")),
        };
        Ok(Self { key, ctrl, alt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_print_what_they_parse() {
        for text in ["a", "R", "ctrl-c", "alt-x", "enter", "space", "f5", "pgdn", "?", "["] {
            let chord: Chord = text.parse().expect(text);
            assert_eq!(chord.to_string(), text);
        }
        assert!("ctrl-".parse::<Chord>().is_err());
        assert!("rollback".parse::<Chord>().is_err());
    }
}
