//! A terminal for tests: starts a program in a pseudo terminal, emulates its screen, types keys.
//! Waits on what appears, never on time; keeps every byte that was written.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::cores::{self, Share};
use crate::product::{BIN, environment};
use crate::wait::pause;

/// What the reader thread has seen.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// The terminal was closed by the program's side.
    ended: bool,
    exit: Option<ExitStatus>,
}

pub struct Session {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    pid: Pid,
    /// A demo keeps up with a clock of its own.
    core: Option<Share>,
}

/// Columns and rows.
pub type Size = (u16, u16);

impl Session {
    /// `tillwatch ARGS` with a clean environment whose home is `home`.
    pub fn tillwatch(home: &std::path::Path, args: &[&str], size: Size) -> Self {
        Self::tillwatch_with(home, args, size, &[])
    }

    /// The same with more variables.
    pub fn tillwatch_with(
        home: &std::path::Path,
        args: &[&str],
        size: Size,
        more: &[(&str, &str)],
    ) -> Self {
        let mut command = CommandBuilder::new(BIN);
        command.args(args);
        command.cwd(home);
        command.env_clear();
        for (key, value) in environment(home) {
            command.env(key, value);
        }
        for (key, value) in more {
            command.env(key, value);
        }
        let core = (args.first() == Some(&"demo")).then(cores::share);
        let mut session = Self::start(command, size);
        session.core = core;
        session
    }

    /// `sh -c SCRIPT` with the same environment; `$BIN` is the product.
    pub fn shell(home: &std::path::Path, script: &str, size: Size) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script]);
        command.cwd(home);
        command.env_clear();
        for (key, value) in environment(home) {
            command.env(key, value);
        }
        command.env("BIN", BIN);
        Self::start(command, size)
    }

    pub fn start(command: CommandBuilder, (cols, rows): Size) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
        let mut child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let raw = child.process_id().and_then(|id| i32::try_from(id).ok());
        let pid = raw.and_then(Pid::from_raw).expect("a process id");
        let parser = vt100::Parser::new(rows, cols, 0);
        let seen = Seen { parser, bytes: Vec::new(), ended: false, exit: None };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let reader = pair.master.try_clone_reader().expect("a reader");
        let (to_reader, to_waiter) = (Arc::clone(&seen), Arc::clone(&seen));
        std::thread::spawn(move || read_all(reader, &to_reader));
        std::thread::spawn(move || {
            let exit = child.wait().ok();
            to_waiter.0.lock().unwrap().exit = exit;
            to_waiter.1.notify_all();
        });
        let keyboard = pair.master.take_writer().expect("a writer");
        Self { seen, master: pair.master, keyboard, pid, core: None }
    }

    /// Waits until the screen passes, and returns its text; panics with the screen after `limit`.
    pub fn wait_until(&self, what: &str, limit: Duration, pass: impl Fn(&str) -> bool) -> String {
        let over = |s: &Seen| s.exit.is_some() && s.ended;
        let found = self.wait(limit, |s| pass(&s.parser.screen().contents()) || over(s));
        let screen = self.screen();
        let alive = found && pass(&screen);
        assert!(alive, "no {what} within {limit:?} (exit {:?}); screen:\n{screen}", self.exit());
        screen
    }

    pub fn wait_for(&self, text: &str, limit: Duration) -> String {
        self.wait_until(&format!("`{text}`"), limit, |screen| screen.contains(text))
    }

    pub fn wait_exit(&self, limit: Duration) -> ExitStatus {
        self.wait(limit, |s| s.exit.is_some() && s.ended);
        let screen = self.screen();
        self.exit().unwrap_or_else(|| panic!("it does not end within {limit:?}; screen:\n{screen}"))
    }

    fn wait(&self, limit: Duration, pass: impl Fn(&Seen) -> bool) -> bool {
        let guard = self.seen.0.lock().unwrap();
        let (_guard, timeout) =
            self.seen.1.wait_timeout_while(guard, limit, |seen| !pass(seen)).unwrap();
        !timeout.timed_out()
    }

    /// Types; escapes as in Rust strings (`\r` is Enter, `\x1b` Esc).
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keyboard.flush().expect("the terminal takes keys");
    }

    /// Types at a person's pace, so that it is no burst.
    pub fn type_by_hand(&mut self, keys: &str) {
        for key in keys.chars() {
            self.keys(key.encode_utf8(&mut [0; 4]));
            pause(Duration::from_millis(150));
        }
    }

    pub fn resize(&self, (cols, rows): Size) {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(rows, cols);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("resized");
    }

    /// What stood on the screen is gone, as after another program wrote there.
    pub fn blank(&self) {
        self.seen.0.lock().unwrap().parser.process(b"\x1b[2J");
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the program is there");
    }

    pub fn pid(&self) -> Pid {
        self.pid
    }

    pub fn screen(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    pub fn exit(&self) -> Option<ExitStatus> {
        self.seen.0.lock().unwrap().exit.clone()
    }

    /// What is still switched on in the terminal: names for messages, empty when all is restored.
    pub fn left_on(&self) -> Vec<&'static str> {
        let seen = self.seen.0.lock().unwrap();
        let screen = seen.parser.screen();
        let checks = [
            (screen.alternate_screen(), "alternate screen"),
            (screen.hide_cursor(), "hidden cursor"),
            (screen.bracketed_paste(), "bracketed paste"),
            (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None, "mouse"),
            (screen.application_cursor(), "application cursor keys"),
        ];
        checks.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.exit().is_none() {
            kill_process(self.pid, Signal::KILL).ok();
        }
        self.wait(Duration::from_secs(5), |seen| seen.exit.is_some());
    }
}

fn read_all(mut reader: Box<dyn Read + Send>, seen: &(Mutex<Seen>, Condvar)) {
    let mut chunk = [0; 16 * 1024];
    // a pseudo terminal whose program is gone answers with an error, which ends the loop like 0
    while let Ok(n) = reader.read(&mut chunk) {
        let Some(bytes) = chunk.get(..n).filter(|b| !b.is_empty()) else { break };
        let mut guard = seen.0.lock().unwrap();
        guard.parser.process(bytes);
        guard.bytes.extend_from_slice(bytes);
        seen.1.notify_all();
    }
    seen.0.lock().unwrap().ended = true;
    seen.1.notify_all();
}

#[test]
fn a_session_shows_takes_keys_resizes_and_ends() {
    let mut shell = CommandBuilder::new("/bin/sh");
    shell.args(["-c", "printf 'a\\033[?25lb'; read x; stty size; printf 'got %s' \"$x\"; exit 3"]);
    let mut session = Session::start(shell, (40, 10));
    session.wait_for("ab", Duration::from_secs(10));
    assert_eq!(session.left_on(), ["hidden cursor"]);
    session.resize((50, 12));
    session.keys("word\r");
    session.wait_until("both answers", Duration::from_secs(10), |s| {
        s.contains("12 50") && s.contains("got word")
    });
    assert_eq!(session.wait_exit(Duration::from_secs(10)).exit_code(), 3);
    assert!(session.bytes().ends_with(b"got word"));
}
