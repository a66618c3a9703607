//! Three plain pages: Journeys (synthetic), Guardrails with the funnel, Sources with the checklist.
//! Tables only; what is unknown is `-`, what is not covered says so.

use crate::board::standing::Trust;
use crate::board::{ChecklistItem, SourceView};
use crate::desk::state::Desk;
use crate::domain::past::PastState;
use crate::domain::text::{ScreenText, screen_text, screen_text_last_field};
use crate::domain::time::Timestamp;
use crate::verdict::{FunnelStep, GuardrailState, JourneyState, Judged, Verdict};

use super::bars::source_word;
use super::clocks::{column, growing, number, verdict_line};
use super::role::Role;
use super::screen::{Bar, Content, Item, Line, Lines, Panel, Row, Rows, TableView};
use super::words;

fn titled(title: &'static str, table: TableView, rows: Rows) -> Panel {
    Panel::new(Content::Table(table), rows).titled(Bar::rule(Line::fixed(Role::Title, title)))
}

fn text(words: &str) -> Line {
    Line::of(Role::Text, screen_text(words))
}

fn last(role: Role, words: &str) -> Line {
    Line::of(role, screen_text_last_field(words))
}

fn yes(covered: bool) -> Line {
    if covered { Line::fixed(Role::Ok, "yes") } else { Line::fixed(Role::Unsure, "NO") }
}

/// How much the journey rests on real users and on checks, as its row says.
fn priorities(desk: &Desk, j: &JourneyState) -> Line {
    let mut rows = desk.board.policy.journeys.iter();
    match rows.find(|row| row.journey == j.journey) {
        Some(row) => Line::fixed(Role::Muted, row.rum_priority.words())
            .say(Role::Muted, " / ")
            .say(Role::Muted, row.synthetic_priority.words()),
        None => Line::fixed(Role::Muted, "-"),
    }
}

pub fn journeys(desk: &Desk) -> Vec<Panel> {
    let row = |j: &JourneyState| Row {
        cells: vec![
            text(j.journey.as_str()),
            verdict_line(j.verdict),
            match j.last_check_at {
                Some(at) => Line::of(Role::Text, words::slow_age(at, desk.now)),
                None => Line::fixed(Role::Unsure, "never"),
            },
            yes(j.rum_covered),
            yes(j.synthetic_covered),
            priorities(desk, j),
            if j.checks.is_empty() {
                Line::fixed(Role::Muted, "no checks")
            } else {
                last(Role::Text, &j.checks.join(", "))
            },
        ],
    };
    let table = TableView {
        columns: vec![
            column("JOURNEY", 14, 0),
            column("STATE", 6, 0),
            number("LAST", 5, 0),
            column("RUM", 4, 1),
            column("SYNTH", 5, 1),
            column("PRIORITY", 17, 1),
            growing("CHECKS BY LOCATION", 24, 0),
        ],
        rows: desk.board.journeys.iter().map(row).collect(),
        total: desk.board.journeys.len(),
        top: desk.ui.scroll,
        empty: Line::fixed(Role::Muted, "No journey is configured."),
        ..TableView::default()
    };
    vec![titled("synthetic checks by journey ", table, Rows::Fill { min: 3 })]
}

pub fn guardrails(desk: &Desk) -> Vec<Panel> {
    let funnel = &desk.board.funnel;
    let step = |f: &FunnelStep| Row {
        cells: vec![
            Line::fixed(Role::Text, f.step.row().label),
            verdict_line(f.verdict),
            Line::of(Role::Text, words::value(f.value, f.step.row().unit)),
            Line::of(Role::Muted, words::value(f.baseline, f.step.row().unit)),
            Line::of(Role::Text, words::change(f.baseline, f.value)),
            Line::of(Role::Muted, words::made(words::count(f.n))),
            match f.newest_at {
                Some(at) => Line::of(Role::Muted, words::slow_age(at, desk.now)),
                None => Line::fixed(Role::Muted, "-"),
            },
        ],
    };
    let steps = TableView {
        columns: vec![
            growing("STEP", 18, 0),
            column("STATE", 6, 0),
            number("NOW", 7, 0),
            number("USUAL", 7, 0),
            number("CHANGE", 6, 0),
            number("N", 6, 0),
            number("AGE", 4, 1),
        ],
        rows: funnel.iter().map(step).collect(),
        total: funnel.len(),
        empty: Line::fixed(Role::Muted, "No funnel data."),
        ..TableView::default()
    };
    let tall = u16::try_from(funnel.len().max(1) + 1).unwrap_or(8);
    vec![
        titled("funnel ", steps, Rows::Between { min: 2, most: tall }),
        titled("guardrails ", guardrail_table(desk), Rows::Fill { min: 3 }),
    ]
}

