//! Bytes from the terminal to events, as a pure state machine: any bytes in any split, no panic.
//! Time is a parameter in milliseconds. No file descriptors, no threads, no meaning of keys.

use super::event::TermEvent;
use super::keys::{self, Sequence};
use crate::desk::chord::{Chord, Key};

/// Longest wait for the rest of a sequence after a lone ESC.
const ESC_MS: u64 = 25;
/// An unfinished sequence ends after this much silence, or after four times as long in all.
const QUIET_MS: u64 = 250;
/// An Esc that had to be guessed may still turn out to be a torn sequence.
const TORN_MS: u64 = 500;
/// A paste without its end is given up when nothing bulky came for this long.
const PASTE_MS: u64 = 2000;
/// More typed bytes than this in one read were not typed by a hand.
const HAND: usize = 16;
/// What follows a burst or a paste within this time belongs to it.
const TAIL_MS: u64 = 30;
/// More than the longest text field takes (2000 letters of four bytes), so that the field can say
/// that it was cut.
const PASTE_BYTES: usize = 8192;
const PASTE_END: &[u8] = b"\x1b[201~";
const CSI_BYTES: usize = 64;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum ParserState {
    #[default]
    Ground,
    Esc,
    Csi(Vec<u8>),
    Ss3,
    /// `ESC [ [`: one more byte.
    Console,
    /// OSC, DCS, SOS, PM, APC until BEL or ESC \; true right after an ESC.
    Text(bool),
    /// Raw bytes of an old mouse report still to come.
    Skip(u8),
    Utf8(TypedLetter),
    Paste(Paste),
}

/// The first bytes of a character of two to four.
#[derive(Clone, PartialEq, Eq, Debug)]
struct TypedLetter {
    have: Vec<u8>,
    need: usize,
    alt: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// The last bytes, which may be the beginning of the end mark.
    tail: Vec<u8>,
    total: usize,
    bulk_ms: u64,
}

/// What one read has brought.
#[derive(Default)]
struct Read {
    events: Vec<TermEvent>,
    /// Bytes that stand for presses or for nothing at all; reports and moves are not counted.
    typed: usize,
    pasted: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Parser {
    state: ParserState,
    began_ms: u64,
    seen_ms: u64,
    burst_until_ms: u64,
    guessed_esc_ms: Option<u64>,
}

impl Parser {
    /// One read's bytes. `now_ms` is monotonic.
    pub fn feed(&mut self, bytes: &[u8], now_ms: u64) -> Vec<TermEvent> {
        let mut events = self.tick(now_ms);
        self.seen_ms = now_ms;
        let torn = self.guessed_esc_ms.take().is_some_and(|at| now_ms < at + TORN_MS);
        if torn && bytes.len() > 1 && bytes.starts_with(b"[") {
            self.enter(ParserState::Esc);
        }
        let mut read = Read::default();
        for byte in bytes {
            self.byte(*byte, &mut read);
        }
        if let ParserState::Paste(paste) = &mut self.state
            && bytes.len() > HAND
        {
            paste.bulk_ms = now_ms;
        }
        events.extend(self.judge(read));
        events
    }

    /// Ends what has waited too long. Call at [`Parser::deadline_ms`].
    pub fn tick(&mut self, now_ms: u64) -> Vec<TermEvent> {
        if self.deadline_ms().is_none_or(|due| now_ms < due) {
            return Vec::new();
        }
        match std::mem::take(&mut self.state) {
            ParserState::Esc => {
                self.guessed_esc_ms = Some(now_ms);
                vec![TermEvent::Key(Chord::plain(Key::Esc))]
            }
            ParserState::Paste(paste) => {
                let text = [paste.text, paste.tail].concat();
                vec![TermEvent::Burst(paste.total, pasted(&text))]
            }
            _ => Vec::new(),
        }
    }

