//! Messages: each thing the desk may say, in a sentence.
//! Nothing is called stored before the journal's answer came.

use crate::board::ActionState;
use crate::desk::order::{FailedSend, Pending, Say, Shut};
use crate::desk::state::Desk;
use crate::desk::ui::Toast;
use crate::domain::id::IncidentId;
use crate::domain::text::screen_text;
use crate::incident::order::OrderKind;

use super::clocks;
use super::role::Role;
use super::screen::Line;

/// `(being done, done)`.
const fn verb(verb: OrderKind) -> (&'static str, &'static str) {
    match verb {
        OrderKind::Acknowledge => ("Acknowledging", "Acknowledged"),
        OrderKind::Undo => ("Taking back the acknowledgement", "Acknowledgement taken back"),
        OrderKind::Decide => ("Recording the decision", "Decision recorded"),
        OrderKind::Rollback => ("Ordering the rollback", "Rollback ordered"),
        OrderKind::StartTimer => ("Starting the timer", "Timer started"),
        OrderKind::ExtendTimer => ("Extending the timer", "Timer extended"),
        OrderKind::StopTimer => ("Stopping the timer", "Timer stopped"),
        OrderKind::Note => ("Writing the note", "Note written"),
        OrderKind::Resolve => ("Resolving", "Resolved"),
        OrderKind::Review => ("Writing the review", "Review written"),
    }
}

/// An incident by its name, with a word where it is not the one that the banner names.
pub fn named(desk: &Desk, id: &IncidentId) -> String {
    let here = desk.bannered().is_none_or(|x| x.id == *id);
    format!("{id}{}", if here { "" } else { " (not the one in the banner)" })
}

fn about(desk: &Desk, id: &IncidentId) -> Line {
    Line::fixed(Role::Text, " ").and(Role::Text, screen_text(&named(desk, id))).say(Role::Text, ":")
}

/// A message, after the name of the incident that it is about.
pub fn toast(desk: &Desk, toast: &Toast) -> Line {
    let head = toast.about.as_ref().map_or_else(Line::new, |id| about(desk, id));
    head.and_line(line(&toast.say))
}

pub fn pending(desk: &Desk, pending: &Pending) -> Line {
    let what = pending.verb;
    about(desk, &pending.incident)
        .say(Role::Warning, " ")
        .say(Role::Warning, verb(what).0)
        .say(Role::Warning, ": not stored yet")
}

fn line(say: &Say) -> Line {
    let words = |role, text| Line::fixed(role, " ").say(role, text);
    match say {
        // more than this is not known yet
        Say::Stored(OrderKind::Rollback) => {
            words(Role::Warning, "Rollback ordered and stored; sending ...")
        }
        Say::Stored(v) => words(Role::Ok, verb(*v).1).say(Role::Ok, " and stored."),
        Say::Failed(v, why) => words(Role::Error, verb(*v).0)
            .say(Role::Error, " failed: ")
            .and(Role::Error, screen_text(why)),
        Say::ReadOnly => words(Role::Warning, "Read-only: an operator's session can do that."),
        Say::NotHere => words(Role::Muted, "Not on this page."),
        Say::NoKey(chord) => Line::fixed(Role::Muted, " No command has the key ")
            .and(Role::Text, screen_text(&chord.to_string()))
            .say(Role::Muted, "; ? lists them."),
        Say::NoIncident => words(Role::Muted, "No incident is selected or open."),
        Say::NotSuspected => words(Role::Muted, "No incident suspects this release."),
        Say::NothingThere => words(Role::Muted, "No verdict here to unfold."),
        Say::NoMatch(text) => {
            words(Role::Warning, "No command ").and(Role::Text, screen_text(text))
        }
        Say::AlreadySent(v) => words(Role::Warning, verb(*v).0).say(Role::Warning, " already."),
        Say::AlreadyOwned(by) => Line::fixed(Role::Text, " ")
            .and(Role::Text, screen_text(by))
            .say(Role::Text, " has it already."),
        Say::Closed => words(Role::Muted, "It is closed; only notes are taken."),
        Say::NothingToUndo => words(Role::Muted, "Nothing to take back: the time for it is over."),
        Say::NoSuspect => words(Role::Warning, "No rollback: no release is suspected."),
        Say::NoRollback(id) => {
            words(Role::Warning, "No rollback: no [[action]] in the config serves ")
                .and(Role::Text, screen_text(id.as_str()))
        }
        Say::NotAllowed(why) => {
            words(Role::Warning, "Not allowed here: ").and(Role::Text, screen_text(why))
        }
        Say::Burst => words(Role::Warning, "Keys came too fast for a hand and were dropped."),
        Say::PasteCut => {
            words(Role::Warning, "The text was longer than its field: its end is gone.")
        }
        Say::Shut(id, why) => Line::fixed(Role::Warning, " Dialog closed: ")
            .and(Role::Text, screen_text(id.as_str()))
            .say(Role::Warning, shut(*why)),
        Say::Came(state) => came(*state),
        Say::Went(FailedSend::Unstored(why)) => {
            words(Role::Error, "It was sent; its answer is not stored: ")
                .and(Role::Error, screen_text(why))
        }
        Say::Went(FailedSend::NotSent(why)) => {
            words(Role::Error, "NOT SENT, nothing was done: ").and(Role::Error, screen_text(why))
        }
        Say::PasteRefused => words(Role::Warning, "Paste dropped: no text field is open."),
        Say::Copied(text) => {
            words(Role::Ok, "Copied (OSC 52): ").and(Role::Text, screen_text(text))
        }
        Say::TookOver => words(Role::Warning, "The watcher ended: this process watches now."),
        Say::Relieved(by) => words(Role::Warning, "Stopped watching: the lease went to ")
            .and(Role::Text, screen_text(by))
            .say(Role::Warning, "; this screen follows it."),
    }
}

const fn shut(why: Shut) -> &'static str {
    match why {
        Shut::Closed => " was closed meanwhile; nothing was done.",
        Shut::Gone => " is not on the board any more; nothing was done.",
        Shut::NoPlan => " has no rollback any more; nothing was sent.",
        Shut::OtherPlan => " would be rolled back otherwise now; open it again.",
    }
}

/// How a rollback that was ordered here came out.
fn came(state: ActionState) -> Line {
    let role = match state {
        ActionState::Prepared | ActionState::Sent => Role::Warning,
        ActionState::Accepted | ActionState::Verifying | ActionState::Verified => Role::Ok,
        ActionState::Refused
        | ActionState::Unknown
        | ActionState::NotSent
        | ActionState::NotHelping => Role::Error,
    };
    Line::fixed(role, " Your order: ").say(role, clocks::action_words(state)).say(role, ".")
}
