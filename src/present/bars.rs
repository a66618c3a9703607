//! The rows around the body: title with source health, banner, toast, prompt, key hints, summary.
//! The banner is the worst open incident wherever one is; it never scrolls away.

use crate::board::standing::{Standing, fires_on};
use crate::board::{IncidentView, SourceState, SourceView};
use crate::desk::command::{Command, OrderKey, ViewKey};
use crate::desk::dialog::Dialog;
use crate::desk::order::Say;
use crate::desk::page::Page;
use crate::desk::state::{Desk, Seat, Watching};
use crate::desk::ui::Toast;
use crate::domain::text::screen_text;
use crate::domain::time::Timestamp;
use crate::incident::order::OrderKind;

use super::clocks::{self, key_of};
use super::role::Role;
use super::say;
use super::screen::{Bar, Line};
use super::standing;
use super::trouble;
use super::words;

/// Rows from which more than one standing line has room.
const TALL: u16 = 36;

pub fn title(desk: &Desk) -> Bar {
    let who = match desk.role() {
        Seat::Operator => Line::of(Role::Text, clocks::own_name(desk)).and_line(follows(desk)),
        Seat::Observer => Line::fixed(Role::Warning, "observer, read-only"),
        Seat::Wall => Line::new(),
    };
    let times = words::both_times(desk.now, desk.setup.zone);
    let mut bar = Bar::new(Role::Title)
        .left(5, Line::fixed(Role::Title, " tillwatch"))
        .left(3, Line::fixed(Role::Title, " ").and(Role::Title, screen_text(&desk.board.site)))
        .left(
            0,
            Line::fixed(Role::Accent, " ")
                .say(Role::Accent, desk.ui.page.name())
                .say(Role::Text, " "),
        )
        .right(2, who.say(Role::Text, "  "))
        .right(1, Line::of(Role::Text, times).say(Role::Text, "  "))
        .right(0, health(desk).say(Role::Text, " "));
    if desk.board.speed > 1.0 {
        let speed = screen_text(&format!("x{:.0}  ", desk.board.speed));
        bar.right.insert(0, super::screen::Part { line: Line::of(Role::Muted, speed), rank: 4 });
    }
    bar
}

/// Said beside the name while another process watches.
fn follows(desk: &Desk) -> Line {
    match desk.watching {
        Some(Watching::Elsewhere(_)) => Line::fixed(Role::Warning, " (follows)"),
        Some(Watching::Blocked(_)) => Line::fixed(Role::Error, " (not watching)"),
        Some(Watching::Here) | None => Line::new(),
    }
}

/// `4 live`, `3 live, orders stale`: what is not live is named.
pub fn health(desk: &Desk) -> Line {
    let sources = &desk.board.sources;
    if stale_line(desk).is_some() {
        return Line::fixed(Role::Stale, "sources not known");
    }
    let live = sources.iter().filter(|s| s.state == SourceState::Live).count();
    let mut line = match (sources.len(), live) {
        (0, _) => return Line::fixed(Role::Muted, "no sources yet"),
        (all, live) if all == live => Line::of(Role::Ok, screen_text(&format!("{live} live"))),
        (_, live) => Line::of(Role::Text, screen_text(&format!("{live} live"))),
    };
    let bad: Vec<_> = sources.iter().filter(|s| s.state != SourceState::Live).collect();
    for source in bad.iter().take(2) {
        let (word, role) = source_word(source);
        let name = screen_text(source.name.as_str()).cut(12);
        line = line.say(Role::Text, ", ").and(role, name).say(role, " ").say(role, word);
    }
    match bad.len().saturating_sub(2) {
        0 => line,
        more => line.and(Role::Warning, screen_text(&format!(" +{more}"))),
    }
}

/// The state of a source in a word; one that was not heard yet is no stale one.
pub fn source_word(source: &SourceView) -> (&'static str, Role) {
    let unheard = source.last_ok_at.is_none() && source.error.is_none();
    match source.state {
        SourceState::Live => ("live", Role::Ok),
        SourceState::Stale | SourceState::Partial if unheard => ("awaited", Role::Unsure),
        SourceState::Stale => ("stale", Role::Stale),
        SourceState::Partial => ("partial", Role::Unsure),
        SourceState::Suspect => ("suspect", Role::Unsure),
        SourceState::Blind => ("BLIND", Role::Blind),
    }
}

