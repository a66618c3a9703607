//! What one incident says in a cell or a phrase: severity, owner, clocks, money, suspect, state.
//! The list, the banner, the wall and the Incident page share these, so they cannot disagree.

use crate::board::{ActionState, Decision, IncidentView, State};
use crate::desk::command::{Command, OrderKey};
use crate::desk::state::{Desk, Seat};
use crate::domain::segment::Dim;
use crate::domain::severity::Severity;
use crate::domain::text::{ScreenText, screen_text};
use crate::domain::time::Timestamp;
use crate::incident::order::OrderKind;
use crate::incident::words::tie;
use crate::verdict::{Confidence, Verdict};

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

pub fn journey(x: &IncidentView) -> ScreenText {
    x.journey.as_ref().map_or(ScreenText::fixed("shop"), |j| screen_text(j.as_str()))
}

/// The one place that is hit, where it is narrower than pages and versions say: `us · mobile`.
pub fn narrow(x: &IncidentView) -> Option<ScreenText> {
    let [one] = x.segments.as_slice() else { return None };
    let told = |dim: &Dim| !matches!(dim, Dim::Template | Dim::Release | Dim::Service);
    let dims = one.dims.iter().filter(|(dim, values)| told(dim) && values.len() <= 2);
    let names = dims.map(|(_, values)| values.iter().cloned().collect::<Vec<_>>().join(","));
    let names: Vec<String> = names.take(2).collect();
    (!names.is_empty()).then(|| screen_text(&names.join(" · ")))
}

/// Who has it, `-` when nobody; with `..` while an acknowledgement is not stored yet.
pub fn owner_cell(desk: &Desk, x: &IncidentView) -> Line {
    if desk.is_pending(&x.id, OrderKind::Acknowledge) {
        return Line::of(Role::Muted, own_name(desk)).say(Role::Muted, "..");
    }
    match holder(x) {
        Some(name) => Line::of(Role::Text, screen_text(name)),
        None if x.state.is_open() => Line::fixed(Role::Warning, "nobody"),
        None => Line::fixed(Role::Muted, "-"),
    }
}

