//! The gate for orders: by key, command line or phone, the same rules answer with events or with
//! a refusal that names its rule. Pure: the caller writes the events down, then acts on them.

use thiserror::Error;

use super::event::{Actor, Command, Event};
use super::facts::Facts;
use super::fold::{Incident, Phase};
use super::rollback::Draft;
use crate::domain::time::{Span, Timestamp};
use crate::policy::severity::Choice;

/// The longest note or reason in characters.
pub const LONGEST_TEXT: usize = 2000;

/// Why an order was not taken: the rule's name for machines, words for people.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{words}")]
pub struct Refusal {
    pub rule: &'static str,
    pub words: String,
}

/// What `actor`'s `command` means for `incident` now. Order of the events is order of writing.
pub fn decide(
    incident: &Incident,
    command: &Command,
    actor: &Actor,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let ask = Ask { incident, actor, facts, now };
    if let Command::Note { text } = command {
        return Ok(vec![Event::Noted { text: said("note", text)? }]);
    }
    ask.may_act()?;
    match command {
        Command::Note { .. } => Ok(Vec::new()),
        Command::Acknowledge { note } => ask.acknowledge(note),
        Command::UndoAcknowledge => ask.undo(),
        Command::StartTimer { span } => ask.start_timer(*span),
        Command::ExtendTimer { span, reason } => ask.extend(*span, reason),
        Command::StopTimer if incident.timer.is_none() => refuse("timer", "no timer is running"),
        Command::StopTimer => Ok(vec![Event::TimerStopped]),
        Command::Decide { choice, reason, recheck } => ask.decide(*choice, reason, *recheck),
        Command::Resolve { reason } => {
            ask.nothing_under_way()?;
            Ok(vec![Event::Resolved { reason: said("reason", reason)? }])
        }
        Command::Rollback { token, dry_run } => ask.rollback(token, *dry_run),
        Command::RollbackAgain { token } => ask.rollback_again(token),
    }
}

fn refuse<T>(rule: &'static str, words: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { rule, words: words.into() })
}

/// Text that says something, trimmed.
fn said(what: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    match text.chars().count() {
        0 => refuse("reason", format!("a {what} is needed")),
        n if n > LONGEST_TEXT => {
            refuse("reason", format!("the {what} is over {LONGEST_TEXT} letters"))
        }
        _ => Ok(text.to_owned()),
    }
}

struct Ask<'a> {
    incident: &'a Incident,
    actor: &'a Actor,
    facts: &'a Facts<'a>,
    now: Timestamp,
}

type Answer = Result<Vec<Event>, Refusal>;

