//! The wall: read from five metres in three seconds. Are we losing money, how bad, who has it, how
//! long to decide, is the data alive. No keys, no names where none is set.

use crate::board::Incident;
use crate::desk::state::Desk;
use crate::domain::text::{ScreenText, screen_text};

use super::bars;
use super::clocks;
use super::role::Role;
use super::screen::{Bar, Block, Line, Wall};
use super::trouble;
use super::words;

pub fn wall(desk: &Desk) -> Wall {
    let stale = bars::stale_line(desk);
    let mut blocks = match desk.worst() {
        Some(worst) => incident(desk, worst),
        None => calm(desk, stale.is_some()),
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

fn incident(desk: &Desk, x: &Incident) -> Vec<Block> {
    let role = clocks::severity_role(x.severity);
    let journey = clocks::journey(x).cut(13);
    let severity = screen_text(&format!("SEV {} {journey}", x.severity.number()));
    let what = Line::of(role, screen_text(&x.headline));
    let money = match &x.revenue_at_risk {
        Some(m) => {
            let range = crate::domain::money::Range::new(m.low, m.high);
            let big = screen_text(&format!("{} {}", m.currency, words::range(range)));
            Block { big, role: Role::Money, label: Line::fixed(Role::Money, "at risk per minute") }
        }
        None => Block {
            big: ScreenText::fixed("?"),
            role: Role::Unsure,
            label: Line::fixed(Role::Unsure, "money at risk unknown"),
        },
    };
    let last = trouble::all(desk).first().map_or_else(
        || clock(desk, x),
        |(about, t)| {
            let label = clocks::decide_phrase(x, desk.now).say(Role::Text, "; ");
            let label = if about.id == x.id { label } else { Line::new() };
            let label = label.and(Role::ClockLate, t.text());
            Block { big: screen_text(&t.head).cut(24), role: Role::ClockLate, label }
        },
    );
    vec![Block { big: severity, role, label: what }, money, last]
}

/// The clock that matters now, with who has it.
fn clock(desk: &Desk, x: &Incident) -> Block {
    let who = match clocks::holder(x) {
        Some(name) if !desk.setup.operator.is_empty() => {
            Line::of(Role::Text, screen_text(name)).say(Role::Text, " has it")
        }
        Some(_) => Line::fixed(Role::Text, "someone has it"),
        None => Line::fixed(Role::Warning, "NOBODY HAS IT"),
    };
    let who = if clocks::ran_out(x) { who.say(Role::Text, ", the hold ran out") } else { who };
    let asks_ack = clocks::asks_ack(x);
    let due = if asks_ack { x.ack_due_at } else { x.decide_due_at };
    let acting = clocks::is_acting(x);
    let Some(due) = due.filter(|_| !acting) else {
        let word = if acting { "acting" } else { "decided" };
        let big = ScreenText::fixed(if acting { "ACTING" } else { "DECIDED" });
        return Block {
            big,
            role: Role::Ok,
            label: who.say(Role::Text, ", ").say(Role::Text, word),
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

fn calm(desk: &Desk, stale: bool) -> Vec<Block> {
    if stale {
        return vec![];
    }
    let bars = bars::banner(desk);
    let label = bars.into_iter().flat_map(|b| b.left).map(|p| p.line).next().unwrap_or_default();
    let role = label.0.first().map_or(Role::Text, |s| s.role);
    let big = match role {
        Role::Ok => "CALM",
        Role::Blind => "BLIND",
        _ => "UNSURE",
    };
    vec![Block { big: ScreenText::fixed(big), role, label }]
}

/// How many more are open, and how the sources are.
fn foot(desk: &Desk) -> Bar {
    let open = desk.board.incidents.iter().filter(|x| x.state.is_open()).count();
    let more = match open {
        0 | 1 => Line::fixed(Role::Muted, " "),
        n => Line::of(Role::Text, words::made(format!(" {} more open", n - 1))),
    };
    Bar::new(Role::Text).left(0, more).right(0, bars::health(desk).say(Role::Text, "   "))
}