pub fn holder(x: &IncidentView) -> Option<&str> {
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

/// The first key of a command, as hints write it.
pub fn key_of(desk: &Desk, command: impl Into<Command>) -> ScreenText {
    let chord = desk.setup.keymap.first(command.into());
    chord.map_or(ScreenText::fixed("(no key)"), |c| words::made(c.to_string()))
}

/// Something was sent and its end is not known yet.
pub fn is_acting(x: &IncidentView) -> bool {
    matches!(x.state, State::Mitigating | State::Verifying)
}

/// Somebody has it, and the promise of the acknowledgement ran out.
pub fn ran_out(x: &IncidentView) -> bool {
    x.state.is_open() && x.acked_at.is_none() && x.owner.is_some()
}

/// Nobody has taken it: the first clock is the acknowledgement's.
pub fn asks_ack(x: &IncidentView) -> bool {
    x.acked_at.is_none() && !ran_out(x)
}

/// The role of a hold that ran out: it asks, but never louder than an action that runs.
fn ran_out_role(x: &IncidentView) -> Role {
    if is_acting(x) { Role::Muted } else { Role::Warning }
}

/// The list's ack column.
pub fn ack_cell(x: &IncidentView, now: Timestamp) -> Line {
    match (x.acked_at, x.ack_due_at) {
        _ if !x.state.is_open() => Line::fixed(Role::Muted, "-"),
        _ if ran_out(x) => Line::fixed(ran_out_role(x), "renew?"),
        (Some(_), _) => Line::fixed(Role::Ok, "acked"),
        (None, Some(due)) => Line::of(clock_role(due, now), words::countdown(due, now)),
        (None, None) => Line::fixed(Role::Muted, "-"),
    }
}

/// The list's decide column: the clock, or what came of it.
pub fn decide_cell(x: &IncidentView, now: Timestamp) -> Line {
    let word = match x.state {
        State::Mitigating => match x.action.as_ref().map(|a| a.state) {
            Some(ActionState::Unknown) => return Line::fixed(Role::ClockLate, "UNKNOWN"),
            Some(ActionState::Prepared) => return Line::fixed(Role::Warning, "unsent"),
            Some(_) | None => "acting",
        },
        State::Verifying => "verify",
        State::Mitigated => "better",
        State::Resolved | State::Reviewed | State::Cancelled if x.firing => {
            return Line::fixed(Role::Warning, "FIRING"); // closed by hand, and it goes on
        }
        State::Resolved | State::Reviewed => "closed",
        State::Cancelled => "no inc.",
        State::Pending | State::Triggered | State::Acknowledged => {
            return match (&x.decision, x.decide_due_at) {
                (Some(Decision { recheck_at: Some(at), .. }), _) => {
                    let left = words::age(now, *at);
                    Line::fixed(clock_role(*at, now), "hold").and(clock_role(*at, now), left)
                }
                (Some(_), _) => Line::fixed(Role::Ok, "decided"),
                (None, Some(due)) => Line::of(clock_role(due, now), words::countdown(due, now)),
                (None, None) => Line::fixed(Role::Muted, "-"),
            };
        }
    };
    let role = if x.state.is_open() { Role::Accent } else { Role::Muted };
    Line::fixed(role, word)
}

/// `ack in 2m40s`, `ACK LATE 1m05s`, `acked`, `still yours? a renews`.
pub fn ack_phrase(desk: &Desk, x: &IncidentView) -> Line {
    let now = desk.now;
    match (x.acked_at, x.ack_due_at) {
        _ if ran_out(x) => renew(desk, x),
        (Some(_), _) => Line::fixed(Role::Ok, "acked"),
        (None, Some(due)) => phrase(("ack in ", "ACK LATE "), due, now),
        (None, None) => Line::fixed(Role::Muted, "no ack target"),
    }
}

/// Asked of its owner; others are told whose it was.
fn renew(desk: &Desk, x: &IncidentView) -> Line {
    let role = ran_out_role(x);
    let key = || Line::of(role, key_of(desk, OrderKey::Acknowledge));
    let own = holder(x) == Some(desk.setup.operator.as_str());
    match desk.role() {
        Seat::Operator if own => {
            Line::fixed(role, "still yours? ").and_line(key()).say(role, " renews")
        }
        Seat::Operator => {
            Line::fixed(role, "its hold ran out: ").and_line(key()).say(role, " takes it")
        }
        Seat::Observer | Seat::Wall => Line::fixed(role, "hold ran out"),
    }
}

/// `decide in 12m40s`, `DECIDE LATE 3s`, `held, look again in 13m34s`, or how the action stands.
pub fn decide_phrase(x: &IncidentView, now: Timestamp) -> Line {
    let flying = matches!(x.state, State::Mitigating | State::Verifying | State::Mitigated);
    if let Some(action) = x.action.as_ref().filter(|_| flying) {
        return Line::fixed(action_role(action.state), action_words(action.state));
    }
    match (&x.decision, x.decide_due_at) {
        (Some(Decision { recheck_at: Some(at), .. }), _) => {
            phrase(("held, look again in ", "held, LOOK AGAIN since "), *at, now)
        }
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

/// Loud where a person has to do something about it.
pub const fn action_role(state: ActionState) -> Role {
    match state {
        ActionState::Prepared => Role::Warning,
        ActionState::Sent
        | ActionState::Accepted
        | ActionState::Verifying
        | ActionState::Verified => Role::Accent,
        ActionState::Refused
        | ActionState::NotSent
        | ActionState::Unknown
        | ActionState::NotHelping => Role::ClockLate,
    }
}

/// `EUR 410-690/min`, `EUR 0/min now (was 410-690)`, `money/min unknown`.
pub fn money_phrase(x: &IncidentView) -> Line {
    match (&x.revenue_at_risk, x.burned_per_minute) {
        (Some(m), Some(was)) => Line::of(Role::Money, words::per_minute(m))
            .say(Role::Text, " now (was ")
            .and(Role::Text, words::made(words::range(was)))
            .say(Role::Text, ")"),
        (Some(m), None) => Line::of(Role::Money, words::per_minute(m)),
        (None, _) => Line::fixed(Role::Muted, "money/min unknown"),
    }
}

/// `lost EUR 1,200-2,050`, `lost EUR 14.1k-20.6k in total` once it is over; none when it cannot be
/// said.
pub fn lost_phrase(x: &IncidentView) -> Option<Line> {
    let currency = x.revenue_at_risk.as_ref().map_or("", |m| m.currency.as_str());
    let total = if x.ended_at.is_some() { " in total" } else { "" };
    let text = x.lost.map(|r| format!("lost {currency} {}{total}", words::range(r)))?;
    Some(Line::of(Role::Money, screen_text(&text)))
}

/// How long it has hurt: up to now, or up to its end once it is over.
pub fn hurt_for(x: &IncidentView, now: Timestamp) -> ScreenText {
    words::slow_age(x.onset_at, x.ended_at.map_or(now, |end| end.min(now)))
}

/// The guilty release, the candidates of a tie, or that there is none.
pub fn suspect_phrase(x: &IncidentView) -> Line {
    match (&x.suspect.release, tie(&x.suspect)) {
        (Some(id), _) => Line::of(Role::Link, screen_text(id.as_str())),
        (None, Some(tie)) => Line::of(Role::Link, screen_text(&tie)),
        (None, None) => Line::fixed(Role::Muted, "no release explains this"),
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
pub fn segments(x: &IncidentView) -> ScreenText {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture::{self, at};
    use crate::policy::severity::Choice;

    /// The outage after anna's acknowledgement ran out twelve minutes ago.
    fn lapsed(state: State, action: Option<ActionState>) -> Desk {
        let mut board = fixture::outage();
        let x = &mut board.incidents[0];
        (x.state, x.owner) = (state, Some("anna".to_owned()));
        (x.acked_at, x.acked_by, x.ack_due_at) = (None, None, Some(at("02:55:30")));
        x.action = action.map(fixture::action);
        fixture::desk(board)
    }

    fn worst(desk: &Desk) -> &IncidentView {
        desk.worst().expect("open")
    }

    #[test]
    fn a_hold_that_ran_out_asks_its_owner_and_tells_others() {
        let mut desk = lapsed(State::Triggered, None);
        let said = |desk: &Desk| ack_phrase(desk, worst(desk)).words();
        assert_eq!(said(&desk), "still yours? a renews");
        assert_eq!(ack_cell(worst(&desk), desk.now).words(), "renew?");
        desk.setup.operator = "bob".to_owned();
        assert_eq!(said(&desk), "its hold ran out: a takes it");
        desk.setup.role = Seat::Observer;
        assert_eq!(said(&desk), "hold ran out");
    }

    #[test]
    fn a_hold_that_ran_out_is_never_louder_than_an_action_that_runs() {
        for (state, action) in [
            (State::Mitigating, ActionState::Sent),
            (State::Verifying, ActionState::Accepted),
            (State::Verifying, ActionState::Verifying),
        ] {
            let mut desk = lapsed(state, Some(action));
            let bars = crate::present::present(&desk).banner;
            let facts: Vec<&Line> = bars[1].left.iter().map(|p| &p.line).collect();
            assert!(facts[0].words().contains(action_words(action)), "{facts:?}");
            assert!(facts[1].0.iter().all(|s| s.role != Role::ClockLate), "{facts:?}");
            assert_eq!(ack_cell(worst(&desk), desk.now).0[0].role, Role::Muted);
            assert!(bars.iter().all(|b| b.role != Role::ClockLate));
            let all: String = crate::present::present(&desk).summary[0].words();
            assert!(all.contains(action_words(action)), "{all}");
            desk.setup.role = Seat::Wall;
            let wall = crate::present::present(&desk).wall.expect("wall");
            assert!(wall.blocks.iter().any(|b| b.big.as_str() == "ACTING"), "{wall:?}");
        }
        // without an action the decision's clock is the wall's, not the lapsed one
        let mut desk = lapsed(State::Triggered, None);
        desk.setup.role = Seat::Wall;
        let wall = crate::present::present(&desk).wall.expect("wall");
        assert!(wall.blocks.iter().any(|b| b.label.words().contains("left to decide")), "{wall:?}");
    }

    #[test]
    fn a_hold_tells_when_it_is_looked_at_again() {
        let mut desk = lapsed(State::Acknowledged, None);
        let mut board = (*desk.board).clone();
        board.incidents[0].acked_at = Some(at("03:06:00"));
        board.incidents[0].decide_due_at = None;
        board.incidents[0].decision = Some(Decision {
            choice: Choice::Hold,
            reason: "small".to_owned(),
            by: "anna".to_owned(),
            at: at("03:07:00"),
            recheck_at: Some(at("03:21:04")),
        });
        desk.board = std::sync::Arc::new(board);
        let x = worst(&desk);
        assert_eq!(decide_phrase(x, desk.now).words(), "held, look again in 13m34s");
        assert_eq!(decide_cell(x, desk.now).words(), "hold13m");
        assert!(crate::desk::wake::counts_down(x), "it counts on the screen");
        let over = at("03:21:10");
        assert_eq!(decide_phrase(x, over).words(), "held, LOOK AGAIN since 6s");
    }
}
