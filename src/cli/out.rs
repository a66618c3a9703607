//! Writing to stdout and stderr: a closed pipe is no panic, outside text is made safe for terminals.
//! The only place that prints; nothing here decides what to say.

use std::io::{IsTerminal, Write};

use crate::domain::text::screen_text;

/// Writes `text` as it is: documents made for machines (JSON, TOML).
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
