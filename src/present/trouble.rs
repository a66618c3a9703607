//! Trouble: an action that did not go as it was ordered, a page that nobody got. It stands on every
//! page, the wall and `once` until somebody acts; one file makes the words, so that no two screens
//! disagree.

use crate::board::{Action, ActionState, IncidentView};
use crate::desk::command::OrderKey;
use crate::desk::order::FailedSend;
use crate::desk::state::{Desk, Seat};
use crate::domain::text::{ScreenText, screen_text};
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Outcome;

use super::clocks::key_of;
use super::role::Role;
use super::screen::{Bar, Line};
use super::told;
use super::words;

/// A stored order that is not on its way after this long (wall time) is stuck.
const STUCK: Span = Span::from_secs(5);

/// What happened, in a few capitals, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// `ROLLBACK` or `PAGE`.
    what: &'static str,
    pub head: String,
    pub why: String,
}

const ROLLBACK: &str = "ROLLBACK";
const PAGE: &str = "PAGE";

impl Trouble {
    fn new(head: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: ROLLBACK, head: head.into(), why: why.into() }
    }

    /// `ROLLBACK REFUSED 401: invalid signature`.
    pub fn words(&self) -> String {
        let tail = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        format!("{} {}{tail}", self.what, self.head)
    }

    pub fn text(&self) -> ScreenText {
        screen_text(&self.words())
    }
}

/// What stands against an incident's newest action; none while it goes well, and none after
/// somebody decided upon it.
pub fn of(x: &IncidentView, now: Timestamp, speed: f64) -> Option<Trouble> {
    let action = x.action.as_ref().filter(|_| x.state.is_open())?;
    let known_at = action.answered_at.or(action.sent_at).unwrap_or(action.prepared_at);
    if x.decision.as_ref().is_some_and(|d| d.at > known_at) {
        return None;
    }
    let patience = Span::from_millis((STUCK.millis() as f64 * speed.max(1.0)) as i64);
    match action.state {
        ActionState::Prepared if now.since(action.prepared_at) > patience => {
            Some(Trouble::new("PREPARED, NOT SENT", ""))
        }
        ActionState::NotSent => Some(Trouble::new("NOT SENT", why(action))),
        ActionState::Refused => Some(Trouble::new(refused(action), why(action))),
        ActionState::Unknown => {
            let why = format!("it may have happened; {}", why(action));
            Some(Trouble::new("UNKNOWN", why))
        }
        ActionState::NotHelping => Some(Trouble::new("DOES NOT HELP", action.detail.as_str())),
        ActionState::Prepared
        | ActionState::Sent
        | ActionState::Accepted
        | ActionState::Verifying
        | ActionState::Verified => None,
    }
}

/// A message that should have brought somebody and did not.
pub fn page(x: &IncidentView) -> Option<Trouble> {
    let (head, why) = told::missed(x)?;
    Some(Trouble { what: PAGE, head, why })
}

/// `REFUSED 401`; a refusal that was no HTTP answer has no number.
fn refused(action: &Action) -> String {
    match &action.answer {
        Some(Outcome::Refused { status, .. }) if *status > 0 => format!("REFUSED {status}"),
        _ => "REFUSED".to_owned(),
    }
}

fn why(action: &Action) -> String {
    match &action.answer {
        Some(Outcome::Refused { detail, retry_after_s, .. }) => {
            let wait = retry_after_s.map(|s| format!(", retry after {s} s"));
            format!("{detail}{}", wait.unwrap_or_default())
        }
        Some(Outcome::Unknown { detail, .. } | Outcome::NotSent { detail }) => detail.clone(),
        Some(Outcome::Accepted { .. }) | None => action.detail.clone(),
    }
}

/// What stands on this desk: the board's, and what no record says (its orders that did not leave).
pub fn all(desk: &Desk) -> Vec<(&IncidentView, Trouble)> {
    let here = |x: &IncidentView| {
        let mut mine = desk.outgoing.iter().filter(|o| o.incident == x.id);
        Some(match mine.find_map(|o| o.failed.as_ref())? {
            FailedSend::NotSent(why) => Trouble::new("NOT SENT", why.as_str()),
            FailedSend::Unstored(why) => Trouble::new("SENT, ANSWER NOT STORED", why.as_str()),
        })
    };
    let open = || desk.board.incidents.iter().filter(|x| x.state.is_open());
    let acted = |x| Some((x, here(x).or_else(|| of(x, desk.now, desk.speed()))?));
    let called = |x| Some((x, page(x)?));
    open().filter_map(acted).chain(open().filter_map(called)).collect()
}

