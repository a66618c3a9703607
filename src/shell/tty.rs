//! The terminal device: opened, made raw, measured, put back. Every byte it is sent passes here.
//! No frames and no keys; the fixed sequences are a closed list, crossterm's where it has them.
//! Raw mode and size are asked of the descriptor itself: crossterm keeps the mode of standard input
//! in a process-wide place, does not make it raw again after a stop, and starts `tput` for a size.

use base64::Engine as _;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::terminal::{
    Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Signal, getpgid, getpgrp, getpid, getsid, kill_process};
use rustix::termios::{
    OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr, ttyname,
};

use crate::domain::text::screen_text;

use super::redact::redact;

/// Mouse off. crossterm's `DisableMouseCapture` sends modes 1003 and 1015 as well, which nobody
/// here switches on and which are not on the list of what a terminal is sent.
const MOUSE_OFF: [&str; 3] = ["\x1b[?1000l", "\x1b[?1002l", "\x1b[?1006l"];
/// Bracketed paste on and off. crossterm has them with its event reader alone, which brings signal
/// handlers and a poller of its own.
const PASTE: (&str, &str) = ("\x1b[?2004h", "\x1b[?2004l");
/// Plain colours and no attribute.
const PLAIN: &str = "\x1b[m";
/// The largest screen anybody draws: the size is outside input and is multiplied.
pub const LARGEST: (u16, u16) = (500, 200);
/// Bytes of text that go to the clipboard at most.
const CLIPBOARD: usize = 32 * 1024;
/// Bytes of one write where the descriptor had to stay blocking; a pty takes these at once.
const BLOCKING_WRITE: usize = 128;

pub struct Tty {
    fd: OwnedFd,
    saved: Termios,
    /// Made before they are needed: a panic or a signal must not have to.
    on: String,
    off: String,
    /// Our own open file, so it may be non-blocking without changing the shell's.
    own: bool,
    active: AtomicBool,
    /// The rest of a frame is waiting in the writer.
    draining: AtomicBool,
    /// Counts entries, so that the writer can tell a frame from before a restore.
    epoch: AtomicU32,
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Tty {
    /// The terminal of standard input and output; `Err` if either is none. Changes nothing yet.
    pub fn open() -> Result<Arc<Self>> {
        let out = rustix::stdio::stdout();
        if !isatty(rustix::stdio::stdin()) || !isatty(out) {
            return Err(Error::new(
                ErrorKind::NotConnected,
                "standard input or output is no terminal",
            ));
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let by_name = ttyname(out, Vec::new())
            .and_then(|name| rustix::fs::open(name.as_c_str(), flags, Mode::empty()));
        // after `su` the device belongs to somebody else, but /dev/tty is everybody's
        let opened = by_name.or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()));
        let (fd, own) = match opened {
            Ok(fd) => (fd, true),
            Err(_) => (out.try_clone_to_owned()?, false),
        };
        let saved = tcgetattr(&fd)?;
        Ok(Arc::new(Self {
            fd,
            saved,
            on: entering(),
            off: leaving(),
            own,
            active: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            epoch: AtomicU32::new(0),
        }))
    }

    /// Columns and rows, at most [`LARGEST`]. A terminal that does not say (a serial line, a
    /// container's console) is as large as `COLUMNS` and `LINES` tell, else 80 x 24.
    pub fn size(&self) -> (u16, u16) {
        let told = tcgetwinsize(&self.fd).map_or((0, 0), |s| (s.ws_col, s.ws_row));
        let named = |name: &str| std::env::var(name).ok()?.trim().parse().ok();
        sized(told, (named("COLUMNS"), named("LINES")))
    }

    /// Raw mode and the alternate screen. In the background the kernel stops us here until `fg`.
    pub(super) fn enter(&self) -> Result<()> {
        let mut raw = self.saved.clone();
        raw.make_raw();
        tcsetattr(&self.fd, OptionalActions::Now, &raw)?;
        self.epoch.fetch_add(1, SeqCst);
        self.active.store(true, SeqCst);
        self.write_patiently(self.on.as_bytes(), 5);
        Ok(())
    }

