//! The way of a frame to the terminal: what it takes at once is written at once, the rest is left
//! to the writer thread. There is room for one frame; the core never waits.

use std::io::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rustix::io::Errno;
use tokio::sync::mpsc::Sender;

use crate::shell::input::TermEvent;
use crate::shell::tty::Tty;

/// What a frame left over when the terminal took no more.
struct UnsentRest {
    bytes: Vec<u8>,
    epoch: u32,
}

/// A draw was refused and wants to be told when there is room.
type RoomWanted = Arc<AtomicBool>;

pub(super) struct Link {
    tty: Arc<Tty>,
    rest: SyncSender<UnsentRest>,
    wanted: RoomWanted,
}

impl Link {
    pub(super) fn new(tty: Arc<Tty>, events: Sender<TermEvent>) -> Result<Self> {
        let (rest, rests) = sync_channel(1);
        let wanted = RoomWanted::default();
        let writer = (tty.clone(), wanted.clone());
        thread::Builder::new()
            .name("tty-write".into())
            .spawn(move || write_rests(&writer.0, &writer.1, &rests, &events))?;
        Ok(Self { tty, rest, wanted })
    }

    /// Whether the last frame has left. If not, [`TermEvent::Drained`] will say when it has.
    pub(super) fn has_room(&self) -> bool {
        self.wanted.store(true, SeqCst);
        let room = !self.tty.draining().load(SeqCst);
        if room {
            self.wanted.store(false, SeqCst);
        }
        room
    }

    /// Only called with room, so a frame is never cut off by its successor.
    pub(super) fn send(&self, mut bytes: Vec<u8>) {
        while !bytes.is_empty() {
            match self.tty.write_some(&bytes) {
                Ok(n) => drop(bytes.drain(..n.min(bytes.len()))),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.tty.draining().store(true, SeqCst);
                    let rest = UnsentRest { bytes, epoch: self.tty.epoch() };
                    if self.rest.try_send(rest).is_err() {
                        self.tty.draining().store(false, SeqCst);
                    }
                    return;
                }
                Err(_) => return, // the terminal is gone; the reader says so
            }
        }
    }
}

/// The writer thread: sleeps until a frame did not fit.
fn write_rests(
    tty: &Tty,
    wanted: &AtomicBool,
    rests: &Receiver<UnsentRest>,
    events: &Sender<TermEvent>,
) {
    while let Ok(rest) = rests.recv() {
        let mut bytes = rest.bytes.as_slice();
        while !bytes.is_empty() && rest.epoch == tty.epoch() {
            match tty.write_some(bytes) {
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => drop(tty.writable(10)),
                Err(_) => break,
            }
        }
        tty.draining().store(false, SeqCst);
        if wanted.swap(false, SeqCst) {
            let _ = events.try_send(TermEvent::Drained);
        }
    }
}