/// The warning about the picture itself; none while the board is fresh.
pub fn stale_line(desk: &Desk) -> Option<Line> {
    if is_waiting(desk) {
        let why = desk.lost.as_deref()?;
        return Some(Line::fixed(Role::Error, " NO DATA: ").and(Role::Error, screen_text(why)));
    }
    if let Some(why) = &desk.lost {
        let line = Line::fixed(Role::Error, " NO FRESH DATA since ")
            .and(Role::Error, words::made(words::hm_utc(desk.board.generated_at)))
            .say(Role::Error, ": ")
            .and(Role::Error, screen_text(why));
        return Some(line);
    }
    let standing = desk.standing();
    let said = || standing::sentence(&desk.board, standing, desk.trust());
    desk.is_stale().then(|| Line::fixed(Role::Error, " ").and(Role::Error, screen_text(&said())))
}

/// No board came yet.
fn is_waiting(desk: &Desk) -> bool {
    desk.board.generated_at == Timestamp::EPOCH
}

pub fn banner(desk: &Desk) -> Vec<Bar> {
    let stale = stale_line(desk).map(|line| Bar::new(Role::Error).left(0, line));
    let rest = match desk.worst() {
        Some(worst) => vec![headline(desk, worst), facts(desk, worst)],
        None => vec![calm(desk)],
    };
    stale.into_iter().chain(rest).chain(trouble::bar(desk)).chain(lasting(desk)).collect()
}

/// Rows for what stands until it is over: one on a small screen, three on a tall one.
fn lasting(desk: &Desk) -> Vec<Bar> {
    let lines = standing::lines(&desk.board, desk.standing());
    let room = if desk.size.h >= TALL { 3 } else { 1 };
    let more = lines.len().saturating_sub(room);
    let last = room.min(lines.len()).saturating_sub(1);
    let bar = |(i, text): (usize, &String)| {
        let said = Line::fixed(Role::Warning, " ! ").and(Role::Warning, screen_text(text));
        let bar = Bar::new(Role::Text).left(0, said);
        if i == last && more > 0 {
            let more = words::made(format!(" +{more} more "));
            return bar.right(0, Line::of(Role::Warning, more));
        }
        bar
    };
    lines.iter().take(room).enumerate().map(bar).collect()
}

fn headline(desk: &Desk, x: &IncidentView) -> Bar {
    let role = clocks::severity_role(x.severity);
    let owner = match clocks::holder(x) {
        Some(name) => Line::of(role, screen_text(name).cut(16)).say(role, " has it"),
        None if desk.is_pending(&x.id, OrderKind::Acknowledge) => {
            Line::of(role, clocks::own_name(desk)).say(role, " has it, not stored yet")
        }
        None => Line::fixed(role, "NOBODY HAS IT"),
    };
    let place = match clocks::narrow(x) {
        Some(narrow) => Line::of(role, clocks::journey(x)).say(role, " · ").and(role, narrow),
        None => Line::of(role, clocks::journey(x)),
    };
    Bar::new(role)
        .left(0, Line::fixed(role, " ").and(role, clocks::severity_words(x.severity)))
        .left(0, Line::fixed(role, "  ").and_line(place).say(role, ": "))
        .left(0, if x.stored { Line::new() } else { Line::fixed(Role::Error, "NOT STORED ") })
        .left(0, Line::of(role, screen_text(&x.headline)))
        .right(0, Line::fixed(role, "  "))
        .right(0, owner)
        .right(1, Line::fixed(role, "  ").and(role, screen_text(x.id.as_str())))
        .right(0, Line::fixed(role, " "))
}

fn facts(desk: &Desk, x: &IncidentView) -> Bar {
    let gap =
        |line: Line| Line(Line::fixed(Role::Text, "  ").0.into_iter().chain(line.0).collect());
    let (ack, decide) = (clocks::ack_phrase(desk, x), clocks::decide_phrase(x, desk.now));
    // an action that runs is told before a promise that ran out
    let (first, second) = if clocks::is_acting(x) { (decide, ack) } else { (ack, decide) };
    let mut bar = Bar::new(Role::Text)
        .left(0, Line::fixed(Role::Text, " ").and_line(first))
        .left(0, gap(second))
        .left(0, gap(clocks::money_phrase(x)));
    if let Some(due) = x.timer_due_at {
        let timer =
            Line::fixed(Role::Clock, "timer ").and(Role::Clock, words::clock_words(due, desk.now));
        bar = bar.left(2, gap(timer));
    }
    bar = bar.left(0, gap(clocks::suspect_phrase(x)));
    if x.suspect.release.is_some() {
        let word = clocks::confidence_word(x.suspect.confidence);
        bar = bar
            .left(3, Line::fixed(Role::Muted, " (").say(Role::Muted, word).say(Role::Muted, ")"));
    }
    match clocks::lost_phrase(x) {
        Some(lost) => bar.left(4, gap(lost)),
        None => bar,
    }
}

