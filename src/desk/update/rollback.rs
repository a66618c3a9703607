//! The rollback dialog: opened by its own key, read, confirmed by the typed token and Enter.
//! A paste, a burst or an early key never confirms. Nothing else in this program orders a rollback.

use crate::board::Alternative;
use crate::desk::chord::{Chord, Key};
use crate::desk::dialog::{Dialog, DialogRefusal, Rollback};
use crate::desk::fit;
use crate::desk::order::{Say, Shut};
use crate::desk::state::{Desk, DeskEffect};
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::gate::LONGEST_TEXT;
use crate::incident::id::confirms;
use crate::incident::order::Order;
use crate::policy::severity::Choice;

use super::subject::ended;
use super::typing::{GUARD, add, edit};

/// Enter sooner than this after another key is part of a paste.
const ENTER_PAUSE: Span = Span::from_millis(300);
/// After a burst keys are swallowed for so long: what is still on the line belongs to it.
const DEAF: Span = Span::from_millis(300);
/// Share from which a release is one of a tie.
const TIED: f64 = 0.1;
/// Longest text the token field takes.
const TYPED_MAX: usize = 32;

/// Opens the dialog for an incident that has a plan, else says why not.
pub(super) fn open(desk: &mut Desk, id: &IncidentId) -> Vec<DeskEffect> {
    let Some(incident) = desk.incident(id) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    let forbidden = incident.choices.iter().find(|c| c.choice == Choice::Rollback && !c.allowed);
    if let Some(row) = forbidden {
        let why = row.why.clone();
        desk.say_of(id.clone(), Say::NotAllowed(why));
        return vec![];
    }
    let way = |a: &Alternative| Some((a.plan.clone()?, Some(a.release.clone())));
    let own = incident.rollback.clone().map(|plan| (plan, None));
    let tie = incident.suspect.is_tie();
    let tied = |a: &&Alternative| a.suspect || tie && a.share.is_some_and(|s| s >= TIED);
    let others = || incident.alternatives.iter();
    // One of a tie stands first; what nobody suspects is only shown until it is chosen.
    let named = own.or_else(|| others().filter(tied).find_map(way));
    let unchosen = named.is_none();
    let Some((plan, picked)) = named.or_else(|| others().find_map(way)) else {
        let suspect = incident.suspect.release.clone();
        desk.say_of(id.clone(), suspect.map_or(Say::NoSuspect, Say::NoRollback));
        return vec![];
    };
    let others = incident.alternatives.clone();
    desk.ui.toast = None;
    let new = Rollback::new(id.clone(), plan, desk.wall);
    let mut dialog = Rollback { others, picked, unchosen, ..new };
    dialog.age(desk.is_stale());
    dialog.on_reason = dialog.needs_reason();
    desk.ui.dialog = Some(Dialog::Rollback(Box::new(dialog)));
    vec![]
}

/// Takes the checks of a new board; why the dialog cannot stay open, where it cannot.
pub(super) fn follow(desk: &mut Desk) -> Option<(IncidentId, Shut)> {
    let Some(Dialog::Rollback(dialog)) = &desk.ui.dialog else { return None };
    let id = dialog.incident.clone();
    if let Some(why) = ended(desk, &id) {
        return Some(why);
    }
    let found = desk.incident(&id).and_then(|x| Some((dialog.live(x)?, &x.alternatives)));
    let Some((live, others)) = found.map(|(p, others)| (p.clone(), others.clone())) else {
        return Some((id, Shut::NoPlan));
    };
    let Some(Dialog::Rollback(dialog)) = &mut desk.ui.dialog else { return None };
    if !dialog.is_about(&live) {
        return Some((id, Shut::OtherPlan));
    }
    let failed = |name: &str| dialog.plan.prechecks.iter().any(|c| c.name == name && !c.ok);
    let fails = live.prechecks.iter().find(|c| c.required && !c.ok && !failed(&c.name));
    let worse = fails.map(|c| c.name.clone());
    let fails_on = |name: &str| live.prechecks.iter().any(|c| c.name == name && c.stops());
    if let Some(DialogRefusal::Worse(name) | DialogRefusal::NotReady(name)) = &dialog.refusal
        && !fails_on(name)
    {
        dialog.refusal = None; // it holds again
    }
    (dialog.plan, dialog.others) = (live, others);
    if let Some(name) = worse {
        // what was typed agreed to less than this
        dialog.typed.clear();
        dialog.refusal = Some(DialogRefusal::Worse(name));
        dialog.on_reason = dialog.needs_reason();
    }
    dialog.on_reason &= dialog.needs_reason();
    None
}

/// Letters without a hand: the reason takes them, the token never; true when some were left out.
pub(super) fn paste(dialog: &mut Rollback, text: &str, wall: Timestamp) -> bool {
    if dialog.on_reason {
        return add(&mut dialog.reason, text, LONGEST_TEXT);
    }
    flood(dialog, wall);
    false
}

/// A burst is no confirmation: the field is emptied and the rest of it is swallowed.
fn flood(dialog: &mut Rollback, wall: Timestamp) {
    dialog.typed.clear();
    dialog.refusal = Some(DialogRefusal::Burst);
    dialog.deaf_until = Some(wall.plus(DEAF));
}

