//! The terminal's life on a real pty: left as found after quit, signal and panic; gone at a hangup.
//! Drives examples/tty.rs, which `cargo test` builds; the product's own screens are not here.

#![expect(clippy::expect_used, reason = "a test reports what went wrong by panicking")]

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

#[path = "it/skip/told.rs"]
mod told;

/// What must be the last bytes on the terminal, before any message.
const RESTORE: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?2026l\x1b[m\x1b[1;1H\x1b[J\
                       \x1b[?25h\x1b[?1049l";

struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    reader: Option<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
    /// What a thread has read since, once somebody waits for more.
    more: Option<Receiver<Vec<u8>>>,
    seen: String,
    screen: vt100::Parser,
}

/// `None`, loudly, if the example was not built (`cargo test --test tty` alone does not).
fn start() -> Option<Session> {
    let own = std::env::current_exe().expect("the test's own path");
    let example: PathBuf = own.parent()?.parent()?.join("examples/tty");
    if !example.exists() {
        told::skip("examples/tty is not built; run `cargo test` or build the example");
        return None;
    }
    let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
    let pair = native_pty_system().openpty(size).expect("a pty");
    let mut command = CommandBuilder::new(example);
    command.env("TERM", "xterm-256color");
    command.env("RUST_BACKTRACE", "0");
    let child = pair.slave.spawn_command(command).expect("the example starts");
    let reader = pair.master.try_clone_reader().expect("a reader");
    let writer = pair.master.take_writer().expect("a writer");
    let mut session = Session {
        child,
        master: pair.master,
        reader: Some(reader),
        writer,
        more: None,
        seen: String::new(),
        screen: vt100::Parser::new(24, 80, 0),
    };
    let mut bytes = [0; 4096];
    while !session.seen.contains("q ends") {
        let reader = session.reader.as_mut().expect("not yet given away");
        let n = reader.read(&mut bytes).expect("the example draws its line");
        session.take(&bytes[..n]);
    }
    Some(session)
}

impl Session {
    fn take(&mut self, bytes: &[u8]) {
        self.seen += &String::from_utf8_lossy(bytes);
        self.screen.process(bytes);
    }

    /// The next bytes; `false` once the terminal is closed. Ten seconds of nothing is a failure.
    fn read(&mut self) -> bool {
        let more = self.more.take().unwrap_or_else(|| follow(self.reader.take()));
        let next = more.recv_timeout(Duration::from_secs(10));
        self.more = Some(more);
        match next {
            Ok(bytes) => self.take(&bytes),
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => panic!("silence after {:?}", self.tail()),
        }
        true
    }

    fn tail(&self) -> String {
        self.seen.chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect()
    }

    fn read_until(&mut self, shown: &str) {
        while !self.screen.screen().contents().contains(shown) {
            assert!(self.read(), "closed before {shown:?} was shown: {:?}", self.tail());
        }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("the pty takes keys");
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        kill_process(pid.expect("a process id"), signal).expect("the signal is sent");
    }

    /// Exit code and everything written.
    fn end(mut self) -> (u32, String) {
        while self.read() {}
        (self.child.wait().expect("an exit code").exit_code(), self.seen)
    }
}

fn follow(reader: Option<Box<dyn Read + Send>>) -> Receiver<Vec<u8>> {
    let (sender, more) = channel();
    std::thread::spawn(move || {
        let (mut reader, mut bytes) = (reader?, [0; 4096]);
        while let Ok(n @ 1..) = reader.read(&mut bytes) {
            sender.send(bytes[..n].to_vec()).ok()?;
        }
        Some(())
    });
    more
}

#[test]
fn quitting_leaves_the_terminal_as_found() {
    let Some(mut session) = start() else { return };
    session.press("x");
    session.read_until("Char('x')");
    session.press("q");
    let (code, seen) = session.end();
    assert_eq!(code, 0);
    assert!(seen.starts_with("\x1b[?1049h") && seen.ends_with(RESTORE), "{seen:?}");
}

#[test]
fn every_ending_signal_leaves_the_terminal_as_found() {
    for (signal, code) in
        [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131), (Signal::HUP, 129)]
    {
        let Some(session) = start() else { return };
        session.signal(signal);
        let (ended, seen) = session.end();
        assert_eq!(ended, code, "{signal:?}");
        assert!(seen.ends_with(RESTORE), "{signal:?} {seen:?}");
    }
}

#[test]
fn a_panic_puts_the_terminal_back_before_it_speaks() {
    let Some(mut session) = start() else { return };
    session.press("!");
    let (code, seen) = session.end();
    assert_eq!(code, 101);
    let (_, after) = seen.split_once(RESTORE).expect("restored");
    assert!(after.starts_with("tillwatch: fault at examples/tty.rs:"), "{after:?}");
    assert!(after.contains("asked for") && !after.contains('\x1b'), "{after:?}");
}

/// Many times: the kernel sends HUP and CONT together, and either may be heard first.
#[test]
fn a_closed_terminal_ends_the_process() {
    for _ in 0..40 {
        let Some(session) = start() else { return };
        close(session);
    }
}

fn close(session: Session) {
    let Session { mut child, master, reader, writer, .. } = session;
    drop((reader, writer, master));
    let (done, waited) = channel();
    std::thread::spawn(move || done.send(child.wait().map(|status| status.exit_code())));
    let code = waited.recv_timeout(Duration::from_secs(2)).expect("gone within two seconds");
    assert_eq!(code.expect("an exit code"), 129);
}

#[test]
fn a_terminal_that_does_not_read_gets_the_last_picture_later() {
    let Some(mut session) = start() else { return };
    session.press("#");
    session.read_until("held after"); // drawn although it did not fit when it was asked for
    session.press("q");
    let (code, seen) = session.end();
    assert_eq!(code, 0);
    assert!(seen.ends_with(RESTORE), "{:?}", &seen[seen.len().saturating_sub(200)..]);
}
