//! Keys while a dialog is open: typing never fires a command, Esc always closes.
//! Every branch puts the dialog back unless it is done with it.

use crate::desk::chord::{Chord, Key};
use crate::desk::dialog::{Dialog, Field, Form, FormError, matches, span};
use crate::desk::inputs::Subject;
use crate::desk::order::Say;
use crate::desk::state::{Desk, DeskEffect};
use crate::domain::id::IncidentId;
use crate::domain::time::Span;
use crate::incident::gate::LONGEST_TEXT;
use crate::incident::order::Order;
use crate::incident::order::OrderKind::{Note, Review};
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;

use super::rollback;
use super::run::run;
use super::subject::ended;
use super::typing::{PROMPT_MAX, SHUT, add, edit};

const ENTER: Chord = Chord::plain(Key::Enter);
const ESC: Chord = Chord::plain(Key::Esc);

pub(super) fn key(desk: &mut Desk, chord: Chord, burst: bool) -> Vec<DeskEffect> {
    let Some(dialog) = desk.ui.dialog.take() else {
        return vec![];
    };
    match dialog {
        Dialog::Help { scroll } => help(desk, scroll, chord),
        Dialog::Palette { text, pick } => palette(desk, text, pick, (chord, burst)),
        Dialog::Filter { before } => filter(desk, before, chord),
        Dialog::Decide { incident } => decide(desk, incident, chord, burst),
        Dialog::Timer { incident } => timer(desk, incident, chord, burst),
        Dialog::Form(form) => form_key(desk, form, chord, burst),
        Dialog::Rollback(dialog) => rollback::key(desk, *dialog, chord, burst),
        Dialog::Inputs { of, scroll } => inputs(desk, *of, scroll, chord),
        Dialog::ConfirmQuit => match chord.key {
            Key::Char('y') if !burst => vec![DeskEffect::Quit],
            _ if chord == Chord::ctrl('c') => vec![DeskEffect::Quit],
            _ => vec![],
        },
    }
}

/// Closes a dialog whose subject went from under it, says why, and is deaf for a moment: what the
/// hands still send was meant for the dialog and not for the page below.
pub(super) fn follow(desk: &mut Desk) {
    let shut = match &desk.ui.dialog {
        Some(Dialog::Decide { incident } | Dialog::Timer { incident }) => ended(desk, incident),
        Some(Dialog::Form(form)) if !matches!(form.order.kind(), Note | Review) => {
            ended(desk, &form.incident)
        }
        Some(Dialog::Rollback(_)) => rollback::follow(desk),
        None
        | Some(
            Dialog::Help { .. }
            | Dialog::Palette { .. }
            | Dialog::Filter { .. }
            | Dialog::Form(_)
            | Dialog::Inputs { .. }
            | Dialog::ConfirmQuit,
        ) => None,
    };
    if let Some((incident, why)) = shut {
        desk.ui.dialog = None;
        desk.ui.deaf.start(desk.wall, SHUT);
        desk.say(Say::Shut(incident, why));
    }
}

/// Puts pasted text into the open text field; false when there is none.
pub(super) fn paste(desk: &mut Desk, text: &str) -> bool {
    let mut cut = false;
    match &mut desk.ui.dialog {
        Some(Dialog::Form(_)) if text.is_empty() => {}
        Some(Dialog::Form(form)) => {
            cut = form.text_mut(true).is_some_and(|t| add(t, text, LONGEST_TEXT));
            form.error = cut.then_some(FormError::Cut);
        }
        Some(Dialog::Palette { text: typed, pick }) => {
            cut = add(typed, text, PROMPT_MAX);
            *pick = 0;
        }
        Some(Dialog::Filter { .. }) => {
            cut = add(&mut desk.ui.filter, text, PROMPT_MAX);
            desk.ui.list.rebuild(&desk.board, &desk.ui.filter);
        }
        Some(Dialog::Rollback(dialog)) => cut = rollback::paste(dialog, text, desk.wall),
        None
        | Some(
            Dialog::Help { .. }
            | Dialog::Decide { .. }
            | Dialog::Timer { .. }
            | Dialog::Inputs { .. }
            | Dialog::ConfirmQuit,
        ) => return false,
    }
    if cut {
        desk.say(Say::PasteCut);
    }
    true
}

fn help(desk: &mut Desk, scroll: usize, chord: Chord) -> Vec<DeskEffect> {
    let scroll = match chord.key {
        Key::Down => scroll.saturating_add(1).min(60),
        Key::Up => scroll.saturating_sub(1),
        Key::PageDown | Key::Char(' ') => scroll.saturating_add(10).min(60),
        Key::PageUp => scroll.saturating_sub(10),
        Key::Home => 0,
        _ => return vec![],
    };
    desk.ui.dialog = Some(Dialog::Help { scroll });
    vec![]
}

/// Scrolls, steps to the next verdict, or closes.
fn inputs(desk: &mut Desk, of: Subject, scroll: usize, chord: Chord) -> Vec<DeskEffect> {
    const MOST: usize = 200;
    let (of, scroll) = match chord.key {
        Key::Down => (of, scroll.saturating_add(1).min(MOST)),
        Key::Up => (of, scroll.saturating_sub(1)),
        Key::PageDown | Key::Char(' ') => (of, scroll.saturating_add(10).min(MOST)),
        Key::PageUp => (of, scroll.saturating_sub(10)),
        Key::Home => (of, 0),
        Key::Tab | Key::Right => (of.step(&desk.board, true), 0),
        Key::BackTab | Key::Left => (of.step(&desk.board, false), 0),
        _ => return vec![],
    };
    desk.ui.dialog = Some(Dialog::Inputs { of: Box::new(of), scroll });
    vec![]
}