/// No incident is open: how the board stands. Green is said of calm alone.
fn calm(desk: &Desk) -> Bar {
    let standing = desk.standing();
    let line = match standing {
        _ if is_waiting(desk) => Line::fixed(Role::Unsure, " Waiting for the first board"),
        Standing::Stale => {
            Line::fixed(Role::Unsure, " Nothing was open then; what is open now is not known")
        }
        Standing::Open
        | Standing::Firing
        | Standing::Blind
        | Standing::Learning
        | Standing::Unsure
        | Standing::Recovering
        | Standing::Calm => {
            let fires = desk.board.incidents.iter().find(|x| fires_on(x));
            let severity = fires.filter(|_| standing == Standing::Firing).map(|x| x.severity);
            let role = severity.map_or(standing::role(standing), clocks::severity_role);
            let said = standing::sentence(&desk.board, standing, desk.trust());
            Line::fixed(role, " ").and(role, screen_text(&said))
        }
    };
    Bar::new(Role::Text).left(0, line)
}

pub fn toast(desk: &Desk) -> Option<Line> {
    if let Some(pending) = desk.pending.last() {
        return Some(say::pending(desk, pending));
    }
    // an answer to the last key is told before the offer to take the one before it back
    let fresh = |t: &&Toast| t.say != Say::Stored(OrderKind::Acknowledge);
    if let Some(toast) = desk.ui.toast.as_ref().filter(fresh) {
        return Some(say::toast(desk, toast));
    }
    if let Some(undo) = &desk.ui.undo {
        let key = key_of(desk, OrderKey::Undo);
        return Some(
            Line::fixed(Role::Ok, " Acknowledged and stored: ")
                .and(Role::Text, screen_text(&say::named(desk, &undo.incident)))
                .say(Role::Text, ". ")
                .and(Role::Key, key)
                .say(Role::Text, " takes it back for ")
                .and(Role::Text, words::span(desk.setup.undo))
                .say(Role::Text, "."),
        );
    }
    if let Some(toast) = &desk.ui.toast {
        return Some(say::toast(desk, toast));
    }
    Some(Line::fixed(Role::Muted, " ").and_line(followed(desk)?))
}

/// Who watches for a screen that would watch itself if it could.
fn followed(desk: &Desk) -> Option<Line> {
    let Some(Watching::Elsewhere(_)) = desk.watching else { return None };
    let line = Line::fixed(Role::Muted, "Following ");
    let line = match &desk.board.watcher {
        Some(w) => line.and(Role::Muted, screen_text(&format!("{} pid {}", w.host, w.pid))),
        None => line.say(Role::Muted, "the watcher"),
    };
    Some(line.say(Role::Muted, "; this session takes over when it ends."))
}

pub fn prompt(desk: &Desk) -> Bar {
    let mut bar = Bar::new(Role::Text);
    let listed = matches!(desk.ui.page, Page::Incidents | Page::Releases | Page::Journal);
    if let Some(Dialog::Filter { .. }) = desk.ui.dialog {
        bar = bar
            .left(0, Line::fixed(Role::Key, " /").and(Role::Text, screen_text(&desk.ui.filter)))
            .left(0, Line::fixed(Role::Focus, "_"))
            .right(1, Line::fixed(Role::Muted, "enter keeps it, esc drops it "));
    } else if listed && !desk.ui.filter.is_empty() {
        bar = bar
            .left(
                0,
                Line::fixed(Role::Warning, " filter ")
                    .and(Role::Text, screen_text(&desk.ui.filter)),
            )
            .right(1, Line::fixed(Role::Muted, "esc clears it "));
    }
    if let Some(line) = elsewhere(desk) {
        bar = bar.right(0, line);
    }
    let list = &desk.ui.list;
    if list.unseen() > 0 {
        let text = format!("{} new ", list.unseen());
        bar = bar.right(0, Line::of(Role::Warning, screen_text(&text)));
    }
    if desk.ui.page == Page::Incidents && !list.is_empty() {
        let text = format!("{}/{} ", list.at() + 1, list.len());
        bar = bar.right(0, Line::of(Role::Muted, screen_text(&text)));
    }
    bar
}

