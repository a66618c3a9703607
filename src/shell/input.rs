//! What comes from the terminal and the kernel: presses, pastes, sizes, signals, the hangup.
//! Two threads that sleep until something happens. The meaning of a key is the desk's.

mod event;
mod keys;
mod parser;
#[cfg(test)]
mod tests;

use std::io::{PipeReader, PipeWriter, pipe};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::shell::tty::Tty;
pub use event::TermEvent;
pub use parser::Parser;

/// Events not yet taken by the core; beyond it presses are dropped, nobody waits for them.
const QUEUE: usize = 1024;
/// From a signal or a hangup to the forced end, if the core has not ended by itself (milliseconds).
const GRACE: Duration = Duration::from_millis(1500);
/// Exit code after a hangup, as a shell reports SIGHUP.
pub const EXIT_HANGUP: i32 = 129;
const SIGTSTP: i32 = 20;
const SIGCONT: i32 = 18;

/// Keeps the reader alive; drop it before leaving the terminal, so that what is typed next is the
/// shell's.
pub struct Input {
    events: Receiver<TermEvent>,
    sender: Sender<TermEvent>,
    _wake: PipeWriter,
}

impl Input {
    /// Starts both threads. `clock_ms` is monotonic milliseconds.
    pub fn start(tty: &Arc<Tty>, clock_ms: fn() -> u64) -> std::io::Result<Self> {
        let (sender, events) = channel(QUEUE);
        let (wake, wake_end) = pipe()?;
        let reader = InputReader { tty: tty.clone(), wake, clock_ms, events: sender.clone() };
        thread::Builder::new().name("tty-read".into()).spawn(move || reader.run())?;
        start_signals(tty.clone(), sender.clone())?;
        Ok(Self { events, sender, _wake: wake_end })
    }

    /// Waits for the next event. Cancel-safe.
    pub async fn next(&mut self) -> Option<TermEvent> {
        self.events.recv().await
    }

    /// What is there already, for draining the queue before a draw.
    pub fn ready(&mut self) -> Option<TermEvent> {
        self.events.try_recv().ok()
    }

    /// For the terminal's writer, which says [`TermEvent::Drained`].
    pub fn sender(&self) -> Sender<TermEvent> {
        self.sender.clone()
    }
}

struct InputReader {
    tty: Arc<Tty>,
    wake: PipeReader,
    clock_ms: fn() -> u64,
    events: Sender<TermEvent>,
}

enum Woken {
    Bytes,
    Time,
    Stop,
    Gone,
}

impl InputReader {
    fn run(self) {
        let mut parser = Parser::default();
        let mut bytes = [0_u8; 4096];
        loop {
            let found = match self.wait(parser.deadline_ms()) {
                Woken::Stop => return,
                Woken::Gone => break,
                Woken::Time => parser.tick((self.clock_ms)()),
                Woken::Bytes => match rustix::io::read(self.tty.as_fd(), &mut bytes[..]) {
                    Ok(0) => break,
                    Ok(n) => parser.feed(bytes.get(..n).unwrap_or_default(), (self.clock_ms)()),
                    Err(Errno::AGAIN | Errno::INTR) => continue,
                    Err(_) => break,
                },
            };
            for event in found {
                let _ = self.events.try_send(event);
            }
        }
        let _ = self.events.try_send(TermEvent::Hangup);
        thread::sleep(GRACE);
        std::process::exit(EXIT_HANGUP);
    }

    fn wait(&self, deadline_ms: Option<u64>) -> Woken {
        let timeout = deadline_ms.map(|due| {
            let left = due.saturating_sub((self.clock_ms)()) + 1;
            Timespec::try_from(Duration::from_millis(left)).unwrap_or_default()
        });
        let mut fds =
            [PollFd::new(&*self.tty, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Woken::Time,
            Err(_) => return Woken::Gone,
            Ok(_) => {}
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        match fds.each_ref().map(PollFd::revents) {
            [_, wake] if !wake.is_empty() => Woken::Stop,
            [tty, _] if tty.intersects(gone) => Woken::Gone,
            _ => Woken::Bytes,
        }
    }
}

/// Signals have a thread and a runtime of their own, so that a busy core cannot delay them.
fn start_signals(tty: Arc<Tty>, events: Sender<TermEvent>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _inside = runtime.enter();
        Signals::open()?
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(signals.run(&tty, &events)))
        .map(|_| ())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    window: Signal,
    stop: Signal,
    go: Signal,
}

impl Signals {
    fn open() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            window: signal(SignalKind::window_change())?,
            stop: signal(SignalKind::from_raw(SIGTSTP))?,
            go: signal(SignalKind::from_raw(SIGCONT))?,
        })
    }

    async fn run(mut self, tty: &Tty, events: &Sender<TermEvent>) {
        let number = loop {
            let event = tokio::select! {
                biased; // a closed terminal sends HUP and CONT together: the end goes first
                _ = self.terminate.recv() => break 15,
                _ = self.interrupt.recv() => break 2,
                _ = self.quit.recv() => break 3,
                _ = self.hangup.recv() => break 1,
                _ = self.window.recv() => {
                    let (columns, rows) = tty.size();
                    TermEvent::Resized(columns, rows)
                }
                _ = self.stop.recv() => TermEvent::Suspend,
                _ = self.go.recv() => TermEvent::Resume,
            };
            let _ = events.try_send(event);
        };
        let _ = events.try_send(TermEvent::Terminate(number));
        tokio::time::sleep(GRACE).await;
        tty.restore();
        std::process::exit(128 + number);
    }
}