/// What is broken or blind first, what nobody measures last, the rest as configured.
fn worst_first(rows: &[GuardrailState]) -> Vec<&GuardrailState> {
    let mut rows: Vec<&GuardrailState> = rows.iter().collect();
    rows.sort_by_key(|g| match g.verdict {
        Verdict::Breach => 0,
        Verdict::Blind => 1,
        Verdict::Unsure if g.judged == Judged::Unmeasured => 3,
        Verdict::Ok | Verdict::Unsure => 2,
    });
    rows
}

const UNKNOWN: &str = "Not known before the first board.";
const NO_GUARDRAIL: &str = "No guardrail is configured.";

fn guardrail_table(desk: &Desk) -> TableView {
    let waiting = desk.board.generated_at == Timestamp::EPOCH;
    let row = |g: &GuardrailState| Row {
        cells: vec![
            text(g.guardrail.as_str()),
            verdict_line(g.verdict),
            text(&g.class),
            text(&g.owner),
            last(Role::Muted, &g.detail),
        ],
    };
    TableView {
        columns: vec![
            growing("GUARDRAIL", 20, 0),
            column("STATE", 6, 0),
            column("CLASS", 12, 1),
            column("OWNER", 16, 0),
            growing("DETAIL", 20, 0),
        ],
        rows: worst_first(&desk.board.guardrails).into_iter().map(row).collect(),
        total: desk.board.guardrails.len(),
        top: desk.ui.scroll,
        empty: Line::fixed(Role::Muted, if waiting { UNKNOWN } else { NO_GUARDRAIL }),
        ..TableView::default()
    }
}

pub fn sources(desk: &Desk) -> Vec<Panel> {
    let board = &desk.board;
    let list = TableView {
        columns: vec![
            column("SOURCE", 14, 0),
            column("KIND", 12, 1),
            column("STATE", 7, 0),
            number("FOR", 4, 0),
            number("LAST OK", 7, 0),
            number("NEXT UTC", 8, 2),
            growing("ERROR", 20, 0),
        ],
        rows: board.sources.iter().map(|s| source(desk, s)).collect(),
        total: board.sources.len(),
        top: desk.ui.scroll,
        empty: Line::fixed(Role::Muted, "No source is configured."),
        ..TableView::default()
    };
    let told = board.sources.iter().filter_map(|s| error(desk, s));
    let pasts = board.sources.iter().flat_map(missing);
    let checks = board.checklist.iter().map(|c| check(desk, c));
    let items: Vec<Item> = told.chain(pasts).chain(checks).chain(notices(desk)).collect();
    let most = u16::try_from(list.total + 1).unwrap_or(40).clamp(2, 40);
    let lines = Lines { items, scroll: 0, label: 6, wrap: true };
    vec![
        titled("sources ", list, Rows::Between { min: 3.min(most), most }),
        Panel::new(Content::Lines(lines), Rows::Fill { min: 4 })
            .titled(Bar::rule(watcher(desk)))
            .ranked(1),
    ]
}

