//! The Incidents page: the list, the evidence of the selected one, the two hours behind it.
//! At 80x24 it carries the whole first decision (mission-map.md section 4).

use crate::board::Incident;
use crate::desk::state::Desk;
use crate::domain::text::{ScreenText, screen_text};

use super::clocks::{self, column, growing, number};
use super::evidence;
use super::incident;
use super::role::Role;
use super::screen::{Bar, Content, Line, Panel, Row, Rows, Table};
use super::strip;
use super::words;

pub fn panels(desk: &Desk) -> Vec<Panel> {
    let list = Panel::new(Content::Table(table(desk)), Rows::Fill { min: 3 });
    let Some(x) = desk.selected() else {
        return vec![list];
    };
    let title = Bar::rule(
        Line::fixed(Role::Border, "")
            .and(Role::Title, screen_text(x.id.as_str()))
            .say(Role::Border, " ")
            .and(Role::Text, clocks::segments(x))
            .say(Role::Border, " "),
    );
    let lines = evidence::lines(desk, x);
    let rows = Rows::Exact(u16::try_from(lines.items.len()).unwrap_or(6));
    let below = Panel::new(Content::Lines(lines), rows).titled(title).ranked(1);
    let strip = Panel::new(Content::Timeline(strip::strip(desk, x)), Rows::Exact(1)).ranked(2);
    let mut all = vec![list, below, strip];
    if desk.size.w >= super::WIDE {
        all.extend(incident::side(desk, x));
    }
    all
}

fn table(desk: &Desk) -> Table {
    let list = &desk.ui.list;
    let window = usize::from(desk.size.h);
    let first = list.at().saturating_sub(window);
    let last = list.len().min(list.at() + window + 1);
    let rows = (first..last).filter_map(|i| list.row(&desk.board, i)).map(|x| row(desk, x));
    Table {
        columns: vec![
            column("SEV", 5, 0),
            column("JOURNEY", 8, 0),
            growing("WHAT", 22, 0),
            column("OWNER", 7, 0),
            number("ACK", 6, 0),
            number("DECIDE", 7, 0),
            number(money_head(desk), 9, 0),
            number("AGE", 4, 0),
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

fn row(desk: &Desk, x: &Incident) -> Row {
    let plain = if x.state.is_open() { Role::Text } else { Role::Muted };
    let severity = if x.state.is_open() { clocks::severity_role(x.severity) } else { Role::Muted };
    let money = match &x.revenue_at_risk {
        Some(m) => {
            let range = crate::domain::money::Range::new(m.low, m.high);
            Line::of(Role::Money, words::made(words::range(range)))
        }
        None => Line::fixed(Role::Muted, "-"),
    };
    let release = match &x.suspect.release {
        Some(id) => Line::of(plain, screen_text(id.as_str())),
        None => Line::fixed(Role::Muted, "-"),
    };
    Row {
        cells: vec![
            Line::of(severity, clocks::severity_words(x.severity)),
            Line::of(plain, clocks::journey(x)),
            Line::of(plain, screen_text(&x.headline)),
            clocks::owner_cell(desk, x),
            clocks::ack_cell(x, desk.now),
            clocks::decide_cell(x, desk.now),
            if x.state.is_open() { money } else { Line::of(Role::Muted, ScreenText::fixed("-")) },
            Line::of(plain, words::slow_age(x.onset_at, desk.now)),
            release,
            Line::of(plain, clocks::segments(x)),
            Line::of(Role::Muted, screen_text(x.id.as_str())),
        ],
    }
}
