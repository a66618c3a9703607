//! The Journal page: who did what when, newest first, for the selected incident or for all.
//! Shows what the board carries; the journal itself is longer.

use crate::board::{IncidentView, TimelineEntry};
use crate::desk::list::Filter;
use crate::desk::state::Desk;
use crate::domain::text::{screen_text, screen_text_last_field};

use super::clocks::{column, growing, number};
use super::role::Role;
use super::screen::{Bar, Column, Content, Line, Panel, Row, Rows, TableView};
use super::words;

/// Entries laid out at most; the page scrolls through these.
const MOST: usize = 500;

pub fn panels(desk: &Desk) -> Vec<Panel> {
    let one = desk.selected().filter(|_| !desk.ui.everything);
    let title = match one {
        Some(x) => Line::of(Role::Title, screen_text(x.id.as_str()))
            .say(Role::Text, " ")
            .and(Role::Text, screen_text(&x.headline))
            .say(Role::Text, " "),
        None => Line::fixed(Role::Title, "all incidents "),
    };
    let filter = Filter::new(&desk.ui.filter);
    let of = |x: &IncidentView| one.is_none_or(|o| o.id == x.id);
    let mut entries: Vec<(&IncidentView, &TimelineEntry)> = desk
        .board
        .incidents
        .iter()
        .filter(|x| of(x))
        .flat_map(|x| x.timeline.iter().map(move |e| (x, e)))
        .filter(|(x, e)| filter.passes(&format!("{} {} {}", x.id, e.actor, e.text)))
        .collect();
    // of one instant the last written stands first
    entries.reverse();
    entries.sort_by_key(|(_, e)| std::cmp::Reverse(e.at));
    let table = TableView {
        columns: match one {
            Some(_) => vec![when(), who(), what()],
            None => vec![when(), column("INCIDENT", 10, 1), who(), what()],
        },
        rows: entries.iter().take(MOST).map(|(x, e)| row(desk, x, e, one.is_none())).collect(),
        total: entries.len().min(MOST),
        top: desk.ui.scroll,
        empty: Line::fixed(Role::Muted, "Nothing is written yet."),
        ..TableView::default()
    };
    vec![Panel::new(Content::Table(table), Rows::Fill { min: 3 }).titled(Bar::rule(title))]
}

fn when() -> Column {
    number("WHEN UTC", 11, 0)
}

fn who() -> Column {
    column("WHO", 10, 0)
}

fn what() -> Column {
    growing("WHAT", 30, 0)
}

/// `named` with the incident, where the page shows more than one.
fn row(desk: &Desk, x: &IncidentView, e: &TimelineEntry, named: bool) -> Row {
    let id = named.then(|| Line::of(Role::Muted, screen_text(x.id.as_str())));
    let when = Line::of(Role::Text, words::instant(e.at, desk.now));
    let rest = [
        Line::of(Role::Accent, screen_text(&e.actor)),
        Line::of(Role::Text, screen_text_last_field(&e.text)),
    ];
    Row { cells: std::iter::once(when).chain(id).chain(rest).collect() }
}
