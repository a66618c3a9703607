//! `update(&mut Desk, Event, now, wall) -> Vec<Effect>`: the only writer of a desk. Total,
//! clock-free. Keys outside dialogs are in `update::act` and `update::walk`, dialogs in
//! `update::talk`.

mod act;
mod rollback;
mod talk;
mod walk;

use std::sync::Arc;

use crate::board::{ActionState, Board};
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::{Span, Timestamp};

use super::chord::{Chord, Key};
use super::command::{Access, Command};
use super::dialog::Dialog;
use super::order::{Say, Unsent, Verb};
use super::state::{Desk, Effect, Event, Role, Size, Watching};
use super::ui::Undo;

/// Keys in the first moments of a rollback dialog were meant for the page below.
pub const GUARD: Span = Span::from_millis(700);
/// How long an acknowledgement can be taken back, wall time.
const UNDO: Span = Span::from_secs(10);
/// Pasted text kept at most.
const PASTE_MAX: usize = 4096;

/// Takes one event at shop time `now` and wall time `wall`; the effects are to be done in order.
pub fn update(desk: &mut Desk, event: Event, now: Timestamp, wall: Timestamp) -> Vec<Effect> {
    desk.now = now;
    desk.wall = wall;
    expire(desk);
    let effects = match event {
        Event::Key(chord) => key(desk, chord),
        Event::Paste(text) => paste(desk, &text),
        Event::Resized { w, h } => {
            desk.size = Size::clamped(w, h);
            vec![]
        }
        Event::Board(board) => {
            receive(desk, board);
            vec![]
        }
        Event::Lost(why) => {
            desk.lost = Some(why);
            vec![]
        }
        Event::Post(watching) => {
            post(desk, watching);
            vec![]
        }
        Event::Woke => vec![],
        Event::NotSent { incident, action, why } => {
            not_sent(desk, incident, action, why);
            vec![]
        }
        Event::AnswerUnstored { incident: _, action: _, why } => {
            desk.say(Say::Failed(Verb::Rollback, why));
            vec![]
        }
        Event::Ordered { ticket, result } => {
            ordered(desk, ticket, result);
            vec![]
        }
    };
    if desk.ui.list.unseen() > 0 && !holds(desk) {
        desk.ui.list.rebuild(&desk.board, &desk.ui.filter);
    }
    effects
}

fn expire(desk: &mut Desk) {
    let wall = desk.wall;
    desk.ui.toast.take_if(|t| t.until <= wall);
    desk.ui.undo.take_if(|u| u.until <= wall);
}

/// The list holds still while a question is open.
fn holds(desk: &Desk) -> bool {
    match &desk.ui.dialog {
        None | Some(Dialog::Filter { .. } | Dialog::Help { .. } | Dialog::Inputs { .. }) => false,
        Some(
            Dialog::Palette { .. }
            | Dialog::Decide { .. }
            | Dialog::Timer { .. }
            | Dialog::Form(_)
            | Dialog::Rollback(_)
            | Dialog::ConfirmQuit,
        ) => true,
    }
}

fn receive(desk: &mut Desk, board: Arc<Board>) {
    if !matches!(desk.watching, Some(Watching::Blocked(_))) {
        desk.lost = None;
    }
    if holds(desk) {
        desk.ui.list.hold(&desk.board, &board);
    } else {
        desk.ui.list.rebuild(&board, &desk.ui.filter);
    }
    desk.unsent.retain(|u| still_unsent(u, &board));
    desk.board = board;
}

/// The first word about it is no news; each change after it is.
fn post(desk: &mut Desk, watching: Watching) {
    match (&desk.watching, &watching) {
        (Some(Watching::Elsewhere(_)), Watching::Here) => desk.say(Say::TookOver),
        (_, Watching::Elsewhere(Some(by))) => desk.say(Say::Relieved(by.clone())),
        (_, Watching::Blocked(why)) => desk.lost = Some(format!("nobody watches, {why}")),
        (None | Some(_), Watching::Here | Watching::Elsewhere(None)) => {}
    }
    if matches!(desk.watching, Some(Watching::Blocked(_)))
        && !matches!(watching, Watching::Blocked(_))
    {
        desk.lost = None;
    }
    desk.watching = Some(watching);
}