pub(super) fn key(
    desk: &mut Desk,
    mut dialog: Rollback,
    chord: Chord,
    burst: bool,
) -> Vec<DeskEffect> {
    if burst && !dialog.on_reason {
        flood(&mut dialog, desk.wall);
        return keep(desk, dialog);
    }
    if is_deaf(&mut dialog, desk.wall) {
        return keep(desk, dialog);
    }
    if chord == Chord::plain(Key::Esc) || chord == Chord::ctrl('c') {
        return vec![];
    }
    if is_early(&mut dialog, desk.wall) {
        return keep(desk, dialog);
    }
    match chord.key {
        Key::Enter if burst => typing(&mut dialog, Chord::char(' ')),
        Key::Enter => return enter(desk, dialog),
        Key::Tab if !burst => {
            dialog.unfolded = !dialog.unfolded;
            dialog.scroll = 0;
            dialog.refusal = None;
        }
        Key::Up | Key::Down | Key::PageUp | Key::PageDown if dialog.unfolded => {
            scroll(desk, &mut dialog, chord.key);
        }
        Key::Left | Key::Right if !burst => dialog.pick(chord.key == Key::Left, desk.wall),
        Key::Up | Key::Down | Key::BackTab => {
            dialog.on_reason = !dialog.on_reason && dialog.needs_reason();
        }
        _ => typing(&mut dialog, chord),
    }
    keep(desk, dialog)
}

fn keep(desk: &mut Desk, dialog: Rollback) -> Vec<DeskEffect> {
    desk.ui.dialog = Some(Dialog::Rollback(Box::new(dialog)));
    vec![]
}

fn typing(dialog: &mut Rollback, chord: Chord) {
    if dialog.unchosen {
        dialog.refusal = Some(DialogRefusal::Unchosen);
        return;
    }
    let (text, most) = if dialog.on_reason {
        (&mut dialog.reason, LONGEST_TEXT)
    } else {
        (&mut dialog.typed, TYPED_MAX)
    };
    if edit(text, chord, most) {
        dialog.refusal = None;
    }
}

fn scroll(desk: &Desk, dialog: &mut Rollback, key: Key) {
    let window = fit::layout(dialog, desk.size, desk.is_stale()).window;
    let (from, shown, all) = window.unwrap_or((0, 0, 0));
    let to = match key {
        Key::Up => from.saturating_sub(1),
        Key::PageUp => from.saturating_sub(shown.max(1)),
        Key::PageDown => from + shown.max(1),
        _ => from + 1,
    };
    dialog.scroll = to.min(all - shown);
}

/// True while a burst may still be on the line. A clock that steps back ends it.
fn is_deaf(dialog: &mut Rollback, wall: Timestamp) -> bool {
    dialog.deaf_until = dialog.deaf_until.filter(|t| wall < *t && t.since(wall) <= DEAF);
    dialog.deaf_until.is_some()
}

/// True in the dialog's first moments. A clock that steps back starts them anew.
fn is_early(dialog: &mut Rollback, wall: Timestamp) -> bool {
    if wall < dialog.opened_at {
        dialog.opened_at = wall;
    }
    wall.since(dialog.opened_at) < GUARD
}

/// In the reason Enter goes on to the token; there it fires, or says why not.
fn enter(desk: &mut Desk, mut dialog: Rollback) -> Vec<DeskEffect> {
    if dialog.on_reason && !dialog.reason.trim().is_empty() {
        dialog.on_reason = false;
        dialog.refusal = None;
        return keep(desk, dialog);
    }
    let Some(why) = refusal(desk, &dialog) else { return fire(desk, dialog) };
    match why {
        DialogRefusal::WrongToken => dialog.typed.clear(),
        DialogRefusal::NoReason => dialog.on_reason = true,
        DialogRefusal::TooSmall
        | DialogRefusal::Unfolded
        | DialogRefusal::TooSoon
        | DialogRefusal::NotReady(_)
        | DialogRefusal::Worse(_)
        | DialogRefusal::Unchosen
        | DialogRefusal::Burst => {}
    }
    dialog.refusal = Some(why);
    keep(desk, dialog)
}

/// Why Enter must not fire now; none when all of it is in sight and the token is right.
fn refusal(desk: &Desk, dialog: &Rollback) -> Option<DialogRefusal> {
    let shown = fit::layout(dialog, desk.size, desk.is_stale());
    if shown.window.is_some() {
        return Some(DialogRefusal::Unfolded);
    }
    if !shown.whole {
        return Some(DialogRefusal::TooSmall);
    }
    if dialog.unchosen {
        return Some(DialogRefusal::Unchosen);
    }
    if desk.ui.keys.pause().is_none_or(|p| p < ENTER_PAUSE) {
        return Some(DialogRefusal::TooSoon);
    }
    let needs_reason = dialog.needs_reason();
    if !dialog.plan.ready && !needs_reason {
        let name = dialog.plan.blocked().map_or_else(String::new, |c| c.name.clone());
        return Some(DialogRefusal::NotReady(name));
    }
    if needs_reason && dialog.reason.trim().is_empty() {
        return Some(DialogRefusal::NoReason);
    }
    (!confirms(&dialog.typed, &dialog.plan.confirm_token)).then_some(DialogRefusal::WrongToken)
}

fn fire(desk: &mut Desk, dialog: Rollback) -> Vec<DeskEffect> {
    // a second Enter of the same hand is not for the page below
    desk.ui.deaf.start(desk.wall, DEAF);
    let waive = dialog.needs_reason().then(|| dialog.reason.trim().to_owned());
    let token = dialog.typed;
    let order = if let Some(release) = dialog.picked {
        Order::RollbackOf { release, token, waive, again: dialog.again }
    } else if dialog.again {
        Order::RollbackAgain { token, waive }
    } else {
        Order::Rollback { token, waive }
    };
    desk.order(dialog.incident, order)
}