/// Said where orders would not go to the incident that the banner names.
fn elsewhere(desk: &Desk) -> Option<Line> {
    let orders = desk.role() == Seat::Operator && desk.ui.dialog.is_none();
    let banner = desk.bannered().filter(|_| orders)?;
    let rollback = desk.ui.page == Page::Releases;
    let command = if rollback { OrderKey::Rollback } else { OrderKey::Acknowledge };
    let target = desk.target(command).filter(|x| x.id != banner.id)?;
    let line = if rollback {
        Line::of(Role::Key, key_of(desk, command)).say(Role::Warning, " acts on ")
    } else {
        Line::fixed(Role::Warning, "keys act on ")
    };
    let line = line.and(Role::Warning, screen_text(target.id.as_str()));
    Some(line.say(Role::Warning, ", not on the banner's "))
}

/// The keys that matter here; what does not fit goes from the back.
pub fn hints(desk: &Desk) -> Bar {
    let operator = desk.role() == Seat::Operator;
    let page: &[ViewKey] = match desk.ui.page {
        Page::Incidents => &[ViewKey::Open, ViewKey::Heatmap, ViewKey::Releases, ViewKey::Sources],
        Page::Incident => &[ViewKey::Open, ViewKey::Back, ViewKey::Heatmap, ViewKey::Releases],
        Page::Heatmap => &[ViewKey::Columns, ViewKey::Rows, ViewKey::NextMetric, ViewKey::Open],
        Page::Releases => &[ViewKey::Open, ViewKey::Back, ViewKey::Filter],
        Page::Journal => &[ViewKey::Everything, ViewKey::Back, ViewKey::Filter],
        Page::Journeys | Page::Guardrails | Page::Sources => &[ViewKey::Incidents, ViewKey::Back],
    };
    let first: &[_] = &[OrderKey::Acknowledge, OrderKey::Decide, OrderKey::Rollback];
    let later: &[_] = &[OrderKey::Timer, OrderKey::Note];
    let own = |keys: &'static [OrderKey]| keys.iter().filter(move |_| operator).copied();
    let page = page.iter().copied().map(Command::View);
    let all = own(first).map(Command::Order).chain(page).chain(own(later).map(Command::Order));
    let mut bar = Bar::new(Role::Muted);
    for (i, command) in all.enumerate() {
        bar = bar.left(u8::try_from(i).unwrap_or(u8::MAX).saturating_add(1), hint(desk, command));
    }
    let always = [ViewKey::Help, ViewKey::Quit];
    always.into_iter().fold(bar, |bar, key| bar.right(0, hint(desk, key.into())))
}

fn hint(desk: &Desk, command: Command) -> Line {
    let row = command.row();
    let role = if command.is_order() { Role::Text } else { Role::Muted };
    Line::fixed(role, " ")
        .and(Role::Key, key_of(desk, command))
        .say(role, " ")
        .say(role, row.hint)
        .say(role, " ")
}

/// What is left below 40x12: the worst and what it costs, and whether that is true.
pub fn summary(desk: &Desk) -> Vec<Line> {
    let open = desk.board.incidents.iter().filter(|x| x.state.is_open()).count();
    let first = match desk.worst() {
        Some(x) => {
            let role = clocks::severity_role(x.severity);
            Line::of(role, clocks::severity_words(x.severity))
                .say(Role::Text, " ")
                .and(Role::Text, clocks::journey(x))
                .say(Role::Text, " ")
                .and_line(if clocks::asks_ack(x) && !clocks::is_acting(x) {
                    clocks::ack_phrase(desk, x)
                } else {
                    clocks::decide_phrase(x, desk.now)
                })
                .say(Role::Text, " ")
                .and_line(clocks::money_phrase(x))
        }
        None => calm(desk).left.into_iter().next().map(|p| p.line).unwrap_or_default(),
    };
    let second = stale_line(desk).unwrap_or_else(|| {
        Line::of(Role::Text, screen_text(&format!("{open} open, "))).and_line(health(desk))
    });
    let trouble = trouble::all(desk).first().map(|(_, t)| Line::of(Role::ClockLate, t.text()));
    let hidden =
        desk.ui.dialog.is_some().then(|| {
            Line::fixed(Role::Warning, "A dialog is open and does not fit: enlarge, or esc")
        });
    hidden.into_iter().chain([first]).chain(trouble).chain([second]).collect()
}