fn ordered(desk: &mut Desk, ticket: u64, result: Result<(), String>) {
    let Some(at) = desk.pending.iter().position(|p| p.ticket == ticket) else {
        return;
    };
    let done = desk.pending.remove(at);
    if done.verb == Verb::Acknowledge && result.is_ok() {
        desk.ui.undo = Some(Undo { incident: done.incident, until: desk.wall.plus(UNDO) });
    }
    desk.say(match result {
        Ok(()) => Say::Stored(done.verb),
        Err(why) => Say::Failed(done.verb, why),
    });
}

/// It stands until the board shows that the action went on, and in a toast for now.
fn not_sent(desk: &mut Desk, incident: IncidentId, action: ActionId, why: String) {
    desk.unsent.retain(|u| u.action != action || u.incident != incident);
    desk.say(Say::Failed(Verb::Rollback, format!("NOT SENT: {why}")));
    desk.unsent.push(Unsent { incident, action, why, at: desk.wall });
}

/// True while the board has not moved on from an action that was not sent.
fn still_unsent(unsent: &Unsent, board: &Board) -> bool {
    let shown = board.incidents.iter().find(|x| x.id == unsent.incident);
    let Some(incident) = shown.filter(|x| x.state.is_open()) else { return false };
    let same = incident.action.as_ref().filter(|a| a.id == unsent.action);
    same.is_none_or(|a| match a.state {
        ActionState::Prepared | ActionState::Sent | ActionState::Unknown | ActionState::NotSent => {
            true
        }
        ActionState::Accepted
        | ActionState::Refused
        | ActionState::Verifying
        | ActionState::Verified
        | ActionState::NotHelping => false,
    })
}

fn key(desk: &mut Desk, chord: Chord) -> Vec<Effect> {
    let burst = desk.ui.keys.note(desk.wall);
    if desk.role() == Role::Wall {
        return wall_key(desk, chord);
    }
    if desk.ui.dialog.is_some() {
        return talk::key(desk, chord, burst);
    }
    match desk.setup.keymap.find(desk.ui.page, chord) {
        Some(command) if burst && !command.is_move() => {
            desk.say(Say::Burst);
            vec![]
        }
        Some(command) => run(desk, command),
        None => vec![],
    }
}

/// The wall takes no input but what a terminal needs.
fn wall_key(desk: &mut Desk, chord: Chord) -> Vec<Effect> {
    match desk.setup.keymap.find(desk.ui.page, chord) {
        Some(Command::Quit) => vec![Effect::Quit],
        Some(Command::Redraw) => vec![Effect::Redraw],
        _ => vec![],
    }
}

/// Does a command, wherever it came from: a key or the palette.
fn run(desk: &mut Desk, command: Command) -> Vec<Effect> {
    let row = command.row();
    if row.access == Access::Operator && desk.role() != Role::Operator {
        desk.say(Say::ReadOnly);
        return vec![];
    }
    if !row.applies(desk.ui.page) {
        desk.say(Say::NotHere);
        return vec![];
    }
    match row.access {
        Access::Operator => act::run(desk, command),
        Access::Any => walk::run(desk, command),
    }
}

/// A bracketed paste is text: it goes into a text field or nowhere, and never confirms.
fn paste(desk: &mut Desk, text: &str) -> Vec<Effect> {
    if desk.role() == Role::Wall {
        return vec![];
    }
    let clean: String = text
        .chars()
        .take(PASTE_MAX)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    if !talk::paste(desk, clean.trim()) {
        desk.say(Say::PasteRefused);
    }
    vec![]
}

/// What a chord does to a text being typed; false when it is no editing key.
fn edit(text: &mut String, chord: Chord) -> bool {
    match (chord.key, chord.ctrl, chord.alt) {
        (Key::Char(c), false, false) => {
            if text.chars().count() < PASTE_MAX {
                text.push(c);
            }
        }
        (Key::Backspace, _, _) => {
            text.pop();
        }
        (Key::Char('u'), true, false) => text.clear(),
        (Key::Char('w'), true, false) => {
            let end = text.trim_end().rfind(' ').map_or(0, |i| i + 1);
            text.truncate(end);
        }
        _ => return false,
    }
    true
}
