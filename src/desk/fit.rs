//! Fit: how much room the rollback dialog needs, so that one that cannot be shown whole is refused.
//! `present` lays the dialog out by the same function; a test holds the two together.

use unicode_segmentation::UnicodeSegmentation;

use crate::board::RollbackPlan;
use crate::domain::text::{ScreenText, screen_text, width};

use super::state::Size;

/// Columns of the dialog with its frame, where there is room.
pub const WIDTH: u16 = 80;
/// Fewer columns than this cannot carry it.
pub const WIDTH_MIN: u16 = 46;
/// Columns taken by frame, margins and labels.
pub const LABEL: usize = 12;
const FRAME: usize = 4;
/// Lines with a label and one outside text each: where, from, to.
pub const FACTS: usize = 3;
/// Lines that never wrap: money, evidence, two blanks, token, input, message, frame.
const FIXED: usize = 9;

/// The plan's three outside facts: where, from, to.
pub fn facts(plan: &RollbackPlan) -> [ScreenText; FACTS] {
    let place = format!("{} / {} at {}", plan.environment, plan.service, plan.host);
    [screen_text(&place), screen_text(plan.from.as_str()), screen_text(plan.to.as_str())]
}

/// The plan's pre-checks as `name: detail`.
pub fn prechecks(plan: &RollbackPlan) -> Vec<ScreenText> {
    plan.prechecks.iter().map(|p| screen_text(&format!("{}: {}", p.name, p.detail))).collect()
}

/// Columns for outside text beside the labels.
pub fn text_width(size: Size) -> usize {
    usize::from(size.w.min(WIDTH)).saturating_sub(LABEL + FRAME)
}

/// Splits a text into lines of at most `width` columns, at any character: nothing may be hidden.
pub fn wrap(text: &ScreenText, columns: usize) -> Vec<ScreenText> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for grapheme in text.as_str().graphemes(true) {
        let wide = width(grapheme);
        if used + wide > columns.max(2) {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(grapheme);
        }
        used += wide;
    }
    lines.into_iter().map(ScreenText::made).collect()
}

/// Rows the dialog takes at a screen size, with its frame.
pub fn rows(plan: &RollbackPlan, size: Size) -> usize {
    let width = text_width(size);
    let lines = |t: &ScreenText| wrap(t, width).len();
    let facts: usize = facts(plan).iter().map(lines).sum();
    let checks: usize = prechecks(plan).iter().map(lines).sum();
    FIXED + facts + checks
}

/// True when the whole dialog fits on the screen.
pub fn is_whole(plan: &RollbackPlan, size: Size) -> bool {
    size.w >= WIDTH_MIN && rows(plan, size) <= usize::from(size.h)
}
