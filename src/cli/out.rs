//! Writing to stdout and stderr: a closed pipe is no panic, outside text is made safe for
//! terminals. The only place that prints; nothing here decides what to say.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use crate::domain::text::{cell_ok, screen_text};

/// Writes a JSON document. What a terminal must not get stands as `\\uXXXX`, which is the same
/// JSON.
pub fn json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => document(&escaped_json(&text)),
        Err(why) => error(&format!("cannot print the document: {why}")),
    }
}

/// Outside of ASCII such characters only stand inside JSON strings.
fn escaped_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut cell = [0_u8; 4];
    for c in text.chars() {
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

/// Writes `text` as it is: documents made for machines (TOML, shell scripts).
pub fn document(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _closed = out.write_all(b"\n");
    }
    let _closed = out.flush();
}

/// Writes lines for people; each is sanitised when stdout is a terminal.
pub fn lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) {
    let mut out = std::io::stdout().lock();
    let safe = std::io::stdout().is_terminal();
    for line in lines {
        let line = line.as_ref();
        let shown = if safe { safe_line(line) } else { line.to_owned() };
        let _closed = writeln!(out, "{shown}");
    }
    let _closed = out.flush();
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
    use super::escaped_json;

    #[test]
    fn json_keeps_its_meaning_and_loses_its_teeth() {
        let text = serde_json::to_string("ä \u{84}\u{202e}\u{e0041}\u{7f} ok").expect("json");
        let safe = escaped_json(&text);
        assert!(safe.contains('ä') && safe.is_char_boundary(safe.len()));
        assert!(!safe.chars().any(|c| c.is_control() || c == '\u{202e}' || c == '\u{e0041}'));
        let back: String = serde_json::from_str(&safe).expect("still json");
        assert_eq!(back, "ä \u{84}\u{202e}\u{e0041}\u{7f} ok");
    }
}
