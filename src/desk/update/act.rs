//! Commands that change an incident: what may be ordered now, and which dialog asks first.
//! The rules of incidents are judged again where the journal is written; here they save a round
//! trip.

use crate::desk::command::OrderKey;
use crate::desk::dialog::{Dialog, Form};
use crate::desk::order::Say;
use crate::desk::state::{Desk, DeskEffect};
use crate::domain::id::IncidentId;
use crate::domain::time::Span;
use crate::incident::order::Order;
use crate::incident::truth::AlarmTruth;

use super::rollback;
use super::subject::is_closed;

pub(super) fn run(desk: &mut Desk, key: OrderKey) -> Vec<DeskEffect> {
    match key {
        OrderKey::Undo => undo(desk),
        OrderKey::Acknowledge => on_target(desk, key, acknowledge),
        OrderKey::Decide => {
            on_target(desk, key, |desk, id| open(desk, Dialog::Decide { incident: id }))
        }
        OrderKey::Timer => on_target(desk, key, timer),
        OrderKey::Note => {
            on_target(desk, key, |desk, id| ask(desk, id, Order::Note { text: String::new() }))
        }
        OrderKey::Resolve => {
            on_target(desk, key, |desk, id| ask(desk, id, Order::Resolve { reason: String::new() }))
        }
        OrderKey::Review => review(desk),
        OrderKey::Rollback => on_target(desk, key, |desk, id| rollback::open(desk, &id)),
    }
}

/// Does it for the incident that orders go to; a closed one takes notes only.
fn on_target(
    desk: &mut Desk,
    key: OrderKey,
    then: impl FnOnce(&mut Desk, IncidentId) -> Vec<DeskEffect>,
) -> Vec<DeskEffect> {
    let Some(incident) = desk.target(key) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    let id = incident.id.clone();
    if key != OrderKey::Note && is_closed(incident) {
        desk.say_of(id, Say::Closed);
        return vec![];
    }
    then(desk, id)
}

/// The other way round: only what is closed can be looked back at.
fn review(desk: &mut Desk) -> Vec<DeskEffect> {
    let Some(incident) = desk.target(OrderKey::Review) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    let id = incident.id.clone();
    if is_closed(incident) {
        return ask(desk, id, Order::Review { verdict: AlarmTruth::Unsure, reason: String::new() });
    }
    desk.say_of(id, Say::NotAllowed("it is reviewed once it is closed".to_owned()));
    vec![]
}

/// Asks for what the order still lacks.
fn ask(desk: &mut Desk, id: IncidentId, order: Order) -> Vec<DeskEffect> {
    open(desk, Dialog::Form(Form::new(id, order)))
}

fn open(desk: &mut Desk, dialog: Dialog) -> Vec<DeskEffect> {
    desk.ui.toast = None;
    desk.ui.dialog = Some(dialog);
    vec![]
}

/// One key. Someone else's acknowledgement is not taken over by accident.
fn acknowledge(desk: &mut Desk, id: IncidentId) -> Vec<DeskEffect> {
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
    desk.order(id, Order::Acknowledge { note: String::new() })
}

fn undo(desk: &mut Desk) -> Vec<DeskEffect> {
    if let Some(undo) = desk.ui.undo.take() {
        return desk.order(undo.incident, Order::UndoAcknowledge);
    }
    desk.say(Say::NothingToUndo);
    vec![]
}

/// A running timer can be extended or stopped; without one it is started.
fn timer(desk: &mut Desk, id: IncidentId) -> Vec<DeskEffect> {
    let running = desk.incident(&id).is_some_and(|x| x.timer_due_at.is_some());
    if running {
        return open(desk, Dialog::Timer { incident: id });
    }
    ask(desk, id, Order::StartTimer { span: Span::ZERO })
}
