//! Commands that change an incident: what may be ordered now, and which dialog asks first.
//! The rules of incidents are judged again where the journal is written; here they save a round
//! trip.

use crate::desk::command::Command;
use crate::desk::dialog::{Dialog, Form, FormKind};
use crate::desk::order::{Say, Verb};
use crate::desk::state::{Desk, Effect};
use crate::domain::id::IncidentId;
use crate::incident::event::Command as Order;

use super::rollback;
use super::subject::is_closed;

pub(super) fn run(desk: &mut Desk, command: Command) -> Vec<Effect> {
    if command == Command::Undo {
        return undo(desk);
    }
    let Some(incident) = desk.target(command) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    let id = incident.id.clone();
    if command != Command::Note && is_closed(incident) {
        desk.say_of(id, Say::Closed);
        return vec![];
    }
    match command {
        Command::Acknowledge => acknowledge(desk, id),
        Command::Decide => open(desk, Dialog::Decide { incident: id }),
        Command::Timer => timer(desk, id),
        Command::Note => open(desk, Dialog::Form(Form::new(id, FormKind::Note))),
        Command::Resolve => open(desk, Dialog::Form(Form::new(id, FormKind::Resolve))),
        Command::Rollback => rollback::open(desk, &id),
        Command::Undo => undo(desk),
        // these only look: `walk` has them
        Command::Incidents
        | Command::Heatmap
        | Command::Releases
        | Command::Journeys
        | Command::Guardrails
        | Command::Sources
        | Command::Journal
        | Command::Up
        | Command::Down
        | Command::Left
        | Command::Right
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last
        | Command::Open
        | Command::Back
        | Command::Next
        | Command::Previous
        | Command::Columns
        | Command::Rows
        | Command::NextMetric
        | Command::PreviousMetric
        | Command::Everything
        | Command::Filter
        | Command::Palette
        | Command::Help
        | Command::Copy
        | Command::Redraw
        | Command::Suspend
        | Command::Quit => vec![],
    }
}

fn open(desk: &mut Desk, dialog: Dialog) -> Vec<Effect> {
    desk.ui.toast = None;
    desk.ui.dialog = Some(dialog);
    vec![]
}

/// One key. Someone else's acknowledgement is not taken over by accident.
fn acknowledge(desk: &mut Desk, id: IncidentId) -> Vec<Effect> {
    let now = desk.now;
    let held = desk.incident(&id).and_then(|x| {
        let holds = x.ack_expires_at.is_none_or(|t| t > now);
        x.acked_by.clone().or(x.owner.clone()).filter(|_| holds)
    });
    if let Some(owner) = held {
        desk.say_of(id, Say::AlreadyOwned(owner));
        return vec![];
    }
    desk.ui.toast = None;
    desk.order(id, Verb::Acknowledge, Order::Acknowledge { note: String::new() })
}

fn undo(desk: &mut Desk) -> Vec<Effect> {
    if let Some(undo) = desk.ui.undo.take() {
        return desk.order(undo.incident, Verb::Undo, Order::UndoAcknowledge);
    }
    desk.say(Say::NothingToUndo);
    vec![]
}

/// A running timer can be extended or stopped; without one it is started.
fn timer(desk: &mut Desk, id: IncidentId) -> Vec<Effect> {
    let running = desk.incident(&id).is_some_and(|x| x.timer_due_at.is_some());
    open(
        desk,
        if running {
            Dialog::Timer { incident: id }
        } else {
            Dialog::Form(Form::new(id, FormKind::StartTimer))
        },
    )
}