    /// Puts everything back as it was found. Any thread, any number of times; errors are ignored,
    /// for there may be no terminal any more. Takes at most about a second on a dead line.
    pub fn restore(&self) {
        if !self.active.swap(false, SeqCst) {
            return;
        }
        for _ in 0..30 {
            if !self.draining.load(SeqCst) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.epoch.fetch_add(1, SeqCst);
        if !self.foreground() {
            return; // the shell has the terminal and has set it up for itself
        }
        self.write_patiently(self.off.as_bytes(), 7);
        // the rest of a paste must not run in the shell
        let _ = tcflush(&self.fd, QueueSelector::IFlush);
        let _ = tcsetattr(&self.fd, OptionalActions::Now, &self.saved);
    }

    pub(super) fn active(&self) -> bool {
        self.active.load(SeqCst)
    }

    pub(super) fn draining(&self) -> &AtomicBool {
        &self.draining
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(SeqCst)
    }

    /// Whether to write here: without job control always, else only as the foreground job.
    fn foreground(&self) -> bool {
        match tcgetpgrp(&self.fd) {
            Ok(group) => group == getpgrp(),
            Err(Errno::IO) => false,
            Err(_) => true,
        }
    }

    /// As much as the terminal takes now; `Err(AGAIN)` if nothing.
    pub(super) fn write_some(&self, bytes: &[u8]) -> rustix::io::Result<usize> {
        if self.own {
            return rustix::io::write(&self.fd, bytes);
        }
        if !self.writable(0) {
            return Err(Errno::AGAIN);
        }
        rustix::io::write(&self.fd, bytes.get(..BLOCKING_WRITE).unwrap_or(bytes))
    }

    /// Puts `text` on the clipboard of the terminal's user by OSC 52, cut to what terminals take.
    pub(super) fn copy(&self, text: &str) {
        if !self.active() {
            return;
        }
        let end = text.floor_char_boundary(CLIPBOARD);
        let data = base64::engine::general_purpose::STANDARD.encode(&text[..end]);
        self.write_patiently(format!("\x1b]52;c;{data}\x1b\\").as_bytes(), 5);
    }

    /// Waits until something can be written, at most this long; also true when the line is dead.
    pub(super) fn writable(&self, tenths: i64) -> bool {
        let wait = Timespec { tv_sec: tenths / 10, tv_nsec: tenths % 10 * 100_000_000 };
        let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
        !matches!(poll(&mut fds, Some(&wait)), Ok(0) | Err(_))
    }

    /// All of it, with at most this many waits of a tenth of a second.
    fn write_patiently(&self, mut bytes: &[u8], tenths: u32) {
        let mut waits = 0;
        while !bytes.is_empty() {
            match self.write_some(bytes) {
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if waits < tenths => {
                    waits += 1;
                    self.writable(1);
                }
                Err(_) => return,
            }
        }
    }

    /// Stops this process as Ctrl-Z does, if somebody is there to continue it: not where the
    /// session's leader is in our own group, for then no shell waits for a stopped job.
    pub(super) fn stop(&self) -> bool {
        let waited_for = getsid(None).and_then(|leader| getpgid(Some(leader)));
        if waited_for.is_ok_and(|group| group != getpgrp()) {
            self.restore();
            return kill_process(getpid(), Signal::STOP).is_ok();
        }
        false
    }
}

fn ansi(command: impl crossterm::Command) -> String {
    let mut text = String::new();
    let _never_fails = command.write_ansi(&mut text);
    text
}

/// Alternate screen, cursor hidden, bracketed paste on, mouse off, everything blank.
fn entering() -> String {
    let first = [ansi(EnterAlternateScreen), ansi(Hide)].concat();
    first + PASTE.0 + &MOUSE_OFF.concat() + PLAIN + &ansi(Clear(ClearType::All))
}

/// The way back: mouse off, paste off, end of a synchronized update, plain colours, blank screen
/// (for terminals without an alternate one), cursor on, main screen.
fn leaving() -> String {
    let mouse: String = MOUSE_OFF.into_iter().rev().collect();
    let blank = [ansi(MoveTo(0, 0)), ansi(Clear(ClearType::FromCursorDown))].concat();
    mouse
        + PASTE.1
        + &ansi(EndSynchronizedUpdate)
        + PLAIN
        + &blank
        + &ansi(Show)
        + &ansi(LeaveAlternateScreen)
}

/// What the terminal says, else what the environment says, else what every terminal has.
fn sized(told: (u16, u16), named: (Option<u16>, Option<u16>)) -> (u16, u16) {
    let side = |told: u16, named: Option<u16>, usual: u16, largest: u16| {
        let side = if told == 0 { named.filter(|n| *n > 0).unwrap_or(usual) } else { told };
        side.min(largest)
    };
    (side(told.0, named.0, 80, LARGEST.0), side(told.1, named.1, 24, LARGEST.1))
}

/// On a panic anywhere the terminal is put back first, then the message is written. A panic outside
/// the main thread ends the process with 101. `contained` says that the panic is somebody's to
/// handle (`|| tokio::task::try_id().is_some()`): it is only traced and the screen stays.
pub fn install_panic_hook(tty: &Arc<Tty>, contained: fn() -> bool) {
    let tty = tty.clone();
    std::panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let what = payload.downcast_ref::<&str>().copied();
        let what = what.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = screen_text(&redact(what.unwrap_or("no message")));
        let at = info.location().map_or(String::new(), ToString::to_string);
        if contained() {
            tracing::error!(at, "fault: {what}");
            return;
        }
        tty.restore();
        let trace = std::backtrace::Backtrace::capture();
        let trace = match trace.status() {
            std::backtrace::BacktraceStatus::Captured => trace.to_string(),
            _ => String::new(),
        };
        say(&format!("tillwatch: fault at {at}: {what}\n{trace}"));
        if thread::current().name() != Some("main") {
            std::process::exit(101);
        }
    }));
}

/// A last word on standard error; a dead terminal is no reason to fail.
pub fn say(text: &str) {
    let mut rest = text.as_bytes();
    while let Ok(n @ 1..) = rustix::io::write(rustix::stdio::stderr(), rest) {
        rest = rest.get(n..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::{entering, leaving, sized};

    #[test]
    fn a_terminal_is_sent_these_bytes_and_no_others() {
        let on = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[m\x1b[2J";
        let off = "\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?2026l\x1b[m\
                   \x1b[1;1H\x1b[J\x1b[?25h\x1b[?1049l";
        assert_eq!((entering().as_str(), leaving().as_str()), (on, off));
    }

    #[test]
    fn a_terminal_that_does_not_say_its_size_has_one() {
        assert_eq!(sized((0, 0), (None, None)), (80, 24));
        assert_eq!(sized((0, 0), (Some(132), Some(0))), (132, 24));
        assert_eq!(sized((120, 0), (Some(90), Some(50))), (120, 50));
        assert_eq!(sized((1, 1), (Some(90), Some(50))), (1, 1), "what it says counts");
        assert_eq!(sized((0, 65_535), (Some(9_999), None)), (500, 200));
    }
}