/// The row under the banner, in the colour of a clock that ran out.
pub fn bar(desk: &Desk) -> Option<Bar> {
    let all = all(desk);
    let (x, trouble) = all.first()?;
    let role = Role::ClockLate;
    let mut bar = Bar::new(role)
        .left(0, Line::fixed(role, " ").and(role, trouble.text()))
        .right(1, Line::fixed(role, "  ").and(role, screen_text(x.id.as_str())).say(role, " "));
    if desk.role() == Seat::Operator && trouble.what == ROLLBACK {
        let key = |command| key_of(desk, command);
        let act = Line::fixed(role, "  ")
            .and(role, key(OrderKey::Rollback))
            .say(role, " again, ")
            .and(role, key(OrderKey::Decide))
            .say(role, " decides ");
        bar = bar.right(2, act);
    }
    match all.len() {
        1 => Some(bar),
        n => Some(bar.right(0, Line::of(role, words::made(format!(" +{} more ", n - 1))))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::board::{Board, Decision, State};
    use crate::desk::fixture::{self, at};
    use crate::desk::page::Page;
    use crate::desk::state::DeskEvent;
    use crate::desk::update::update;
    use crate::policy::severity::Choice;
    use crate::present::present;
    use crate::present::screen::Block;

    fn refused() -> Outcome {
        Outcome::Refused { status: 401, detail: "bad signature".to_owned(), retry_after_s: None }
    }

    /// The outage with an action that came so far.
    fn board(state: ActionState, answer: Option<Outcome>) -> Board {
        let mut board = fixture::outage();
        let x = &mut board.incidents[0];
        x.state = match state {
            ActionState::Prepared | ActionState::Sent | ActionState::Unknown => State::Mitigating,
            ActionState::Accepted | ActionState::Verifying => State::Verifying,
            _ => State::Acknowledged,
        };
        x.acked_at = Some(at("03:06:00"));
        (x.owner, x.acked_by) = (Some("anna".to_owned()), Some("anna".to_owned()));
        x.action = Some(Action { answer, ..fixture::action(state) });
        board
    }

    /// The words in the late colour above a page, or on the wall.
    fn late(desk: &Desk) -> String {
        let screen = present(desk);
        if let Some(wall) = screen.wall {
            let late = wall.blocks.iter().filter(|b| b.role == Role::ClockLate);
            let words = |b: &Block| [b.big.to_string(), b.label.words()].join(" | ");
            return late.map(words).collect();
        }
        let bars = screen.banner.iter().filter(|b| b.role == Role::ClockLate);
        bars.flat_map(|b| &b.left).map(|p| p.line.words()).collect()
    }

    #[test]
    fn what_went_wrong_stands_on_every_page_and_the_wall() {
        let not_sent = Outcome::NotSent { detail: "the kill switch is on".to_owned() };
        let unknown = Outcome::unknown("timeout");
        for (state, answer, words) in [
            (ActionState::Refused, Some(refused()), "REFUSED 401: bad signature"),
            (ActionState::NotSent, Some(not_sent), "NOT SENT: the kill switch is on"),
            (ActionState::Unknown, Some(unknown), "UNKNOWN: it may have happened; timeout"),
            (ActionState::Prepared, None, "PREPARED, NOT SENT"),
            (ActionState::NotHelping, None, "DOES NOT HELP: 202 queued"),
        ] {
            let mut desk = fixture::desk(board(state, answer));
            for page in Page::ALL {
                desk.ui.page = page;
                assert_eq!(late(&desk), format!(" ROLLBACK {words}"), "{page:?}");
            }
            let wall = fixture::desk_as(Board::clone(&desk.board), Seat::Wall, 80, 24);
            assert!(late(&wall).contains(words), "{}", late(&wall));
            let summary: String = present(&desk).summary.iter().map(Line::words).collect();
            assert!(summary.contains(words), "{summary}");
        }
    }

    #[test]
    fn a_healthy_action_and_one_that_somebody_decided_upon_say_nothing() {
        for state in [ActionState::Sent, ActionState::Accepted, ActionState::Verifying] {
            assert_eq!(late(&fixture::desk(board(state, None))), "");
        }
        let mut decided = board(ActionState::Refused, Some(refused()));
        decided.incidents[0].decision = Some(Decision {
            choice: Choice::Mitigate,
            reason: "fix".to_owned(),
            by: "bob".to_owned(),
            at: at("03:07:10"),
            recheck_at: None,
        });
        assert_eq!(late(&fixture::desk(decided.clone())), "");
        if let Some(decision) = &mut decided.incidents[0].decision {
            decision.at = at("03:06:30");
        }
        assert_ne!(late(&fixture::desk(decided)), "", "a decision before it is no answer to it");
        // prepared a moment ago is on its way
        let mut fresh = board(ActionState::Prepared, None);
        if let Some(action) = &mut fresh.incidents[0].action {
            action.prepared_at = at("03:07:26");
        }
        assert_eq!(late(&fixture::desk(fresh)), "");
    }

    #[test]
    fn what_no_record_says_stands_too_and_on_an_incident_that_is_not_the_worst() {
        let mut desk = fixture::desk(fixture::outage());
        let (now, wall) = (desk.now, desk.wall);
        let (incident, action) = ("INC-7F2B".into(), "key".into());
        let event = DeskEvent::NotSent { incident, action, why: "disk full".to_owned() };
        update(&mut desk, event, now, wall);
        let later = wall.plus(Span::from_mins(10));
        update(&mut desk, DeskEvent::Board(Arc::new(fixture::outage())), now, later);
        assert_eq!(late(&desk), " ROLLBACK NOT SENT: disk full");
        assert_eq!(all(&desk)[0].0.id.as_str(), "INC-7F2B");
    }
}
