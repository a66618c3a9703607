//! What one incident says in a cell or a phrase: severity, owner, clocks, money, suspect, state.
//! The list, the banner, the wall and the Incident page share these, so they cannot disagree.

use crate::board::{ActionState, Incident, State};
use crate::desk::order::Verb;
use crate::desk::state::Desk;
use crate::detect::verdict::{Confidence, Verdict};
use crate::domain::severity::Severity;
use crate::domain::text::{ScreenText, screen_text};
use crate::domain::time::Timestamp;

use super::role::Role;
use super::screen::{Column, Line};
use super::words;

pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Sev1 => Role::Sev1,
        Severity::Sev2 => Role::Sev2,
        Severity::Sev3 => Role::Sev3,
        Severity::Sev4 => Role::Sev4,
    }
}

pub fn severity_words(severity: Severity) -> ScreenText {
    ScreenText::fixed(match severity {
        Severity::Sev1 => "Sev 1",
        Severity::Sev2 => "Sev 2",
        Severity::Sev3 => "Sev 3",
        Severity::Sev4 => "Sev 4",
    })
}

pub fn verdict_line(verdict: Verdict) -> Line {
    match verdict {
        Verdict::Ok => Line::fixed(Role::Ok, "ok"),
        Verdict::Unsure => Line::fixed(Role::Unsure, "unsure"),
        Verdict::Blind => Line::fixed(Role::Blind, "BLIND"),
        Verdict::Breach => Line::fixed(Role::Warning, "BREACH"),
    }
}

pub fn journey(x: &Incident) -> ScreenText {
    x.journey.as_ref().map_or(ScreenText::fixed("shop"), |j| screen_text(j.as_str()))
}

/// Who has it, `-` when nobody; with `..` while an acknowledgement is not stored yet.
pub fn owner_cell(desk: &Desk, x: &Incident) -> Line {
    if desk.is_pending(&x.id, Verb::Acknowledge) {
        return Line::of(Role::Muted, own_name(desk)).say(Role::Muted, "..");
    }
    match holder(x) {
        Some(name) => Line::of(Role::Text, screen_text(name)),
        None if x.state.is_open() => Line::fixed(Role::Warning, "nobody"),
        None => Line::fixed(Role::Muted, "-"),
    }
}

pub fn holder(x: &Incident) -> Option<&str> {
    x.owner.as_deref().or(x.acked_by.as_deref())
}

pub fn own_name(desk: &Desk) -> ScreenText {
    match desk.setup.operator.as_str() {
        "" => ScreenText::fixed("you"),
        name => screen_text(name),
    }
}

fn clock_role(due: Timestamp, now: Timestamp) -> Role {
    if words::seconds_to(due, now) < 60 { Role::ClockLate } else { Role::Clock }
}

/// The list's ack column.
pub fn ack_cell(x: &Incident, now: Timestamp) -> Line {
    match (x.acked_at, x.ack_due_at) {
        _ if !x.state.is_open() => Line::fixed(Role::Muted, "-"),
        (Some(_), _) => Line::fixed(Role::Ok, "acked"),
        (None, Some(due)) => Line::of(clock_role(due, now), words::countdown(due, now)),
        (None, None) => Line::fixed(Role::Muted, "-"),
    }
}

/// The list's decide column: the clock, or what came of it.
pub fn decide_cell(x: &Incident, now: Timestamp) -> Line {
    let word = match x.state {
        State::Mitigating => "acting",
        State::Verifying => "verify",
        State::Mitigated => "better",
        State::Resolved | State::Reviewed | State::Cancelled if x.firing => {
            return Line::fixed(Role::Warning, "FIRING"); // closed by hand, and it goes on
        }
        State::Resolved | State::Reviewed => "closed",
        State::Cancelled => "no inc.",
        State::Pending | State::Triggered | State::Acknowledged => {
            return match (&x.decision, x.decide_due_at) {
                (Some(_), _) => Line::fixed(Role::Ok, "decided"),
                (None, Some(due)) => Line::of(clock_role(due, now), words::countdown(due, now)),
                (None, None) => Line::fixed(Role::Muted, "-"),
            };
        }
    };
    let role = if x.state.is_open() { Role::Accent } else { Role::Muted };
    Line::fixed(role, word)
}

