//! One line on the terminal that names what was pressed; `q` ends it. For trying the terminal code
//! alone against closed, slow, tiny and hostile terminals; no board, no network.

use std::process::ExitCode;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tillwatch::desk::chord::Chord;
use tillwatch::shell::input::{EXIT_HANGUP, Input, TermEvent};
use tillwatch::shell::terminal::{Drawn, Terminal, harden};
use tillwatch::shell::tty::{Tty, install_panic_hook, say};

#[expect(clippy::disallowed_methods, reason = "an example has no shell::clock of its own")]
fn clock_ms() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    start.elapsed().as_millis() as u64
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    harden();
    match run().await {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            say(&format!("tty: {error}\n"));
            ExitCode::from(1)
        }
    }
}

async fn run() -> std::io::Result<i32> {
    let tty = Tty::open()?;
    install_panic_hook(&tty, || tokio::task::try_id().is_some());
    let mut input = Input::start(&tty, clock_ms)?;
    let mut terminal = Terminal::enter(&tty, input.sender())?;
    let mut line = String::from("press keys, q ends");
    let mut count = 0_u64;
    loop {
        terminal.draw(|buf| fill(buf, &line, 1));
        let Some(event) = input.next().await else { return Ok(1) };
        count += 1;
        match event {
            TermEvent::Key(chord) if chord == Chord::char('q') => return Ok(0),
            TermEvent::Key(chord) if chord == Chord::char('!') => panic!("asked for"),
            TermEvent::Key(chord) if chord == Chord::char('#') => line = storm(&mut terminal),
            TermEvent::Hangup => return Ok(EXIT_HANGUP),
            TermEvent::Terminate(number) => return Ok(128 + number),
            TermEvent::Suspend => drop(terminal.suspend()),
            TermEvent::Resume if !terminal.resume() => return Ok(EXIT_HANGUP),
            TermEvent::Drained | TermEvent::Resume => {}
            other => line = format!("{count}: {:.60}", format!("{other:?}")),
        }
    }
}

fn fill(buf: &mut Buffer, line: &str, rows: u16) -> Option<(u16, u16)> {
    for y in 0..rows.min(buf.area.height) {
        Line::from(line).render(Rect { y, height: 1, ..buf.area }, buf);
    }
    None
}

/// Whole screens until the terminal takes no more.
fn storm(terminal: &mut Terminal) -> String {
    for round in 0..100_000_u32 {
        let line = char::from(b'a' + (round % 26) as u8).to_string().repeat(500);
        if terminal.draw(|buf| fill(buf, &line, u16::MAX)) == Drawn::Held {
            return format!("held after {round}");
        }
    }
    String::from("never held")
}
