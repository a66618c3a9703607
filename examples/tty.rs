//! One line on the terminal that names what was pressed; `q` ends it. For trying the terminal code
//! alone against closed, slow, tiny and hostile terminals; no board, no network.

use std::process::ExitCode;

use ratatui::text::Line;
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
        terminal.draw(|frame| frame.render_widget(Line::from(line.as_str()), frame.area()))?;
        let Some(event) = input.next().await else { return Ok(1) };
        count += 1;
        match event {
            TermEvent::Key(chord) if chord == Chord::char('q') => return Ok(0),
            TermEvent::Key(chord) if chord == Chord::char('!') => panic!("asked for"),
            TermEvent::Hangup => return Ok(EXIT_HANGUP),
            TermEvent::Terminate(number) => return Ok(128 + number),
            TermEvent::Suspend => drop(terminal.suspend()),
            TermEvent::Resume => terminal.resume()?,
            other => line = format!("{count}: {:.60}", format!("{other:?}")),
        }
    }
}
