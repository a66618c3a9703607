//! The screen as the shell uses it: enter, draw, suspend, resume, leave; always put back at the end.
//! What is drawn is render's; what is typed is input's.

mod backend;
mod encoder;
#[cfg(test)]
mod tests;

use std::io::Result;
use std::sync::Arc;

use ratatui::Frame;
use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
};
use tokio::sync::mpsc::Sender;

use crate::shell::input::TermEvent;
use crate::shell::tty::Tty;
use backend::TtyBackend;

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
    inner: ratatui::Terminal<TtyBackend>,
}

impl Terminal {
    /// Raw mode and the alternate screen, until this value is dropped.
    pub fn enter(tty: &Arc<Tty>, events: Sender<TermEvent>) -> Result<Self> {
        let backend = TtyBackend::new(tty.clone(), events)?;
        let inner = ratatui::Terminal::new(backend)?;
        let terminal = Self { tty: tty.clone(), inner };
        tty.enter()?;
        Ok(terminal)
    }

    /// Draws what changed since the last frame that was sent. While the terminal does not take the
    /// last one, nothing is rendered: the picture is as new as possible once there is room again,
    /// and what the terminal shows is always known.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> Result<Drawn> {
        if !self.tty.active() {
            return Ok(Drawn::Away);
        }
        if !self.inner.backend().has_room() {
            return Ok(Drawn::Held);
        }
        let (columns, _) = self.tty.size();
        self.inner.backend_mut().set_columns(columns);
        self.inner.draw(render)?;
        Ok(Drawn::Sent)
    }

    /// The next frame is drawn whole, whatever the terminal shows now.
    pub fn redraw(&mut self) -> Result<()> {
        self.inner.clear()
    }

    /// Ctrl-Z: puts the terminal back and stops the process, if a shell is there to continue it.
    /// Answers whether it did; then [`TermEvent::Resume`] follows.
    pub fn suspend(&mut self) -> bool {
        self.tty.stop()
    }

    /// After SIGCONT, whoever had stopped us. The next frame is drawn whole.
    pub fn resume(&mut self) -> Result<()> {
        self.tty.enter()?;
        self.inner.backend_mut().reset();
        self.redraw()
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