fn source(desk: &Desk, s: &SourceView) -> Row {
    let (word, role) = source_word(s);
    let next = match s.next_at {
        Some(at) => Line::of(Role::Muted, words::instant(at, desk.now)),
        None => Line::fixed(Role::Muted, "-"),
    };
    Row {
        cells: vec![
            text(s.name.as_str()),
            text(&s.kind),
            Line::fixed(role, word),
            Line::of(Role::Text, words::slow_age(s.since, desk.now)),
            match s.last_ok_at {
                Some(at) => Line::of(Role::Text, words::slow_age(at, desk.now)),
                None => Line::fixed(Role::Unsure, "never"),
            },
            next,
            match (s.error.as_deref(), past(s)) {
                (Some(error), _) => last(Role::Warning, error),
                (None, Some((role, words))) => last(role, &words),
                (None, None) => Line::new(),
            },
        ],
    }
}

fn check(desk: &Desk, c: &ChecklistItem) -> Item {
    let (label, role) = if desk.trust() != Trust::Fresh {
        ("then", Role::Stale)
    } else if c.pass {
        ("pass", Role::Ok)
    } else {
        ("FAIL", Role::Warning)
    };
    let mut line = Line::of(role, screen_text(&c.item));
    if !c.detail.is_empty() {
        line = line.say(Role::Text, ": ").and(Role::Text, screen_text(&c.detail));
    }
    if !c.pass && !c.if_failed.is_empty() {
        line = line.say(Role::Muted, "; ").and(Role::Muted, screen_text_last_field(&c.if_failed));
    }
    Item { label: ScreenText::fixed(label), line }
}

/// How far its past has been read while that goes on, else which of it cannot be had and why.
fn past(s: &SourceView) -> Option<(Role, String)> {
    let reading = s.past.iter().filter(|p| p.state == PastState::Reading);
    if let Some(least) = reading.min_by_key(|p| p.days) {
        return Some((Role::Muted, least.words()?));
    }
    let mut missing = s.past.iter().filter(|p| p.state == PastState::Failed);
    let first = missing.next()?.words()?;
    let more = missing.count();
    let more = if more == 0 { String::new() } else { format!("; {more} more") };
    Some((Role::Warning, format!("{first}{more}")))
}

/// What of its past cannot be had, question by question.
fn missing(s: &SourceView) -> impl Iterator<Item = Item> {
    let failed = s.past.iter().filter(|p| p.state == PastState::Failed);
    failed.filter_map(|p| {
        let line = Line::of(Role::Text, screen_text(s.name.as_str()))
            .say(Role::Text, ": ")
            .and(Role::Warning, screen_text_last_field(&p.words()?));
        Some(Item { label: ScreenText::fixed("past"), line })
    })
}

/// An error in full, where the table has no room for it.
fn error(desk: &Desk, s: &SourceView) -> Option<Item> {
    const ROOM: u16 = 20;
    let text = s.error.as_deref().filter(|_| desk.size.w < 120)?;
    let line = Line::of(Role::Text, screen_text(s.name.as_str()))
        .say(Role::Text, ": ")
        .and(Role::Warning, screen_text_last_field(text));
    let long = text.chars().count() > usize::from(ROOM);
    long.then_some(Item { label: ScreenText::fixed("says"), line })
}

fn notices(desk: &Desk) -> impl Iterator<Item = Item> {
    desk.board
        .notices
        .iter()
        .map(|n| Item { label: ScreenText::fixed("note"), line: last(Role::Text, n) })
}

/// Who watches, and since when.
fn watcher(desk: &Desk) -> Line {
    let line = Line::fixed(Role::Title, "checklist ");
    match &desk.board.watcher {
        Some(w) if desk.trust() != Trust::Fresh => {
            let who = screen_text(&format!("{} (pid {}) is silent since ", w.host, w.pid));
            line.say(Role::Stale, " ")
                .and(Role::Stale, who)
                .and(Role::Stale, words::instant(desk.board.generated_at, desk.now))
                .say(Role::Stale, " UTC ")
        }
        Some(w) => {
            let who = screen_text(&format!("watched by {} (pid {}) since ", w.host, w.pid));
            line.say(Role::Text, " ")
                .and(Role::Text, who)
                .and(Role::Text, words::instant(w.since, desk.now))
                .say(Role::Text, " UTC ")
        }
        None => line.say(Role::Blind, " nobody watches: no process polls the sources "),
    }
}
