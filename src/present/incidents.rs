//! The Incidents page: the list, the evidence of the selected one, the two hours behind it.
//! At 80x24 it carries the whole first decision.

use crate::board::IncidentView;
use crate::desk::state::Desk;
use crate::domain::text::screen_text;

use super::clocks::{self, column, growing, number};
use super::evidence;
use super::incident;
use super::role::Role;
use super::screen::{Bar, Content, Line, Panel, Row, Rows, TableView};
use super::strip;
use super::words;

/// From this many columns on the story stands beside the list.
const BESIDE: u16 = 150;
/// Fewer columns than this have no room for release and segments in the list.
const ROOMY: u16 = 100;
/// From this many rows on it stands below the evidence.
const BELOW: u16 = 34;

pub fn panels(desk: &Desk) -> Vec<Panel> {
    let Some(x) = desk.selected() else {
        return nothing(desk);
    };
    let (wide, tall) = (desk.size.w >= BESIDE, desk.size.h >= BELOW);
    // with the story below, the list has a place of its own that does not move with its length
    let rows = if tall && !wide { Rows::Exact(desk.size.h / 4) } else { Rows::Fill { min: 3 } };
    let list = Panel::new(Content::Table(table(desk)), rows);
    let title = Bar::rule(
        Line::of(Role::Title, screen_text(x.id.as_str()))
            .say(Role::Text, " ")
            .and(Role::Text, clocks::segments(x))
            .say(Role::Text, " "),
    )
    .right(2, Line::fixed(Role::Muted, " R suspect  c change  ! opened "));
    let lines = evidence::lines(desk, x);
    let rows = Rows::Exact(u16::try_from(lines.items.len()).unwrap_or(6));
    let below = Panel::new(Content::Lines(lines), rows).titled(title).ranked(1);
    let strip = Panel::new(Content::Timeline(strip::strip(desk, x)), Rows::Exact(1)).ranked(2);
    let mut all = vec![list, below, strip];
    match (wide, tall) {
        (true, _) => all.extend(incident::story_panels(desk, x).map(Panel::beside)),
        (false, true) => all.extend(incident::story_panels(desk, x)),
        (false, false) => {}
    }
    all
}

/// An empty list leaves room for what is going on: changes and the funnel.
fn nothing(desk: &Desk) -> Vec<Panel> {
    let list = Panel::new(Content::Table(table(desk)), Rows::Exact(3));
    if !desk.ui.filter.is_empty() {
        return vec![list];
    }
    let lanes = strip::lanes(desk, 3);
    let tall = u16::try_from(lanes.lanes.len() + 1).unwrap_or(4);
    let changes = Panel::new(Content::Timeline(lanes), Rows::Exact(tall)).ranked(1);
    std::iter::once(list).chain([changes]).chain(super::feeds::guardrails(desk)).collect()
}

fn table(desk: &Desk) -> TableView {
    let list = &desk.ui.list;
    // the page that holds the selected row lies within this many rows of it
    let window = usize::from(desk.size.h.saturating_sub(6));
    let first = list.at().saturating_sub(window);
    let last = list.len().min(list.at() + window + 1);
    let rows = (first..last).filter_map(|i| list.row(&desk.board, i)).map(|x| row(desk, x));
    TableView {
        columns: vec![
            column("SEV", 5, 0),
            column("JOURNEY", 8, 0),
            growing("WHAT", 18, 0),
            column("OWNER", 7, 0),
            number("ACK", 7, 0),
            number("DECIDE", 7, 0),
            number(money_head(desk), if desk.size.w >= 160 { 12 } else { 9 }, 0),
            number("AGE", 4, 3),
            column("RELEASE", 20, 5),
            column("SEGMENTS", 22, 6),
            column("ID", 9, 4),
        ],
        rows: rows.collect(),
        first,
        total: list.len(),
        selected: (!list.is_empty()).then(|| list.at()),
        top: 0,
        empty: empty(desk),
    }
}

/// The currency stands in the head where it is a known one, so that the cells stay short.
fn money_head(desk: &Desk) -> &'static str {
    let first = desk.board.incidents.iter().find_map(|x| x.revenue_at_risk.as_ref());
    match first.map(|m| m.currency.as_str()) {
        Some("EUR") => "EUR/MIN",
        Some("USD") => "USD/MIN",
        Some("GBP") => "GBP/MIN",
        Some("CHF") => "CHF/MIN",
        _ => "MONEY/MIN",
    }
}

fn empty(desk: &Desk) -> Line {
    if desk.ui.filter.is_empty() {
        Line::fixed(Role::Muted, "No incident yet.")
    } else {
        Line::fixed(Role::Muted, "No incident matches the filter; esc clears it.")
    }
}

/// Said before what no journal has yet.
fn kept(x: &IncidentView) -> Line {
    if x.stored { Line::new() } else { Line::fixed(Role::Error, "NOT STORED ") }
}

fn row(desk: &Desk, x: &IncidentView) -> Row {
    let plain = if x.state.is_open() { Role::Text } else { Role::Muted };
    let severity = if x.state.is_open() { clocks::severity_role(x.severity) } else { Role::Muted };
    let money = match &x.revenue_at_risk {
        _ if !x.state.is_open() && !x.firing => Line::fixed(Role::Muted, "-"),
        Some(m) => {
            let range = crate::domain::money::Range::new(m.low, m.high);
            Line::of(Role::Money, words::made(words::range(range)))
        }
        None => Line::fixed(Role::Muted, "-"),
    };
    let wide = desk.size.w >= ROOMY;
    let release = match &x.suspect.release {
        _ if !wide => Line::new(),
        Some(id) => Line::of(plain, screen_text(id.as_str())),
        None if x.suspect.is_tie() => {
            let ids: Vec<&str> =
                x.suspect.candidates.iter().take(2).map(|c| c.release.as_str()).collect();
            Line::of(plain, screen_text(&format!("? {}", ids.join(" or "))))
        }
        None => Line::fixed(Role::Muted, "-"),
    };
    Row {
        cells: vec![
            Line::of(severity, clocks::severity_words(x.severity)),
            Line::of(plain, clocks::journey(x)),
            kept(x).and(plain, screen_text(&x.headline)),
            clocks::owner_cell(desk, x),
            clocks::ack_cell(x, desk.now),
            clocks::decide_cell(x, desk.now),
            money,
            Line::of(plain, clocks::hurt_for(x, desk.now)),
            release,
            if wide { Line::of(plain, clocks::segments(x)) } else { Line::new() },
            Line::of(Role::Muted, screen_text(x.id.as_str())),
        ],
    }
}
