//! The Incident page: why this severity, what speaks for and against, what was done, and the
//! findings. Order is the order of questions at night; on wide screens the story stands beside it.

use crate::board::{Action, Decision, IncidentView, TimelineEntry};
use crate::desk::state::Desk;
use crate::domain::text::{ScreenText, screen_text, screen_text_last_field};
use crate::incident::words::suspect as suspect_words;
use crate::policy::severity::Notify;
use crate::verdict::Finding;

use super::clocks::{self, column, growing, number};
use super::evidence;
use super::role::Role;
use super::screen::{Bar, Content, Item, Line, Lines, Panel, Row, Rows, TableView};
use super::strip;
use super::told;
use super::words;

/// From this many columns on there is room for a second column of panels.
const WIDE: u16 = 110;

pub fn panels(desk: &Desk) -> Vec<Panel> {
    let Some(x) = desk.selected() else {
        let none =
            Item { line: Line::fixed(Role::Muted, "No incident is selected."), ..Item::default() };
        let lines = Lines { items: vec![none], ..Lines::default() };
        return vec![Panel::new(Content::Lines(lines), Rows::Fill { min: 1 })];
    };
    let wide = desk.size.w >= WIDE;
    let mut items = story(desk, x);
    if !wide {
        items.extend(findings_lines(x));
        items.extend(history(desk, x));
    }
    let lines = Lines { items, scroll: desk.ui.scroll, label: 11, wrap: true };
    let head = Panel::new(Content::Lines(lines), Rows::Fill { min: 5 }).titled(title(x));
    let strip = Panel::new(Content::Timeline(strip::strip(desk, x)), Rows::Exact(1)).ranked(2);
    let mut all = vec![head, strip];
    if wide {
        let rows = u16::try_from(x.findings.len()).unwrap_or(20).clamp(1, 20);
        let table =
            Panel::new(Content::Table(findings(x)), Rows::Between { min: 3, most: rows + 1 });
        all.insert(1, table.titled(Bar::rule(Line::fixed(Role::Title, "findings "))).ranked(1));
        let past = past(desk, x).beside();
        all.push(Panel { rows: Rows::Fill { min: 2 }, ..past });
    }
    all
}

fn title(x: &IncidentView) -> Bar {
    let role = clocks::severity_role(x.severity);
    Bar::rule(
        Line::of(Role::Title, screen_text(x.id.as_str()))
            .say(Role::Text, " ")
            .and(role, clocks::severity_words(x.severity))
            .say(Role::Text, " ")
            .say(Role::Text, x.state.name())
            .say(Role::Text, " "),
    )
    .right(1, Line::of(Role::Text, clocks::segments(x)).say(Role::Text, " "))
}

/// The story and the past, for the Incidents page where there is room.
pub fn story_panels(desk: &Desk, x: &IncidentView) -> impl Iterator<Item = Panel> {
    let lines = Lines { items: story(desk, x), scroll: 0, label: 10, wrap: true };
    let why = Panel::new(Content::Lines(lines), Rows::Fill { min: 8 })
        .titled(Bar::rule(Line::fixed(Role::Title, "why ")))
        .ranked(3);
    [why, past(desk, x).ranked(4)].into_iter()
}

fn past(desk: &Desk, x: &IncidentView) -> Panel {
    let lines = Lines { items: history(desk, x), scroll: 0, label: 10, wrap: true };
    let most = u16::try_from(lines.items.len()).unwrap_or(20).clamp(2, 20);
    Panel::new(Content::Lines(lines), Rows::Between { min: 2, most })
        .titled(Bar::rule(Line::fixed(Role::Title, "journal ")))
}

fn item(label: &'static str, line: Line) -> Item {
    Item { label: ScreenText::fixed(label), line }
}

fn text(label: &'static str, role: Role, words: &str) -> Item {
    item(label, Line::of(role, screen_text_last_field(words)))
}

/// One item for each of several sentences, the label at the first.
fn each(label: &'static str, mark: &'static str, role: Role, all: &[String]) -> Vec<Item> {
    let line = |s: &String| Line::fixed(role, mark).and(Role::Text, screen_text_last_field(s));
    all.iter().enumerate().map(|(i, s)| item(if i == 0 { label } else { "" }, line(s))).collect()
}

