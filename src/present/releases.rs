//! The Releases page: changes and incidents on one time axis, the list, and what the selected one
//! did to each segment against segments it did not touch.

use crate::board::Release;
use crate::board::standing::Trust;
use crate::desk::list::Filter;
use crate::desk::state::Desk;
use crate::domain::change::{ChangeKind, ChangeStatus};
use crate::domain::text::{screen_text, screen_text_last_field};
use crate::verdict::Impact;

use super::clocks::{self, column, growing, number};
use super::role::Role;
use super::screen::{Bar, Content, Line, Panel, Row, Rows, TableView};
use super::strip;
use super::words;

pub fn panels(desk: &Desk) -> Vec<Panel> {
    let lanes = strip::lanes(desk, if desk.size.h >= 40 { 6 } else { 3 });
    let tall = u16::try_from(lanes.lanes.len() + 1).unwrap_or(4);
    let selected = desk.release();
    let what = match selected {
        Some(r) => {
            Line::of(Role::Title, screen_text(r.id.as_str())).say(Role::Text, " before and after ")
        }
        None => Line::fixed(Role::Title, "before and after "),
    };
    vec![
        Panel::new(Content::Timeline(lanes), Rows::Exact(tall)).ranked(1),
        Panel::new(Content::Table(table(desk, selected)), Rows::Fill { min: 4 }),
        Panel::new(Content::Table(impacts(desk, selected)), Rows::Fill { min: 4 })
            .titled(Bar::rule(what))
            .ranked(2),
    ]
}

fn table(desk: &Desk, selected: Option<&Release>) -> TableView {
    let filter = Filter::new(&desk.ui.filter);
    let shown: Vec<&Release> =
        desk.board.releases.iter().filter(|r| filter.passes(&haystack(r))).collect();
    let at = selected.and_then(|s| shown.iter().position(|r| r.id == s.id));
    let window = usize::from(desk.size.h);
    let first = at.unwrap_or(0).saturating_sub(window);
    TableView {
        columns: vec![
            growing("RELEASE", 20, 0),
            column("KIND", 9, 2),
            column("SERVICE", 10, 3),
            number("STARTED", 8, 0),
            number("AGE", 4, 0),
            number("SHARE", 5, 1),
            column("STATUS", 9, 0),
            column("BY", 8, 4),
            column("SUSPECT OF", 12, 0),
            column("BEFORE IT", 20, 5),
        ],
        rows: shown.iter().skip(first).take(2 * window + 1).map(|r| row(desk, r)).collect(),
        first,
        total: shown.len(),
        selected: at,
        top: 0,
        empty: Line::fixed(Role::Muted, "No change is known in the window."),
    }
}

fn haystack(r: &Release) -> String {
    format!("{} {} {} {}", r.id, r.service, r.author, kind(r.kind))
}

fn row(desk: &Desk, r: &Release) -> Row {
    let time = |t| Line::of(Role::Text, words::instant(t, desk.now));
    let blank = || Line::fixed(Role::Muted, "-");
    let suspect = match r.suspect_of.as_slice() {
        [] => perhaps(r).unwrap_or_else(blank),
        [one] => Line::of(Role::Warning, screen_text(one.as_str())),
        [one, rest @ ..] => Line::of(Role::Warning, screen_text(&format!("{one} +{}", rest.len()))),
    };
    let (status, role) = match status(r.status) {
        ("live", _) if desk.trust() != Trust::Fresh => ("was live", Role::Stale),
        known => known,
    };
    Row {
        cells: vec![
            Line::of(Role::Text, screen_text(r.id.as_str())),
            Line::fixed(Role::Text, kind(r.kind)),
            Line::of(Role::Text, screen_text(&r.service)),
            r.started_at.map_or_else(blank, time),
            r.started_at.map_or_else(blank, |t| Line::of(Role::Text, words::slow_age(t, desk.now))),
            Line::of(Role::Text, words::made(words::percent(r.share))),
            Line::fixed(role, status),
            Line::of(Role::Text, screen_text(&r.author)),
            suspect,
            r.previous
                .as_ref()
                .map_or_else(blank, |p| Line::of(Role::Muted, screen_text(p.as_str()))),
        ],
    }
}

/// `INC-7 48%` of a tie.
fn perhaps(r: &Release) -> Option<Line> {
    let first = r.candidate_of.iter().max_by(|a, b| a.share.total_cmp(&b.share))?;
    let share = first.share * 100.0;
    Some(Line::of(Role::Text, screen_text(&format!("{} {share:.0}%", first.incident))))
}

const fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Deploy => "deploy",
        ChangeKind::Theme => "theme",
        ChangeKind::App => "app",
        ChangeKind::Flag => "flag",
        ChangeKind::Experiment => "experiment",
        ChangeKind::Config => "config",
        ChangeKind::Campaign => "campaign",
        ChangeKind::Rollback => "rollback",
        ChangeKind::Provider => "provider",
    }
}

const fn status(status: ChangeStatus) -> (&'static str, Role) {
    match status {
        ChangeStatus::Queued => ("queued", Role::Muted),
        ChangeStatus::Running => ("running", Role::Accent),
        ChangeStatus::Succeeded => ("live", Role::Text),
        ChangeStatus::Failed => ("FAILED", Role::Error),
        ChangeStatus::Cancelled => ("cancelled", Role::Muted),
        ChangeStatus::Inactive => ("replaced", Role::Muted),
        ChangeStatus::Unknown => ("unknown", Role::Unsure),
    }
}

fn impacts(desk: &Desk, selected: Option<&Release>) -> TableView {
    let mine = desk.board.impacts.iter().filter(|i| selected.is_some_and(|r| r.id == i.release));
    let mut mine: Vec<&Impact> = mine.collect();
    mine.sort_by_key(|i| std::cmp::Reverse(i.verdict));
    let total = mine.len();
    TableView {
        columns: vec![
            column("", 6, 0),
            column("METRIC", 16, 0),
            growing("SEGMENT", 14, 0),
            number("BEFORE", 7, 0),
            number("AFTER", 7, 0),
            number("CHANGE", 6, 0),
            number("OTHERS", 6, 0),
            number("N", 6, 1),
            growing("WHY", 24, 3),
        ],
        rows: mine.iter().take(usize::from(desk.size.h)).map(|i| impact(i)).collect(),
        total,
        empty: Line::fixed(Role::Muted, "Nothing measured before and after it yet."),
        ..TableView::default()
    }
}

fn impact(i: &Impact) -> Row {
    let unit = i.metric.row().unit;
    Row {
        cells: vec![
            clocks::verdict_line(i.verdict),
            Line::fixed(Role::Text, i.metric.row().label),
            Line::of(Role::Text, screen_text(&i.segment.to_string())),
            Line::of(Role::Text, words::value(i.before, unit)),
            Line::of(Role::Text, words::value(i.after, unit)),
            Line::of(Role::Text, words::change(i.before, i.after)),
            Line::of(Role::Muted, words::change(i.control.map(|_| 1.0), i.control)),
            Line::of(Role::Muted, words::made(words::count(i.n_after))),
            Line::of(Role::Muted, screen_text_last_field(&i.why)),
        ],
    }
}
