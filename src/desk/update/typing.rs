//! What keys do to a text being typed, how long it may get, and for how long after a dialog came or
//! went keys are taken for strays. Which text it is, is the dialog's.

use crate::desk::chord::{Chord, Key};
use crate::domain::time::Span;

/// Keys in the first moments of a rollback dialog were meant for the page below.
pub const GUARD: Span = Span::from_millis(700);

/// Keys in the moment after a dialog closed by itself were meant for the dialog.
pub(super) const SHUT: Span = Span::from_millis(700);

/// The longest text of a prompt: a filter, a command.
pub(super) const PROMPT_MAX: usize = 200;

/// One line without control characters.
pub(super) fn line(text: &str) -> String {
    let blank = |c: char| if c.is_whitespace() { ' ' } else { c };
    text.chars().map(blank).filter(|c| !c.is_control()).collect()
}

/// Adds what there is room for; true when something was left out.
pub(super) fn add(text: &mut String, more: &str, most: usize) -> bool {
    let room = most.saturating_sub(text.chars().count());
    text.extend(more.chars().take(room));
    more.chars().nth(room).is_some()
}

/// What a chord does to a text being typed; false when it is no editing key.
pub(super) fn edit(text: &mut String, chord: Chord, most: usize) -> bool {
    match (chord.key, chord.ctrl, chord.alt) {
        (Key::Char(c), false, false) => {
            if text.chars().count() < most {
                text.push(c);
            }
        }
        (Key::Backspace, _, _) => {
            text.pop();
        }
        (Key::Char('u'), true, false) => text.clear(),
        (Key::Char('w'), true, false) => {
            let end = text.trim_end().rfind(' ').map_or(0, |i| i + 1);
            text.truncate(end);
        }
        _ => return false,
    }
    true
}