fn story(desk: &Desk, x: &IncidentView) -> Vec<Item> {
    let what = if x.ended_at.is_some() && !x.firing { "Was" } else { "What" };
    let mut all = vec![text(what, Role::Title, &x.headline), item("Where", scopes(x))];
    all.push(text("Why", Role::Text, &x.rule));
    if !x.raise.is_empty() {
        all.push(text("Worse", Role::Muted, &x.raise));
    }
    all.extend(x.action.as_ref().map(|action| item("Action", action_line(desk, action))));
    all.extend(x.decision.as_ref().map(|d| item("Decision", decision(desk, d))));
    all.push(item("Next", evidence::next(desk, x)));
    all.extend(response(desk, x));
    all.extend(told::items(desk, x));
    all.push(item("Since", since(desk, x)));
    all.push(item("Money", money(x)));
    all.extend(each("For", "+ ", Role::Warning, &x.evidence_for));
    all.extend(each("Against", "- ", Role::Ok, &x.evidence_against));
    all.extend(suspect(x));
    all
}

/// What the policy says to do and whom to call: of the first finding whose row says something, and
/// of the severity.
pub(super) fn response(desk: &Desk, x: &IncidentView) -> Vec<Item> {
    if !x.state.is_open() {
        return Vec::new();
    }
    let policy = &desk.board.policy;
    let mut rows = x.findings.iter().filter_map(|f| policy.of_guardrail(&f.guardrail));
    let row = rows.find(|row| !row.response.is_empty() || !row.escalation.is_empty());
    let mut all = Vec::new();
    if let Some(row) = row.filter(|row| !row.response.is_empty()) {
        let line = Line::of(Role::Text, screen_text(&row.response))
            .say(Role::Muted, " (")
            .and(Role::Muted, screen_text(row.guardrail.as_str()))
            .say(Role::Muted, ")");
        all.push(item("Response", line));
    }
    let whom = row.map(|row| row.escalation.join(", then ")).unwrap_or_default();
    if !whom.is_empty() {
        let told = policy.severities.iter().find(|s| s.severity == x.severity);
        let how = match told.map(|s| s.notify) {
            Some(Notify::Page) => " (this severity pages)",
            Some(Notify::Ticket) => " (this severity writes a ticket)",
            None => "",
        };
        let line = Line::of(Role::Text, screen_text(&whom)).say(Role::Muted, how);
        all.push(item("Escalate", line));
    }
    all
}

fn decision(desk: &Desk, d: &Decision) -> Line {
    let line = Line::fixed(Role::Accent, d.choice.name())
        .say(Role::Text, " by ")
        .and(Role::Text, screen_text(&d.by))
        .say(Role::Text, ": ")
        .and(Role::Text, screen_text(&d.reason));
    match d.recheck_at {
        Some(at) => line
            .say(Role::Text, "; look again in ")
            .and(Role::Clock, words::clock_words(at, desk.now)),
        None => line,
    }
}

fn scopes(x: &IncidentView) -> Line {
    let all: Vec<String> = x.segments.iter().take(6).map(ToString::to_string).collect();
    match (all.is_empty(), x.segments.len().saturating_sub(6)) {
        (true, _) => Line::fixed(Role::Text, "whole shop"),
        (_, 0) => Line::of(Role::Text, screen_text(&all.join("; "))),
        (_, more) => Line::of(Role::Text, screen_text(&format!("{} (+{more})", all.join("; ")))),
    }
}

fn since(desk: &Desk, x: &IncidentView) -> Line {
    let zone = desk.setup.zone;
    let line = Line::fixed(Role::Text, "harm began about ")
        .and(Role::Text, words::both_times(x.onset_at, zone))
        .say(Role::Text, ", opened ")
        .and(Role::Text, words::instant(x.opened_at, desk.now))
        .say(Role::Text, " UTC");
    let line = match x.ended_at {
        Some(end) => line
            .say(Role::Ok, ", over since ")
            .and(Role::Ok, words::instant(end, desk.now))
            .say(Role::Text, " UTC, lasted ")
            .and(Role::Text, clocks::hurt_for(x, desk.now)),
        None => line,
    };
    match x.occurrences {
        0 | 1 => line,
        n => line.and(Role::Warning, words::made(format!(", occurrence {n}"))),
    }
}

fn money(x: &IncidentView) -> Line {
    let mut line = clocks::money_phrase(x);
    if let Some(lost) = clocks::lost_phrase(x) {
        line = line.say(Role::Text, ", ").and_line(lost);
    }
    line = match x.affected {
        Some(r) => line.and(Role::Text, words::made(format!(", {} sessions hit", words::range(r)))),
        None => line.say(Role::Muted, ", sessions hit unknown"),
    };
    if x.money_method.is_empty() {
        return line;
    }
    line.say(Role::Muted, " (").and(Role::Muted, screen_text(&x.money_method)).say(Role::Muted, ")")
}

