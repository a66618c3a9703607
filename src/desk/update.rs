//! `update(&mut Desk, Event, now, wall) -> Vec<Effect>`: the only writer of a desk. Total,
//! clock-free. Keys outside dialogs are in `update::act` and `update::walk`, dialogs in
//! `update::talk`.

mod act;
mod outgoing;
mod rollback;
mod run;
mod subject;
mod talk;
mod typing;
mod walk;

use std::sync::Arc;

use crate::board::Board;
use crate::domain::time::{Span, Timestamp};

use super::chord::Chord;
use super::command::{Command, ViewKey};
use super::dialog::Dialog;
use super::order::{FailedSend, Say};
use super::state::{Desk, DeskEffect, DeskEvent, Seat, Size, Watching};
use super::ui::Undo;
use crate::incident::order::OrderKind;
use run::run;
use typing::{SHUT, line};

pub use typing::GUARD;

/// How long an acknowledgement can be taken back, wall time.
const UNDO: Span = Span::from_secs(10);

/// Takes one event at shop time `now` and wall time `wall`; the effects are to be done in order.
pub fn update(
    desk: &mut Desk,
    event: DeskEvent,
    now: Timestamp,
    wall: Timestamp,
) -> Vec<DeskEffect> {
    desk.now = now;
    desk.wall = wall;
    expire(desk);
    let effects = match event {
        DeskEvent::Key(chord) => key(desk, chord),
        DeskEvent::Paste(text) => paste(desk, &text),
        DeskEvent::Burst(text) => burst(desk, &text),
        DeskEvent::Resized { w, h } => {
            desk.size = Size::clamped(w, h);
            vec![]
        }
        DeskEvent::Board(board) => {
            receive(desk, board);
            vec![]
        }
        DeskEvent::Lost(why) => {
            desk.lost = Some(why);
            vec![]
        }
        DeskEvent::Post(watching) => {
            post(desk, watching);
            vec![]
        }
        DeskEvent::Woke => vec![],
        DeskEvent::AnswerUnstored { incident, action: _, why } => {
            outgoing::failed(desk, incident, FailedSend::Unstored(why));
            vec![]
        }
        DeskEvent::Ordered { ticket, result } => {
            ordered(desk, ticket, result);
            vec![]
        }
        DeskEvent::NotSent { incident, action: _, why } => {
            outgoing::failed(desk, incident, FailedSend::NotSent(why));
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
    age(desk);
}

/// An open rollback dialog knows whether its board is fresh.
fn age(desk: &mut Desk) {
    let stale = desk.is_stale();
    if let Some(Dialog::Rollback(dialog)) = &mut desk.ui.dialog {
        dialog.age(stale);
    }
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
    desk.board = board;
    outgoing::settle(desk);
    talk::follow(desk);
    age(desk);
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
    let verb = done.verb;
    if let Err(why) = result {
        desk.say_of(done.incident, Say::Failed(verb, why));
        return;
    }
    if verb == OrderKind::Acknowledge {
        let incident = done.incident.clone();
        desk.ui.undo = Some(Undo { incident, until: desk.wall.plus(UNDO) });
    }
    desk.say_of(done.incident.clone(), Say::Stored(verb));
    outgoing::stored(desk, done);
}

fn key(desk: &mut Desk, chord: Chord) -> Vec<DeskEffect> {
    let burst = desk.ui.keys.note(desk.wall);
    if desk.role() == Seat::Wall {
        return wall_key(desk, chord);
    }
    if desk.ui.deaf.swallows(desk.wall) {
        return vec![];
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
        None if burst => vec![],
        None => {
            silent(desk, chord);
            vec![]
        }
    }
}

/// A key that does nothing here says so. Where it would begin a text on another page, the text that
/// follows is not taken for orders.
fn silent(desk: &mut Desk, chord: Chord) {
    let elsewhere = desk.setup.keymap.anywhere(chord);
    if elsewhere == Some(Command::View(ViewKey::Filter)) {
        desk.ui.deaf.start(desk.wall, SHUT);
    }
    desk.say(if elsewhere.is_some() { Say::NotHere } else { Say::NoKey(chord) });
}

/// The wall takes no input but what a terminal needs.
fn wall_key(desk: &mut Desk, chord: Chord) -> Vec<DeskEffect> {
    match desk.setup.keymap.find(desk.ui.page, chord) {
        Some(Command::View(ViewKey::Quit)) => vec![DeskEffect::Quit],
        Some(Command::View(ViewKey::Redraw)) => vec![DeskEffect::Redraw],
        _ => vec![],
    }
}

/// A bracketed paste is text: it goes into a text field or nowhere, and never confirms.
fn paste(desk: &mut Desk, text: &str) -> Vec<DeskEffect> {
    if desk.role() != Seat::Wall && !talk::paste(desk, line(text).trim()) {
        desk.say(Say::PasteRefused);
    }
    vec![]
}

/// So are letters that came in a heap; no press of theirs counts.
fn burst(desk: &mut Desk, text: &str) -> Vec<DeskEffect> {
    if desk.role() != Seat::Wall && !talk::paste(desk, &line(text)) {
        desk.say(Say::Burst);
    }
    vec![]
}
