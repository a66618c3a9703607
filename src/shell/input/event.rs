//! What the terminal and the kernel tell.
//! Plain data; bytes become events in `parser`.

use crate::desk::chord::Chord;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TermEvent {
    Key(Chord),
    /// Text for a text field, one line, at most 8 kB; outside a text field it does nothing.
    Paste(String),
    /// This many bytes came faster than a hand types: none of them is a press, but a text field may
    /// take what can be read of them, which is one line.
    Burst(usize, String),
    /// Columns, rows; already clamped.
    Resized(u16, u16),
    /// The last frame has left; a draw that was refused meanwhile can be made now.
    Drained,
    /// The terminal is gone: write nothing, end with `EXIT_HANGUP`.
    Hangup,
    /// Ctrl-Z or SIGTSTP: call `Terminal::suspend`.
    Suspend,
    /// SIGCONT: call `Terminal::resume`, check the clock, draw everything.
    Resume,
    /// TERM, INT, QUIT or HUP: leave and end with 128 + this number.
    Terminate(i32),
}