    /// When [`Parser::tick`] has something to do; `None` while nothing is open.
    pub fn deadline_ms(&self) -> Option<u64> {
        match &self.state {
            ParserState::Ground => None,
            ParserState::Esc => Some(self.seen_ms + ESC_MS),
            ParserState::Paste(paste) => Some(paste.bulk_ms + PASTE_MS),
            _ => Some((self.seen_ms + QUIET_MS).min(self.began_ms + 4 * QUIET_MS)),
        }
    }

    /// Typed by a hand, or thrown in by a paste, a macro, a noisy line?
    fn judge(&mut self, read: Read) -> Vec<TermEvent> {
        let tail = read.pasted || self.seen_ms < self.burst_until_ms;
        if read.pasted {
            self.burst_until_ms = self.seen_ms + TAIL_MS;
        }
        if read.typed == 0 || (read.typed <= HAND && !tail) {
            return read.events;
        }
        self.burst_until_ms = self.seen_ms + TAIL_MS;
        flooded(read)
    }

    fn enter(&mut self, state: ParserState) {
        self.state = state;
        self.began_ms = self.seen_ms;
    }

    fn byte(&mut self, byte: u8, read: &mut Read) {
        match std::mem::take(&mut self.state) {
            ParserState::Ground => self.ground(byte, false, read),
            ParserState::Esc => self.escape(byte, read),
            ParserState::Csi(parameters) => self.csi(parameters, byte, read),
            ParserState::Ss3 | ParserState::Console if byte == 0x1b => self.enter(ParserState::Esc),
            ParserState::Ss3 if matches!(byte, b'0'..=b';') => self.state = ParserState::Ss3,
            ParserState::Ss3 => read.found(keys::letter(byte)),
            ParserState::Console => read.found(keys::console(byte)),
            ParserState::Text(true) if byte == b'\\' => {}
            ParserState::Text(_) if matches!(byte, 0x07 | 0x18 | 0x1a) => {}
            ParserState::Text(_) => self.state = ParserState::Text(byte == 0x1b),
            ParserState::Skip(left) if left > 1 => self.state = ParserState::Skip(left - 1),
            ParserState::Skip(_) => {}
            ParserState::Utf8(letter) => self.utf8(letter, byte, read),
            ParserState::Paste(paste) => self.paste(paste, byte, read),
        }
    }

    fn ground(&mut self, byte: u8, alt: bool, read: &mut Read) {
        let need = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        match byte {
            0x1b => self.enter(ParserState::Esc),
            _ if need > 0 => {
                self.enter(ParserState::Utf8(TypedLetter { have: vec![byte], need, alt }));
            }
            0x1a if !alt => read.take(TermEvent::Suspend, 1),
            0x20..=0x7e => read.press(Chord { alt, ..Chord::char(char::from(byte)) }, 1),
            0x00..=0x1f | 0x7f => read.press(Chord { alt, ..keys::control(byte) }, 1),
            _ => read.typed += 1, // no beginning of a character
        }
    }

    fn escape(&mut self, byte: u8, read: &mut Read) {
        match byte {
            b'[' => self.enter(ParserState::Csi(Vec::new())),
            b'O' => self.enter(ParserState::Ss3),
            b']' | b'P' | b'X' | b'^' | b'_' => self.enter(ParserState::Text(false)),
            0x1b => {
                read.press(Chord::plain(Key::Esc), 1);
                self.enter(ParserState::Esc);
            }
            _ => self.ground(byte, true, read),
        }
    }

    fn csi(&mut self, mut parameters: Vec<u8>, byte: u8, read: &mut Read) {
        match byte {
            0x1b => self.enter(ParserState::Esc),
            b'[' if parameters.is_empty() => self.state = ParserState::Console,
            0x20..=0x3f => {
                if parameters.len() < CSI_BYTES {
                    parameters.push(byte);
                }
                self.state = ParserState::Csi(parameters);
            }
            0x40..=0x7e => match keys::csi(&parameters, byte) {
                Sequence::Key(chord) => read.press(chord, parameters.len() + 3),
                Sequence::OldMouse => self.state = ParserState::Skip(3),
                Sequence::PasteStart => {
                    self.enter(ParserState::Paste(Paste {
                        bulk_ms: self.seen_ms,
                        ..Paste::default()
                    }));
                }
                Sequence::Nothing => {}
            },
            _ => {} // a control character or a stray byte ends the sequence and is lost with it
        }
    }

