//! `present(&Desk) -> Screen`: the picture as words, numbers and roles. No ratatui, no colours.
//! The only place where text for people is made while the program runs.

pub mod role;
pub mod screen;
pub mod words;
pub mod keys;

mod bars;
mod clocks;
mod dialog;
mod evidence;
mod feeds;
mod field;
mod heatmap;
mod incident;
mod incidents;
mod inputs;
mod journal;
mod pale;
mod releases;
mod say;
pub mod standing;
mod strip;
mod told;
pub mod trouble;
mod wall;

#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod told_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::board::aged::aged;
use crate::desk::page::Page;
use crate::desk::state::{Desk, Seat};

use screen::{Panel, Screen};

/// The whole picture of a desk. Equal desks give equal pictures; draw only when it changed. A board
/// that is not fresh is shown as one: nothing on it is live or well, and no verdict has its hue.
pub fn present(desk: &Desk) -> Screen {
    match aged(&desk.board, desk.trust()) {
        Cow::Borrowed(_) => picture(desk),
        Cow::Owned(old) => {
            let mut shown = desk.clone();
            shown.board = Arc::new(old);
            let mut screen = picture(&shown);
            pale::pale(&mut screen);
            screen
        }
    }
}

fn picture(desk: &Desk) -> Screen {
    let wall = (desk.role() == Seat::Wall).then(|| wall::wall(desk));
    let panels = if wall.is_some() { vec![] } else { panels(desk) };
    Screen {
        title: bars::title(desk),
        banner: bars::banner(desk),
        panels,
        toast: bars::toast(desk),
        prompt: bars::prompt(desk),
        hints: bars::hints(desk),
        dialog: dialog::dialog(desk),
        summary: bars::summary(desk),
        wall,
        ascii: desk.setup.ascii,
    }
}

fn panels(desk: &Desk) -> Vec<Panel> {
    match desk.ui.page {
        Page::Incidents => incidents::panels(desk),
        Page::Incident => incident::panels(desk),
        Page::Heatmap => heatmap::panels(desk),
        Page::Releases => releases::panels(desk),
        Page::Journeys => feeds::journeys(desk),
        Page::Guardrails => feeds::guardrails(desk),
        Page::Sources => feeds::sources(desk),
        Page::Journal => journal::panels(desk),
    }
}
