//! Dialogs as data: the box over the page, with what was typed. Rules live in `desk::update`.
//! The rollback box has a file of its own.

mod rollback;

use crate::desk::command::{Category, CommandRow, TABLE};
use crate::desk::dialog::{Dialog, Field, Form, FormError, matches};
use crate::desk::fit;
use crate::desk::state::{Desk, Seat};
use crate::domain::id::IncidentId;
use crate::domain::text::{ScreenText, screen_text};
use crate::incident::order::Order;
use crate::policy::severity::Choice;

use super::clocks;
use super::field::tail;
use super::inputs;
use super::role::Role;
use super::say;
use super::screen::{DialogView, Line};
use super::words;

pub fn dialog(desk: &Desk) -> Option<DialogView> {
    Some(match desk.ui.dialog.as_ref()? {
        Dialog::Filter { .. } => return None,
        Dialog::Help { scroll } => help(desk, *scroll),
        Dialog::Palette { text, pick } => palette(desk, text, *pick),
        Dialog::Decide { incident } => decide(desk, incident),
        Dialog::Timer { incident } => timer(desk, incident),
        Dialog::Form(form) => form_view(desk, form),
        Dialog::Rollback(r) => rollback::view(desk, r),
        Dialog::Inputs { of, scroll } => inputs::view(desk, of, *scroll),
        Dialog::ConfirmQuit => view(
            ScreenText::fixed("An action is in flight"),
            Role::Warning,
            vec![
                Line::fixed(
                    Role::Text,
                    "Its outcome is kept in the journal and watched on by the watcher.",
                ),
                Line::fixed(Role::Key, "y").say(Role::Text, " quits, any other key stays"),
            ],
        ),
    })
}

fn view(title: ScreenText, role: Role, lines: Vec<Line>) -> DialogView {
    let width = lines.iter().map(Line::width).max().unwrap_or(0).max(title.width() + 2) + 4;
    let width = u16::try_from(width).unwrap_or(fit::WIDTH).min(fit::WIDTH);
    DialogView { title, role, width, lines, scroll: 0, whole: false, scrolls: false }
}

fn help(desk: &Desk, scroll: usize) -> DialogView {
    let mut lines = vec![];
    // who only looks is not offered what only an operator can do
    let usable = |row: &&CommandRow| !row.command.is_order() || desk.role() == Seat::Operator;
    for category in Category::ALL {
        let rows = || TABLE.iter().filter(|r| r.category == category).filter(usable);
        if rows().next().is_some() {
            lines.push(Line::fixed(Role::Title, category.name()));
        }
        for row in rows() {
            let keys: Vec<String> =
                desk.setup.keymap.chords(row.command).iter().map(ToString::to_string).collect();
            let keys = words::made(format!("  {:<12} ", keys.join(" ")));
            lines.push(Line::of(Role::Key, keys).say(Role::Text, row.doc));
        }
    }
    let title = ScreenText::fixed("Keys (up, down scroll; any other key closes)");
    DialogView { scroll, scrolls: true, ..view(title, Role::Focus, lines) }
}

fn palette(desk: &Desk, text: &str, pick: usize) -> DialogView {
    let mut lines =
        vec![Line::fixed(Role::Key, ":").and(Role::Text, screen_text(text)).say(Role::Focus, "_")];
    let found = matches(text);
    let first = pick.saturating_sub(7);
    for (i, row) in found.iter().enumerate().skip(first).take(8) {
        let role = if i == pick { Role::Selected } else { Role::Text };
        let name = words::made(format!(" {:<18}", row.name));
        let key = desk.setup.keymap.first(row.command).map_or_else(String::new, |c| c.to_string());
        lines.push(
            Line::of(role, name)
                .and(Role::Key, words::made(format!("{key:<7} ")))
                .say(Role::Muted, row.doc),
        );
    }
    if found.is_empty() {
        lines.push(Line::fixed(Role::Muted, " no such command"));
    }
    DialogView { width: fit::WIDTH, ..view(ScreenText::fixed("Command"), Role::Focus, lines) }
}

fn titled(desk: &Desk, what: &str, id: &IncidentId) -> ScreenText {
    let headline = desk.incident(id).map_or("", |x| x.headline.as_str());
    screen_text(&format!("{what} {}: {headline}", say::named(desk, id)))
}