    fn utf8(&mut self, mut letter: TypedLetter, byte: u8, read: &mut Read) {
        if !matches!(byte, 0x80..=0xbf) {
            read.typed += letter.have.len();
            return self.ground(byte, false, read);
        }
        letter.have.push(byte);
        if letter.have.len() < letter.need {
            self.state = ParserState::Utf8(letter);
            return;
        }
        let text = std::str::from_utf8(&letter.have).unwrap_or_default();
        match text.chars().next().filter(|c| !c.is_control()) {
            Some(c) => read.press(Chord { alt: letter.alt, ..Chord::char(c) }, letter.need),
            None => read.typed += letter.need,
        }
    }

    fn paste(&mut self, mut paste: Paste, byte: u8, read: &mut Read) {
        paste.total += 1;
        paste.tail.push(byte);
        if paste.tail == PASTE_END {
            read.pasted = true;
            read.take(TermEvent::Paste(pasted(&paste.text)), 0);
            return;
        }
        if paste.tail.len() >= PASTE_END.len() {
            let oldest = paste.tail.remove(0);
            if paste.text.len() < PASTE_BYTES {
                paste.text.push(oldest);
            }
        }
        self.state = ParserState::Paste(paste);
    }
}

impl Read {
    fn take(&mut self, event: TermEvent, typed: usize) {
        self.events.push(event);
        self.typed += typed;
    }

    /// Keys that only move may come in heaps over a slow line without being a paste.
    fn press(&mut self, chord: Chord, bytes: usize) {
        self.take(TermEvent::Key(chord), if keys::moves_only(chord) { 0 } else { bytes });
    }

    fn found(&mut self, key: Option<Key>) {
        if let Some(key) = key {
            self.press(Chord::plain(key), 3);
        }
    }
}

/// The read as a burst: its letters as text, in their order around any paste. Keys that are no
/// letters are lost, a line end is a blank.
fn flooded(read: Read) -> Vec<TermEvent> {
    let mut found = vec![];
    let mut text = String::new();
    let mut left = read.typed;
    for event in read.events {
        match event {
            TermEvent::Key(chord) => {
                let blank = |c: &char| *c != ' ' || !text.ends_with(' ');
                let letter = letter(chord).filter(blank);
                text.extend(letter);
            }
            TermEvent::Paste(paste) => {
                if !text.is_empty() {
                    let bytes = std::mem::take(&mut left);
                    found.push(TermEvent::Burst(bytes, std::mem::take(&mut text)));
                }
                found.push(TermEvent::Paste(paste));
            }
            _ => {}
        }
    }
    if left > 0 {
        found.push(TermEvent::Burst(left, text));
    }
    found
}

fn letter(chord: Chord) -> Option<char> {
    match chord {
        Chord { key: Key::Char(c), ctrl: false, alt: false } => Some(c),
        // ctrl-j is a line feed
        Chord { key: Key::Enter | Key::Tab, ctrl: false, alt: false }
        | Chord { key: Key::Char('j'), ctrl: true, alt: false } => Some(' '),
        _ => None,
    }
}

/// One line of text: a run of control characters becomes one space, a character torn by the size
/// limit goes. The field that takes it applies the rule for outside text.
fn pasted(bytes: &[u8]) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Err(e) if e.error_len().is_none() => bytes.get(..e.valid_up_to()).unwrap_or_default(),
        _ => bytes,
    };
    let mut text = String::with_capacity(whole.len());
    for c in String::from_utf8_lossy(whole).chars() {
        if !c.is_control() {
            text.push(c);
        } else if !text.ends_with(' ') {
            text.push(' ');
        }
    }
    text
}
