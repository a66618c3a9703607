//! ratatui's backend on our own terminal: encodes a frame, writes what the terminal takes at once
//! and leaves the rest to the writer thread. Never queries the terminal, never blocks the core.

use std::io::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use rustix::io::Errno;
use tokio::sync::mpsc::Sender;

use super::encoder::Encoder;
use crate::shell::input::TermEvent;
use crate::shell::tty::Tty;

/// What a frame left over when the terminal took no more.
struct Rest {
    bytes: Vec<u8>,
    epoch: u32,
}

/// A draw was refused and wants to be told when there is room.
type Wanted = Arc<AtomicBool>;

pub(super) struct TtyBackend {
    tty: Arc<Tty>,
    encoder: Encoder,
    rest: SyncSender<Rest>,
    wanted: Wanted,
}

impl TtyBackend {
    pub(super) fn new(tty: Arc<Tty>, events: Sender<TermEvent>) -> Result<Self> {
        let (rest, rests) = sync_channel(1);
        let wanted = Wanted::default();
        let writer = (tty.clone(), wanted.clone());
        thread::Builder::new()
            .name("tty-write".into())
            .spawn(move || write_rests(&writer.0, &writer.1, &rests, &events))?;
        Ok(Self { tty, encoder: Encoder::default(), rest, wanted })
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

    pub(super) fn set_columns(&mut self, columns: u16) {
        self.encoder.set_columns(columns);
    }

    pub(super) fn reset(&mut self) {
        self.encoder.reset();
    }

    /// Only called with room, so a frame is never cut off by its successor.
    fn send(&mut self, mut bytes: Vec<u8>) {
        while !bytes.is_empty() {
            match self.tty.write_some(&bytes) {
                Ok(n) => drop(bytes.drain(..n.min(bytes.len()))),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.tty.draining().store(true, SeqCst);
                    let rest = Rest { bytes, epoch: self.tty.epoch() };
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
fn write_rests(tty: &Tty, wanted: &AtomicBool, rests: &Receiver<Rest>, events: &Sender<TermEvent>) {
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

impl Backend for TtyBackend {
    type Error = std::io::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.encoder.cells(content);
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<()> {
        self.encoder.cursor(false);
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<()> {
        self.encoder.cursor(true);
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position> {
        Ok(self.encoder.place().unwrap_or_default().into())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<()> {
        let Position { x, y } = position.into();
        self.encoder.move_to(x, y);
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        self.encoder.clear();
        Ok(())
    }

    fn clear_region(&mut self, region: ClearType) -> Result<()> {
        if region == ClearType::AfterCursor {
            self.encoder.clear_below();
        } else {
            self.encoder.clear();
        }
        Ok(())
    }

    fn size(&self) -> Result<Size> {
        Ok(self.tty.size().into())
    }

    fn window_size(&mut self) -> Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> Result<()> {
        let bytes = self.encoder.take();
        self.send(bytes);
        Ok(())
    }
}
