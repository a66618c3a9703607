//! Parts that dialogs share: a label before a value, the end of a text being typed.
//! Made for the width of a dialog; no page uses them.

use crate::desk::fit;
use crate::domain::text::{ScreenText, screen_text};

use super::role::Role;
use super::screen::Line;
use super::words;

/// The end of a long text, where the typing is.
pub(super) fn tail(text: &str, width: usize) -> ScreenText {
    let clean = screen_text(text);
    if clean.width() <= width {
        return clean;
    }
    let n = text.chars().count().saturating_sub(width - 1);
    screen_text(&text.chars().skip(n).collect::<String>())
}

pub(super) fn label(text: &'static str) -> Line {
    let pad = fit::LABEL.saturating_sub(text.len());
    Line::fixed(Role::Muted, text).and(Role::Muted, words::made(" ".repeat(pad)))
}
