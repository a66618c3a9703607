//! The wall: read from five metres in three seconds. Are we losing money, how bad, who has it, how
//! long to decide, is the data alive. No keys, no names where none is set.

use crate::board::standing::fires_on;
use crate::board::{Decision, IncidentView};
use crate::desk::state::Desk;
use crate::domain::text::{ScreenText, screen_text};
use crate::policy::severity::Choice;

use super::bars;
use super::clocks;
use super::role::Role;
use super::screen::{Bar, Block, Line, Wall};
use super::standing;
use super::trouble;
use super::words;

pub fn wall(desk: &Desk) -> Wall {
    let stale = bars::stale_line(desk);
    let fires = desk.board.incidents.iter().find(|x| fires_on(x));
    let mut blocks = match (desk.worst(), fires) {
        (Some(worst), _) => incident(desk, worst),
        (None, Some(closed)) if stale.is_none() => still(closed),
        (None, _) => calm(desk, stale.is_some()),
    };
    if let Some(label) = stale {
        // what a dead feed says about money is worth less than that it is dead
        blocks.retain(|b| b.role != Role::Money);
        let since = desk.board.generated_at.utc().format("%H:%M");
        let big = words::made(format!("NO DATA {since}"));
        blocks.insert(0, Block { big, role: Role::Error, label });
    }
    Wall { top: top(desk), blocks, foot: foot(desk), beat: desk.wall.secs() % 2 == 0 }
}

fn top(desk: &Desk) -> Bar {
    Bar::new(Role::Title)
        .left(0, Line::fixed(Role::Title, " ").and(Role::Title, screen_text(&desk.board.site)))
        .right(
            0,
            Line::of(Role::Text, words::both_times(desk.now, desk.setup.zone))
                .say(Role::Text, "   "),
        )
}

fn incident(desk: &Desk, x: &IncidentView) -> Vec<Block> {
    let role = clocks::severity_role(x.severity);
    let journey = clocks::journey(x).cut(13);
    let severity = screen_text(&format!("SEV {} {journey}", x.severity.number()));
    let what = Line::of(role, screen_text(&x.headline));
    let last = trouble::all(desk).first().map_or_else(
        || clock(desk, x),
        |(about, t)| {
            // who has it and what is asked of them is not pushed out by what went wrong
            let asked = if clocks::asks_ack(x) {
                clocks::ack_phrase(desk, x)
            } else {
                clocks::decide_phrase(x, desk.now)
            };
            let label = who(desk, x).say(Role::Text, "; ").and_line(asked).say(Role::Text, "; ");
            let label = if about.id == x.id { label } else { Line::new() };
            let label = label.and(Role::ClockLate, t.text());
            Block { big: screen_text(&t.head).cut(24), role: Role::ClockLate, label }
        },
    );
    vec![Block { big: severity, role, label: what }, money(x), last]
}

fn money(x: &IncidentView) -> Block {
    match (&x.revenue_at_risk, x.burned_per_minute) {
        (Some(m), Some(was)) => {
            let range = crate::domain::money::Range::new(m.low, m.high);
            let big = screen_text(&format!("{} {}", m.currency, words::range(range)));
            let label = Line::fixed(Role::Money, "a minute now, was ")
                .and(Role::Money, words::made(words::range(was)));
            let label = match clocks::lost_phrase(x) {
                Some(lost) => label.say(Role::Money, ", ").and_line(lost),
                None => label,
            };
            Block { big, role: Role::Money, label }
        }
        (Some(m), None) => {
            let range = crate::domain::money::Range::new(m.low, m.high);
            let big = screen_text(&format!("{} {}", m.currency, words::range(range)));
            Block { big, role: Role::Money, label: Line::fixed(Role::Money, "at risk per minute") }
        }
        (None, _) => Block {
            big: ScreenText::fixed("?"),
            role: Role::Unsure,
            label: Line::fixed(Role::Unsure, "money at risk unknown"),
        },
    }
}

fn who(desk: &Desk, x: &IncidentView) -> Line {
    match clocks::holder(x) {
        Some(name) if !desk.setup.operator.is_empty() => {
            Line::of(Role::Text, screen_text(name)).say(Role::Text, " has it")
        }
        Some(_) => Line::fixed(Role::Text, "someone has it"),
        None => Line::fixed(Role::Warning, "NOBODY HAS IT"),
    }
}

/// The clock that matters now, with who has it.
fn clock(desk: &Desk, x: &IncidentView) -> Block {
    let who = who(desk, x);
    let who = if clocks::ran_out(x) { who.say(Role::Text, ", the hold ran out") } else { who };
    let asks_ack = clocks::asks_ack(x);
    let due = if asks_ack { x.ack_due_at } else { x.decide_due_at };
    let acting = clocks::is_acting(x);
    let Some(due) = due.filter(|_| !acting) else {
        if acting {
            let label = who.say(Role::Text, ", ").and_line(clocks::decide_phrase(x, desk.now));
            return Block { big: ScreenText::fixed("ACTING"), role: Role::Ok, label };
        }
        return match &x.decision {
            Some(decision) => decided(desk, decision, who),
            None => Block {
                big: ScreenText::fixed("OPEN"),
                role: Role::Text,
                label: who.say(Role::Text, ", no decision due"),
            },
        };
    };
    let late = words::seconds_to(due, desk.now) < 0;
    let word = match (asks_ack, late) {
        (true, false) => ", left to acknowledge",
        (true, true) => ", acknowledge OVERDUE",
        (false, false) => ", left to decide",
        (false, true) => ", decision OVERDUE",
    };
    let role = if late { Role::ClockLate } else { Role::Clock };
    let big = words::countdown(due, desk.now);
    Block { big, role, label: who.say(role, word) }
}