fn decide(desk: &Desk, id: &IncidentId) -> DialogView {
    let incident = desk.incident(id);
    let mut lines = vec![match incident {
        Some(x) => clocks::decide_phrase(x, desk.now)
            .say(Role::Text, "  ")
            .and_line(clocks::money_phrase(x)),
        None => Line::fixed(Role::Warning, "It is not on the board any more."),
    }];
    for (i, choice) in Choice::ALL.into_iter().enumerate() {
        let row = incident.and_then(|x| x.choices.iter().find(|c| c.choice == choice));
        let key = words::made(format!("{}", i + 1));
        let (role, name) = match row {
            Some(row) if !row.allowed => (Role::Muted, Role::Muted),
            _ => (Role::Key, Role::Text),
        };
        lines.push(Line::of(role, key).say(name, "  ").say(name, choice_words(choice)));
        if let Some(row) = row.filter(|r| !r.allowed) {
            let why = screen_text(&format!("not allowed: {}", row.why));
            let parts = fit::wrap(&why, fit::text_width(desk.size));
            lines.extend(
                parts.into_iter().map(|p| Line::fixed(Role::Muted, "   ").and(Role::Muted, p)),
            );
        }
    }
    lines.push(Line::fixed(Role::Muted, "a number chooses, esc closes"));
    view(titled(desk, "Decide", id), Role::Focus, lines)
}

const fn choice_words(choice: Choice) -> &'static str {
    match choice {
        Choice::Rollback => "roll back: opens the rollback dialog",
        Choice::Reroute => "reroute: send shoppers around it",
        Choice::Mitigate => "mitigate: another fix is on its way",
        Choice::Hold => "hold: watch it and look again",
        Choice::NotIncident => "not an incident",
    }
}

fn timer(desk: &Desk, id: &IncidentId) -> DialogView {
    let x = desk.incident(id);
    let left = match x.and_then(|x| x.timer_due_at) {
        Some(due) => {
            Line::fixed(Role::Clock, "timer ").and(Role::Clock, words::clock_words(due, desk.now))
        }
        None => Line::fixed(Role::Muted, "no timer runs"),
    };
    let extend = if x.is_some_and(|x| x.timer_extended) {
        Line::fixed(Role::Muted, "1  extend - it was extended once already")
    } else {
        Line::fixed(Role::Key, "1").say(Role::Text, "  extend once, with a reason")
    };
    let lines = vec![
        left,
        extend,
        Line::fixed(Role::Key, "2").say(Role::Text, "  stop"),
        Line::fixed(Role::Muted, "esc closes"),
    ];
    view(titled(desk, "Timer", id), Role::Focus, lines)
}

fn form_view(desk: &Desk, form: &Form) -> DialogView {
    let title = match &form.order {
        Order::Note { .. } => "Note",
        Order::Resolve { .. } => "Resolve",
        Order::Review { .. } => "Review the alarm: was it right?",
        Order::StartTimer { .. } => "Start a decision timer",
        Order::ExtendTimer { .. } => "Extend the timer (once)",
        Order::Decide { choice, .. } => choice_words(*choice),
        Order::Acknowledge { .. } => "Acknowledge",
        Order::UndoAcknowledge => "Take the acknowledgement back",
        Order::StopTimer => "Stop the timer",
        Order::Rollback { .. } | Order::RollbackAgain { .. } | Order::RollbackOf { .. } => {
            "Roll back"
        }
    };
    let mut lines = vec![];
    for (i, field) in form.asked().iter().enumerate() {
        let label = match field {
            Field::Text => "Text     ",
            Field::Reason => "Reason   ",
            Field::Truth => "Verdict  ",
            Field::Span => "For      ",
            Field::Recheck => "Look in  ",
        };
        let active = i == form.at;
        let value = form.fields.get(i).map_or("", String::as_str);
        let role = if active { Role::Text } else { Role::Muted };
        let line = Line::fixed(role, label).and(role, tail(value, 60));
        lines.push(if active { line.say(Role::Focus, "_") } else { line });
    }
    lines.push(match form.error {
        Some(FormError::Empty) => Line::fixed(Role::Error, "Write something first."),
        Some(FormError::Cut) => {
            Line::fixed(Role::Error, "Cut: the field holds 2000 letters and is full.")
        }
        Some(FormError::NoTruth) => Line::fixed(Role::Error, "Write true, false or unsure."),
        Some(FormError::NoDuration) => Line::fixed(Role::Error, "Write a duration: 90s, 15m, 2h."),
        None => Line::new(),
    });
    lines.push(Line::fixed(Role::Muted, "enter goes on, esc closes without doing it"));
    let title = screen_text(&format!("{title} - {}", say::named(desk, &form.incident)));
    DialogView { width: fit::WIDTH, ..view(title, Role::Focus, lines) }
}
