//! Writing to stdout and stderr: outside text is made safe for the terminal it may end on, behind
//! whatever pipe; what could not be written turns the exit code. The only place that prints;
//! nothing here decides what to say.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use crate::domain::text::{json_safe, screen_text};

use super::exit::Exit;

/// What became of stdout, worst first; the deeds of a command go on all the same.
static OUTPUT: AtomicU8 = AtomicU8::new(WHOLE);
const WHOLE: u8 = 0;
/// The reader has gone, as `head` does.
const CLOSED: u8 = 1;
/// A full disk, a limit, a bad device.
const FAILED: u8 = 2;

/// What a shell says of a program that a closed pipe has ended (128 + SIGPIPE).
const CODE_CLOSED: u8 = 141;

/// The exit code of a command that ended with `code`, seen what became of its output: 1 where it
/// could not be written; 141 where the reader went away and there was nothing else to say.
pub fn settled(code: u8) -> u8 {
    match OUTPUT.load(Relaxed) {
        FAILED => Exit::No.code(),
        CLOSED if code == Exit::Ok.code() => CODE_CLOSED,
        _ => code,
    }
}

/// Writes a JSON document. What a terminal must not get stands as `\\uXXXX`, which is the same
/// JSON.
pub fn json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => document(&json_safe(&text)),
        Err(why) => error(&format!("cannot print the document: {why}")),
    }
}

/// Writes `text` as it is: documents of our own made for machines (TOML, shell scripts).
pub fn document(text: &str) {
    put(text, if text.ends_with('\n') { "" } else { "\n" });
}

/// Writes lines for people, each sanitised: the terminal may be at the far end of a pipe.
pub fn lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) {
    for line in lines {
        put(&safe_line(line.as_ref()), "\n");
    }
}

/// After the first failure nothing more is written: half a document is no document.
fn put(text: &str, end: &str) {
    if OUTPUT.load(Relaxed) != WHOLE {
        return;
    }
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes()));
    if let Err(why) = written.and_then(|()| out.flush()) {
        let closed = why.kind() == ErrorKind::BrokenPipe;
        OUTPUT.store(if closed { CLOSED } else { FAILED }, Relaxed);
        if !closed {
            error(&format!("cannot write to standard output: {why}"));
        }
    }
}

/// One line first, then detail, on stderr.
pub fn error(text: &str) {
    let mut err = std::io::stderr().lock();
    for line in text.lines() {
        let _closed = writeln!(err, "{}", safe_line(line));
    }
}

fn safe_line(line: &str) -> String {
    // Sanitised piecewise: a long line is wrapped by the terminal, never cut here.
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let chunks: Vec<char> = line.trim_start_matches(' ').chars().collect();
    let parts = chunks.chunks(400).map(|part| {
        let text: String = part.iter().collect();
        screen_text(&text).as_str().to_owned()
    });
    indent + &parts.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_carries_what_a_terminal_obeys() {
        let hostile = "  ok \x1b]52;c;aGk=\x07 \u{9b}2J \u{202e}txt\u{2066} \u{e0041}\r\u{7f} end";
        let safe = safe_line(hostile);
        assert!(safe.starts_with("  ok ") && safe.ends_with(" end"), "{safe}");
        let bad = |c: char| c.is_control() || "\u{202e}\u{2066}\u{e0041}".contains(c);
        assert!(!safe.chars().any(bad), "{safe:?}");
        let long = format!("{}\x1b[2J{}", "a".repeat(399), "b".repeat(900));
        assert!(!safe_line(&long).contains('\x1b') && safe_line(&long).ends_with('b'));
    }
}