/// `HOLD by ana until 03:20 UTC`: what was decided, by whom and for how long.
fn decided(desk: &Desk, d: &Decision, who: Line) -> Block {
    let word = match d.choice {
        Choice::Rollback => "ROLL BACK",
        Choice::Reroute => "REROUTE",
        Choice::Mitigate => "MITIGATE",
        Choice::Hold => "HOLD",
        Choice::NotIncident => "NO INCIDENT",
    };
    let over = d.recheck_at.is_some_and(|at| at <= desk.now);
    let role = if over { Role::ClockLate } else { Role::Ok };
    let by = if desk.setup.operator.is_empty() { "someone" } else { d.by.as_str() };
    let label = Line::fixed(role, word).say(role, " by ").and(role, screen_text(by));
    let label = match d.recheck_at {
        Some(at) => label.say(role, " until ").and(role, words::made(words::hm_utc(at))),
        None => label,
    };
    let label = if over { label.say(role, ", LOOK AGAIN") } else { label };
    Block { big: ScreenText::fixed(word), role, label: label.say(Role::Text, "; ").and_line(who) }
}

fn calm(desk: &Desk, stale: bool) -> Vec<Block> {
    if stale {
        return vec![];
    }
    let standing = desk.standing();
    let role = standing::role(standing);
    let said = standing::sentence(&desk.board, standing, desk.trust());
    let label = Line::of(role, screen_text(&said));
    vec![Block { big: ScreenText::fixed(standing::word(standing)), role, label }]
}

/// Closed by hand while it fires: nobody may read this as calm.
fn still(x: &IncidentView) -> Vec<Block> {
    let role = clocks::severity_role(x.severity);
    let journey = clocks::journey(x).cut(13);
    let big = screen_text(&format!("SEV {} {journey}", x.severity.number()));
    let label =
        Line::fixed(role, "closed by hand, STILL FIRING: ").and(role, screen_text(&x.headline));
    vec![Block { big, role, label }, money(x)]
}

/// How many more are open, and how the sources are.
fn foot(desk: &Desk) -> Bar {
    let open = desk.board.incidents.iter().filter(|x| x.state.is_open()).count();
    let more = match open {
        0 | 1 => Line::fixed(Role::Muted, " "),
        n => Line::of(Role::Text, words::made(format!(" {} more open", n - 1))),
    };
    let lines = standing::lines(&desk.board, desk.standing());
    let note = lines.first().map(|first| {
        let rest = lines.len() - 1;
        let rest = if rest > 0 { format!(" +{rest} more") } else { String::new() };
        Line::of(Role::Warning, screen_text(&format!(" ! {first}{rest}")))
    });
    Bar::new(Role::Text)
        .left(0, more)
        .left(0, note.unwrap_or_default())
        .right(0, bars::health(desk).say(Role::Text, "   "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{ActionState, Board};
    use crate::desk::fixture::{self, at};
    use crate::desk::state::Seat;
    use crate::incident::event::Outcome;

    fn last(board: Board) -> Block {
        let desk = fixture::desk_as(board, Seat::Wall, 80, 24);
        wall(&desk).blocks.pop().expect("a block")
    }

    fn decided(choice: Choice, recheck: Option<&str>) -> Board {
        let mut board = fixture::outage();
        let x = &mut board.incidents[0];
        (x.owner, x.acked_at) = (Some("root".to_owned()), Some(at("03:06:00")));
        (x.ack_due_at, x.decide_due_at) = (None, None);
        let (by, reason) = ("root".to_owned(), "watch it".to_owned());
        let recheck_at = recheck.map(at);
        x.decision = Some(Decision { choice, reason, by, at: at("03:05:00"), recheck_at });
        board
    }

    #[test]
    fn a_decision_is_told_as_what_it_is_and_until_when() {
        let hold = last(decided(Choice::Hold, Some("03:20:00")));
        assert_eq!(hold.big.as_str(), "HOLD");
        assert!(hold.label.words().starts_with("HOLD by root until 03:20 UTC"), "{hold:?}");
        let over = last(decided(Choice::Hold, Some("03:07:00")));
        assert!(over.label.words().contains("LOOK AGAIN"), "{over:?}");
        assert_eq!(over.role, Role::ClockLate);
        for choice in Choice::ALL {
            let told = last(decided(choice, None));
            assert!(!told.label.words().contains("decided"), "{told:?}");
        }
        let mut none = decided(Choice::Hold, None);
        none.incidents[0].decision = None;
        assert_eq!(last(none).label.words(), "root has it, no decision due");
    }

    #[test]
    fn what_went_wrong_leaves_room_for_who_has_it_and_what_is_late() {
        let mut board = fixture::outage();
        board.incidents[0].ack_due_at = Some(at("03:06:00"));
        let mut action = fixture::action(ActionState::NotSent);
        action.answer = Some(Outcome::NotSent { detail: "disk full".to_owned() });
        board.incidents[0].action = Some(action);
        let said = last(board).label.words();
        assert!(said.starts_with("NOBODY HAS IT; ACK LATE 1m30s; "), "{said}");
    }
}