fn suspect(x: &IncidentView) -> Vec<Item> {
    let s = &x.suspect;
    let head = match &s.release {
        Some(id) => Line::of(Role::Link, screen_text(id.as_str()))
            .say(Role::Text, ", confidence ")
            .say(Role::Text, clocks::confidence_word(s.confidence)),
        None => Line::of(Role::Text, screen_text(&suspect_words(s))),
    };
    let mut all = vec![item("Suspect", head)];
    all.extend(each("", "+ ", Role::Warning, &s.reasons));
    all.extend(each("", "- ", Role::Ok, &s.against));
    all.extend(s.considered.iter().take(8).map(|c| {
        let line = Line::fixed(Role::Muted, "  ")
            .and(Role::Muted, screen_text(c.release.as_str()))
            .say(Role::Muted, " ")
            .and(Role::Muted, screen_text(&c.why));
        item("", line)
    }));
    all
}

fn action_line(desk: &Desk, a: &Action) -> Line {
    let line = Line::fixed(clocks::action_role(a.state), clocks::action_words(a.state))
        .say(Role::Text, ": ")
        .and(Role::Link, screen_text(a.from.as_str()))
        .say(Role::Text, " -> ")
        .and(Role::Link, screen_text(a.to.as_str()))
        .say(Role::Text, " by ")
        .and(Role::Text, screen_text(&a.by));
    let line = match a.sent_at {
        Some(at) => line
            .say(Role::Text, ", sent ")
            .and(Role::Text, words::slow_age(at, desk.now))
            .say(Role::Text, " ago"),
        None => line.say(Role::Warning, ", not sent"),
    };
    match a.detail.as_str() {
        "" => line,
        detail => line.say(Role::Text, "; ").and(Role::Text, screen_text(detail)),
    }
}

fn history(desk: &Desk, x: &IncidentView) -> Vec<Item> {
    x.timeline.iter().rev().map(|e| entry(desk, e)).collect()
}

fn entry(desk: &Desk, e: &TimelineEntry) -> Item {
    Item {
        label: words::instant(e.at, desk.now),
        line: Line::of(Role::Accent, screen_text(&e.actor))
            .say(Role::Text, " ")
            .and(Role::Text, screen_text_last_field(&e.text)),
    }
}

/// Findings where there is no room for a table: the sentence, then the test that says so.
fn findings_lines(x: &IncidentView) -> Vec<Item> {
    let lines = x.findings.iter().enumerate().map(|(i, f)| {
        let line = clocks::verdict_line(f.verdict)
            .say(Role::Text, " ")
            .and(Role::Text, screen_text(f.guardrail.as_str()))
            .say(Role::Text, ": ")
            .and(Role::Text, screen_text(&f.text))
            .say(Role::Muted, " [")
            .and(Role::Muted, screen_text(&f.test))
            .say(Role::Muted, "]");
        item(if i == 0 { "Findings" } else { "" }, line)
    });
    lines.collect()
}

fn findings(x: &IncidentView) -> TableView {
    let row = |f: &Finding| Row {
        cells: vec![
            clocks::verdict_line(f.verdict),
            Line::of(Role::Text, screen_text(f.metric.row().label)),
            Line::of(Role::Text, screen_text(&f.segment.to_string())),
            match f.now {
                Some(_) => Line::of(Role::Warning, words::value(f.value, &f.unit)),
                None => Line::fixed(Role::Muted, "-"),
            },
            Line::of(Role::Text, words::value(f.now.or(f.value), &f.unit)),
            Line::of(Role::Muted, words::value(f.baseline, &f.unit)),
            Line::of(Role::Muted, words::made(words::count(f.n))),
            Line::of(Role::Muted, screen_text(f.guardrail.as_str())),
            Line::of(Role::Muted, screen_text_last_field(&f.test)),
        ],
    };
    TableView {
        columns: vec![
            column("", 6, 0),
            growing("METRIC", 14, 0),
            growing("SEGMENT", 10, 0),
            number("WAS", 7, 2),
            number("NOW", 7, 0),
            number("USUAL", 7, 0),
            number("N", 6, 1),
            growing("GUARDRAIL", 16, 3),
            growing("TEST", 14, 4),
        ],
        rows: x.findings.iter().map(row).collect(),
        total: x.findings.len(),
        empty: Line::fixed(Role::Muted, "No findings are attached."),
        ..TableView::default()
    }
}
