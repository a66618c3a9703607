//! The screen as the shell uses it: enter, draw, suspend, resume, leave; always put back at the
//! end. What is drawn is render's; what is typed is input's.

mod encoder;
mod link;
#[cfg(test)]
mod tests;

use std::io::Result;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
};
use tokio::sync::mpsc::Sender;

use crate::shell::input::TermEvent;
use crate::shell::tty::Tty;
use encoder::Encoder;
use link::Link;

/// What became of a draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drawn {
    /// Sent, or on its way.
    Sent,
    /// The last frame is still leaving; the picture stays due until [`TermEvent::Drained`].
    Held,
    /// Suspended or left: nobody looks.
    Away,
}

pub struct Terminal {
    tty: Arc<Tty>,
    link: Link,
    encoder: Encoder,
    /// What the terminal shows, and what it is going to show.
    shown: Buffer,
    next: Buffer,
    /// The terminal's content is unknown.
    whole: bool,
}

impl Terminal {
    /// Raw mode and the alternate screen, until this value is dropped.
    pub fn enter(tty: &Arc<Tty>, events: Sender<TermEvent>) -> Result<Self> {
        let link = Link::new(tty.clone(), events)?;
        let terminal = Self {
            tty: tty.clone(),
            link,
            encoder: Encoder::default(),
            shown: Buffer::default(),
            next: Buffer::default(),
            whole: true,
        };
        tty.enter()?;
        Ok(terminal)
    }

    /// Calls `paint` with a blank buffer of the terminal's size and sends what differs from what
    /// the terminal shows; `paint` answers where the cursor stands, if it is to be seen. While the
    /// terminal does not take the last frame nothing is painted: the picture is as new as possible
    /// once there is room again, and what the terminal shows is always known.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> Option<(u16, u16)>) -> Drawn {
        if !self.tty.active() {
            return Drawn::Away;
        }
        if !self.link.has_room() {
            return Drawn::Held;
        }
        let (columns, rows) = self.tty.size();
        let area = Rect::new(0, 0, columns, rows);
        if self.whole || area != self.shown.area {
            self.whole = false;
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
            self.encoder.clear();
        }
        self.next.reset();
        let cursor = paint(&mut self.next).filter(|(x, y)| *x < columns && *y < rows);
        self.encoder.frame(&self.shown, &self.next, cursor);
        self.link.send(self.encoder.take());
        std::mem::swap(&mut self.shown, &mut self.next);
        Drawn::Sent
    }

    /// The next frame is drawn whole, whatever the terminal shows now.
    pub fn redraw(&mut self) {
        self.whole = true;
    }

    /// Ctrl-Z: puts the terminal back and stops the process, if a shell is there to continue it.
    /// Answers whether it did; then [`TermEvent::Resume`] follows.
    pub fn suspend(&mut self) -> bool {
        self.tty.stop()
    }

    /// After SIGCONT, whoever had stopped us; the next frame is drawn whole. `false` where there is
    /// no terminal any more, which is no error but the hangup: the kernel sends HUP and CONT
    /// together, and CONT may be heard first.
    #[must_use]
    pub fn resume(&mut self) -> bool {
        let entered = self.tty.enter().is_ok();
        self.encoder = Encoder::default();
        self.redraw();
        entered
    }

    /// Puts the terminal back; dropping does the same.
    pub fn leave(self) {}
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tty.restore();
    }
}

/// First thing in the process: files for the owner only, no core dump, memory closed to other
/// processes of the same user. What the kernel refuses is left as it was.
pub fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}