/// `ack in 2m40s`, `ACK LATE 1m05s`, `acked`.
pub fn ack_phrase(x: &Incident, now: Timestamp) -> Line {
    match (x.acked_at, x.ack_due_at) {
        (Some(_), _) => Line::fixed(Role::Ok, "acked"),
        (None, Some(due)) => phrase(("ack in ", "ACK LATE "), due, now),
        (None, None) => Line::fixed(Role::Muted, "no ack target"),
    }
}

/// `decide in 12m40s`, `DECIDE LATE 3s`, `decided hold`, or how the action stands.
pub fn decide_phrase(x: &Incident, now: Timestamp) -> Line {
    let flying = matches!(x.state, State::Mitigating | State::Verifying | State::Mitigated);
    if let Some(action) = x.action.as_ref().filter(|_| flying) {
        return Line::fixed(Role::Accent, action_words(action.state));
    }
    match (&x.decision, x.decide_due_at) {
        (Some(d), _) => {
            Line::fixed(Role::Ok, "decided ").and(Role::Ok, ScreenText::fixed(d.choice.name()))
        }
        (None, Some(due)) => phrase(("decide in ", "DECIDE LATE "), due, now),
        (None, None) => Line::fixed(Role::Muted, "no decision due"),
    }
}

fn phrase(heads: (&'static str, &'static str), due: Timestamp, now: Timestamp) -> Line {
    let secs = words::seconds_to(due, now);
    let head = if secs < 0 { heads.1 } else { heads.0 };
    let role = clock_role(due, now);
    Line::fixed(role, head).and(role, ScreenText::made(words::length(secs)))
}

pub fn action_words(state: ActionState) -> &'static str {
    match state {
        ActionState::Prepared => "rollback prepared, not sent yet",
        ActionState::Sent => "rollback sent, no answer yet",
        ActionState::Accepted => "rollback accepted",
        ActionState::Refused => "ROLLBACK REFUSED",
        ActionState::NotSent => "ROLLBACK NOT SENT",
        ActionState::Unknown => "ROLLBACK OUTCOME UNKNOWN",
        ActionState::Verifying => "rolled back, watching recovery",
        ActionState::Verified => "rollback worked",
        ActionState::NotHelping => "ROLLBACK DOES NOT HELP",
    }
}

/// `EUR 410-690/min`, `EUR/min unknown`.
pub fn money_phrase(x: &Incident) -> Line {
    match &x.revenue_at_risk {
        Some(m) => Line::of(Role::Money, words::per_minute(m)),
        None => Line::fixed(Role::Muted, "money/min unknown"),
    }
}

/// `lost EUR 1,200-2,050`; none when it cannot be said.
pub fn lost_phrase(x: &Incident) -> Option<Line> {
    let currency = x.revenue_at_risk.as_ref().map_or("", |m| m.currency.as_str());
    let text = x.lost.map(|r| format!("lost {currency} {}", words::range(r)))?;
    Some(Line::of(Role::Money, screen_text(&text)))
}

/// The guilty release, or that there is none.
pub fn suspect_phrase(x: &Incident) -> Line {
    match &x.suspect.release {
        Some(id) => Line::of(Role::Link, screen_text(id.as_str())),
        None => Line::fixed(Role::Muted, "no release explains this"),
    }
}

pub const fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
        Confidence::None => "none",
    }
}

/// Segments in a few words: the first one and how many more.
pub fn segments(x: &Incident) -> ScreenText {
    match x.segments.as_slice() {
        [] => ScreenText::fixed("whole shop"),
        [one] => screen_text(&one.to_string()),
        [one, rest @ ..] => screen_text(&format!("{one} and {} more", rest.len())),
    }
}

/// A column that keeps its width.
pub fn column(head: &'static str, width: u16, rank: u8) -> Column {
    Column { head: ScreenText::fixed(head), width, grow: 0, right: false, rank }
}

/// A column that takes what is left.
pub fn growing(head: &'static str, width: u16, rank: u8) -> Column {
    Column { grow: 1, ..column(head, width, rank) }
}

/// A column of numbers.
pub fn number(head: &'static str, width: u16, rank: u8) -> Column {
    Column { right: true, ..column(head, width, rank) }
}