impl Ask<'_> {
    fn may_act(&self) -> Result<(), Refusal> {
        if !self.facts.may_act {
            return refuse("role", "this role looks and notes; only an operator acts");
        }
        if !self.incident.is_live() {
            let state = self.incident.state().name();
            return refuse("closed", format!("{} is {state}", self.incident.id));
        }
        Ok(())
    }

    fn acknowledge(&self, note: &str) -> Answer {
        if self.incident.acks.iter().any(|a| a.actor.name == self.actor.name) {
            return refuse("acknowledge", "you have acknowledged it already");
        }
        let note = if note.trim().is_empty() { String::new() } else { said("note", note)? };
        let expires_at = self.facts.policy.ack_expires(self.incident.severity, self.now);
        Ok(vec![Event::Acknowledged { note, expires_at }])
    }

    fn undo(&self) -> Answer {
        let mine = self.incident.acks.iter().rev().find(|a| a.actor.name == self.actor.name);
        let Some(ack) = mine else {
            return refuse("undo", "you have not acknowledged it");
        };
        let wall = self.facts.policy.timing.undo;
        if self.now.since(ack.at) > self.facts.shop_time(wall) {
            return refuse("undo", format!("an acknowledgement can be taken back for {wall}"));
        }
        Ok(vec![Event::AckUndone])
    }

    fn start_timer(&self, span: Span) -> Answer {
        if self.incident.timer.is_some() {
            return refuse("timer", "a timer is running; extend or stop it");
        }
        let longest = self.facts.policy.timing.timer_max;
        if span <= Span::ZERO || span > longest {
            return refuse("timer", format!("a timer runs for more than 0s and at most {longest}"));
        }
        Ok(vec![Event::TimerStarted { due_at: self.now.plus(span) }])
    }

    /// Extends the running timer, or else the decision deadline; each once, with a reason.
    fn extend(&self, span: Span, reason: &str) -> Answer {
        let reason = said("reason", reason)?;
        let longest = self.facts.policy.timing.timer_max;
        if span <= Span::ZERO || span > longest {
            return refuse("extend", format!("an extension is more than 0s and at most {longest}"));
        }
        let (extended, due_at) = match (&self.incident.timer, self.incident.decide_clock()) {
            (Some(timer), _) => (timer.extended, timer.due_at),
            (None, Some(due_at)) => (self.incident.decide_extended, due_at),
            (None, None) => return refuse("extend", "no clock is running"),
        };
        if extended {
            return refuse("extend", "it was extended once; that is all the policy gives");
        }
        if self.incident.timer.is_none() && !self.incident.acked() {
            return refuse("extend", "acknowledge it first: only an owner gets more time");
        }
        // A span is added to what is left, never to a moment that has passed.
        Ok(vec![Event::TimerExtended { due_at: due_at.max(self.now).plus(span), reason }])
    }

    fn decide(&self, choice: Choice, reason: &str, recheck: Option<Span>) -> Answer {
        let (policy, severity) = (self.facts.policy, self.incident.severity);
        if !policy.allows(severity, choice) {
            return refuse("choice", policy.why(severity, choice));
        }
        let reason = said("reason", reason)?;
        let recheck_at = match (choice, recheck) {
            (Choice::Hold, Some(span)) if span > Span::ZERO => Some(self.now.plus(span)),
            (Choice::Hold, _) => return refuse("recheck", "a hold needs the time to look again"),
            (_, _) => None,
        };
        let decided = Event::Decided { choice, reason: reason.clone(), recheck_at };
        if choice != Choice::NotIncident {
            return Ok(vec![decided]);
        }
        self.nothing_under_way()?;
        Ok(vec![decided, Event::Cancelled { reason }])
    }

    fn nothing_under_way(&self) -> Result<(), Refusal> {
        match self.incident.action_in_flight() {
            Some(run) if run.answered_at.is_some() || run.sent_at.is_some() => {
                let unknown = run.state == super::state::ActionState::Unknown;
                let words = "an action is under way; wait for its outcome";
                if unknown { Ok(()) } else { refuse("in_flight", words) }
            }
            _ => Ok(()),
        }
    }

    fn draft(&self, token: &str) -> Result<Draft<'_>, Refusal> {
        if self.incident.phase != Phase::Open {
            return refuse("closed", "it is mitigated; there is nothing to roll back for");
        }
        let Some(draft) = Draft::of(self.incident, self.facts, self.now) else {
            return refuse("config", "no release is suspected or no [[action]] serves its service");
        };
        let wanted = draft.plan().confirm_token;
        if wanted.is_empty() {
            return refuse("token", "no release to go to, so there is nothing to confirm");
        }
        if token.trim().to_lowercase() != wanted {
            return refuse("token", "that is not the token shown; nothing was sent");
        }
        Ok(draft)
    }

    fn rollback(&self, token: &str, dry_run: bool) -> Answer {
        let draft = self.draft(token)?;
        if dry_run {
            passed(&draft, &["role allows it", "kill switch is off"])?;
            return Ok(vec![Event::ActionPrepared { intent: draft.intent(true) }]);
        }
        if draft.attempt() > 1 {
            let words = format!("attempt {} failed; order it again", draft.attempt() - 1);
            return refuse("again", words);
        }
        self.prepared(&draft)
    }

    fn rollback_again(&self, token: &str) -> Answer {
        let draft = self.draft(token)?;
        if draft.attempt() < 2 {
            return refuse("again", "no attempt was refused or did not help");
        }
        self.prepared(&draft)
    }

    fn prepared(&self, draft: &Draft<'_>) -> Answer {
        passed(draft, &[])?;
        let intent = draft.intent(false);
        let decided = self.incident.decision.as_ref().is_some_and(|d| d.choice == Choice::Rollback);
        let reason = format!("{} -> {}", intent.from, intent.to);
        let decision = Event::Decided { choice: Choice::Rollback, reason, recheck_at: None };
        let mut events = if decided { Vec::new() } else { vec![decision] };
        events.push(Event::ActionPrepared { intent });
        Ok(events)
    }
}

/// Refuses with the first required check that failed; with `only` names, no other check counts.
fn passed(draft: &Draft<'_>, only: &[&str]) -> Result<(), Refusal> {
    let counts = |name: &str| only.is_empty() || only.contains(&name);
    let failed = draft.prechecks().into_iter().find(|c| c.required && !c.ok && counts(&c.name));
    match failed {
        Some(check) => refuse("precheck", format!("not ok: {}: {}", check.name, check.detail)),
        None => Ok(()),
    }
}
