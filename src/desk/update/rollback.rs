//! The rollback dialog: opened by its own key, read, confirmed by the typed token and Enter.
//! Rules: DESIGN section 7, reliability.md 3.3. Nothing else in this program orders a rollback.

use crate::desk::chord::{Chord, Key};
use crate::desk::dialog::{Dialog, Refusal, Rollback};
use crate::desk::fit;
use crate::desk::order::{Say, Verb};
use crate::desk::state::{Desk, Effect};
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Command as Order;
use crate::policy::severity::Choice;

use super::{GUARD, edit};

/// Enter sooner than this after another key is part of a paste.
const ENTER_PAUSE: Span = Span::from_millis(300);
/// Longest text the token field takes.
const TYPED_MAX: usize = 32;

/// Opens the dialog for an incident that has a plan, else says why not.
pub(super) fn open(desk: &mut Desk, id: &IncidentId) -> Vec<Effect> {
    let Some(incident) = desk.incident(id) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    let forbidden = incident.choices.iter().find(|c| c.choice == Choice::Rollback && !c.allowed);
    if let Some(row) = forbidden {
        let why = row.why.clone();
        desk.say(Say::NotAllowed(why));
        return vec![];
    }
    let Some(plan) = incident.rollback.clone() else {
        desk.say(Say::NoRollback);
        return vec![];
    };
    let again = plan.attempt > 1;
    desk.ui.toast = None;
    desk.ui.dialog = Some(Dialog::Rollback(Box::new(Rollback {
        incident: id.clone(),
        plan,
        again,
        opened_at: desk.wall,
        typed: String::new(),
        refusal: None,
    })));
    vec![]
}

pub(super) fn key(desk: &mut Desk, mut dialog: Rollback, chord: Chord, burst: bool) -> Vec<Effect> {
    if burst {
        desk.say(Say::Burst);
        return vec![];
    }
    if chord == Chord::plain(Key::Esc) || chord == Chord::ctrl('c') {
        return vec![];
    }
    if is_early(&mut dialog, desk.wall) {
        desk.ui.dialog = Some(Dialog::Rollback(Box::new(dialog)));
        return vec![];
    }
    if chord != Chord::plain(Key::Enter) {
        let room = dialog.typed.len() < TYPED_MAX || !matches!(chord.key, Key::Char(_));
        if room && edit(&mut dialog.typed, chord) {
            dialog.refusal = None;
        }
        desk.ui.dialog = Some(Dialog::Rollback(Box::new(dialog)));
        return vec![];
    }
    match refusal(desk, &dialog) {
        None => fire(desk, dialog),
        Some(why) => {
            if why == Refusal::WrongToken {
                dialog.typed.clear();
            }
            dialog.refusal = Some(why);
            desk.ui.dialog = Some(Dialog::Rollback(Box::new(dialog)));
            vec![]
        }
    }
}

/// True in the dialog's first moments. A clock that steps back starts them anew.
fn is_early(dialog: &mut Rollback, wall: Timestamp) -> bool {
    if wall < dialog.opened_at {
        dialog.opened_at = wall;
    }
    wall.since(dialog.opened_at) < GUARD
}

/// Why Enter must not fire now; none when all is as it was shown and the token is right.
fn refusal(desk: &Desk, dialog: &Rollback) -> Option<Refusal> {
    if !fit::is_whole(&dialog.plan, desk.size) {
        return Some(Refusal::TooSmall);
    }
    if desk.ui.keys.pause().is_none_or(|p| p < ENTER_PAUSE) {
        return Some(Refusal::TooSoon);
    }
    let live = desk.incident(&dialog.incident).and_then(|x| x.rollback.as_ref());
    let plan = &dialog.plan;
    let Some(live) = live.filter(|p| {
        (&p.from, &p.to, &p.confirm_token, &p.host, &p.action, p.attempt)
            == (&plan.from, &plan.to, &plan.confirm_token, &plan.host, &plan.action, plan.attempt)
            && p.resend_of == plan.resend_of
    }) else {
        return Some(Refusal::Changed);
    };
    if !live.ready {
        let failed = live.prechecks.iter().find(|c| c.required && !c.ok);
        return Some(Refusal::NotReady(failed.map_or_else(String::new, |c| c.name.clone())));
    }
    let right = !plan.confirm_token.is_empty() && dialog.typed == plan.confirm_token;
    (!right).then_some(Refusal::WrongToken)
}

fn fire(desk: &mut Desk, dialog: Rollback) -> Vec<Effect> {
    let token = dialog.typed;
    let order = if dialog.again {
        Order::RollbackAgain { token, waive: None }
    } else {
        Order::Rollback { token, waive: None }
    };
    desk.order(dialog.incident, Verb::Rollback, order)
}
