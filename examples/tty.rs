//! One line on the terminal that names what was pressed; `q` ends it. For trying the terminal code
//! alone against closed, slow, tiny and hostile terminals; no board, no network.

use std::process::ExitCode;

use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tillwatch::desk::chord::Chord;
use tillwatch::shell::input::{EXIT_HANGUP, Input, TermEvent};
use tillwatch::shell::terminal::{Terminal, harden};
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
        terminal.draw(|buf| {
            for row in 0..if line.len() > 100 { buf.area.height } else { 1 } {
                Line::from(line.as_str())
                    .render(Rect { y: row, height: 1, ..buf.area }.intersection(buf.area), buf);
            }
            None
        });
        let Some(event) = input.next().await else { return Ok(1) };
        count += 1;
        match event {
            TermEvent::Key(chord) if chord == Chord::char('q') => return Ok(0),
            TermEvent::Key(chord) if chord == Chord::char('!') => panic!("asked for"),
            // large frames, for terminals that do not read
            TermEvent::Key(chord) if chord == Chord::char('#') => {
                line = format!("{count:>78} ").repeat(80)
            }
            TermEvent::Hangup => return Ok(EXIT_HANGUP),
            TermEvent::Terminate(number) => return Ok(128 + number),
            TermEvent::Suspend => drop(terminal.suspend()),
            TermEvent::Resume => terminal.resume()?,
            other => line = format!("{count}: {:.60}", format!("{other:?}")),
        }
    }
}