fn palette(
    desk: &mut Desk,
    mut text: String,
    pick: usize,
    press: (Chord, bool),
) -> Vec<DeskEffect> {
    let (chord, burst) = press;
    if chord == ESC || chord == Chord::ctrl('c') {
        return vec![];
    }
    let found = matches(&text);
    if chord == ENTER && !burst {
        if let Some(row) = found.get(pick) {
            return run(desk, row.command);
        }
        desk.say(Say::NoMatch(text));
        return vec![];
    }
    let last = found.len().saturating_sub(1);
    let pick = match chord.key {
        Key::Up | Key::BackTab => pick.saturating_sub(1),
        Key::Down | Key::Tab => (pick + 1).min(last),
        _ if edit(&mut text, chord, PROMPT_MAX) => 0,
        _ => pick,
    };
    desk.ui.dialog = Some(Dialog::Palette { text, pick });
    vec![]
}

/// The list follows every key; Enter keeps the filter, Esc restores the one before.
fn filter(desk: &mut Desk, before: String, chord: Chord) -> Vec<DeskEffect> {
    if chord == ENTER {
        return vec![];
    }
    if chord == ESC || chord == Chord::ctrl('c') {
        desk.ui.filter = before;
    } else {
        edit(&mut desk.ui.filter, chord, PROMPT_MAX);
        desk.ui.dialog = Some(Dialog::Filter { before });
    }
    desk.ui.list.rebuild(&desk.board, &desk.ui.filter);
    desk.ui.scroll = 0;
    vec![]
}

fn decide(desk: &mut Desk, incident: IncidentId, chord: Chord, burst: bool) -> Vec<DeskEffect> {
    if burst {
        desk.say(Say::Burst);
        desk.ui.dialog = Some(Dialog::Decide { incident });
        return vec![];
    }
    if chord == ESC || chord == Chord::ctrl('c') {
        return vec![];
    }
    let picked = match chord.key {
        Key::Char(c @ '1'..='5') => Choice::ALL.get(c as usize - '1' as usize).copied(),
        _ => None,
    };
    let Some(choice) = picked else {
        desk.ui.dialog = Some(Dialog::Decide { incident });
        return vec![];
    };
    if choice == Choice::Rollback {
        return rollback::open(desk, &incident);
    }
    let forbidden = desk
        .incident(&incident)
        .and_then(|x| x.choices.iter().find(|c| c.choice == choice && !c.allowed))
        .map(|c| c.why.clone());
    desk.ui.dialog = Some(match forbidden {
        Some(why) => {
            desk.say_of(incident.clone(), Say::NotAllowed(why));
            Dialog::Decide { incident }
        }
        None => Dialog::Form(Form::new(incident, decision(choice))),
    });
    vec![]
}

fn decision(choice: Choice) -> Order {
    Order::Decide { choice, reason: String::new(), recheck: None }
}

fn timer(desk: &mut Desk, incident: IncidentId, chord: Chord, burst: bool) -> Vec<DeskEffect> {
    match chord.key {
        Key::Esc => vec![],
        Key::Char('1') if !burst => {
            let more = Order::ExtendTimer { span: Span::ZERO, reason: String::new() };
            desk.ui.dialog = Some(Dialog::Form(Form::new(incident, more)));
            vec![]
        }
        Key::Char('2') if !burst => desk.order(incident, Order::StopTimer),
        _ => {
            desk.ui.dialog = Some(Dialog::Timer { incident });
            vec![]
        }
    }
}

fn form_key(desk: &mut Desk, mut form: Form, chord: Chord, burst: bool) -> Vec<DeskEffect> {
    if chord == ESC || chord == Chord::ctrl('c') {
        return vec![];
    }
    if chord == ENTER && !burst {
        return enter(desk, form);
    }
    // An Enter inside a burst is a pasted line end, not a person.
    let chord = if chord == ENTER { Chord::char(' ') } else { chord };
    if chord == Chord::plain(Key::BackTab) {
        form.go(form.at.saturating_sub(1));
        return keep(desk, form);
    }
    let letter = matches!(chord, Chord { key: Key::Char(_), ctrl: false, alt: false });
    let full = |text: &String| text.chars().count() >= LONGEST_TEXT;
    if letter && form.fields.get(form.at).is_some_and(full) {
        form.error = Some(FormError::Cut);
        return keep(desk, form);
    }
    let typed = form.text_mut(letter).is_some_and(|text| edit(text, chord, LONGEST_TEXT));
    if typed {
        form.error = None;
    }
    keep(desk, form)
}

fn keep(desk: &mut Desk, form: Form) -> Vec<DeskEffect> {
    desk.ui.dialog = Some(Dialog::Form(form));
    vec![]
}

/// Checks the field; the last one sends the order.
fn enter(desk: &mut Desk, mut form: Form) -> Vec<DeskEffect> {
    let fields = form.asked();
    let text = form.fields.get(form.at).map_or("", |t| t.trim());
    form.error = match fields.get(form.at) {
        Some(Field::Text | Field::Reason) if text.is_empty() => Some(FormError::Empty),
        Some(Field::Truth) if AlarmTruth::from_typed(text).is_none() => Some(FormError::NoTruth),
        Some(Field::Span | Field::Recheck) if span(text).is_none() => Some(FormError::NoDuration),
        _ => None,
    };
    if form.error.is_some() {
        return keep(desk, form);
    }
    if form.at + 1 < fields.len() {
        form.go(form.at + 1);
        return keep(desk, form);
    }
    let order = form.filled();
    desk.order(form.incident, order)
}
