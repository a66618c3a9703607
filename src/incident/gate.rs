//! The gate for orders: by key, command line or phone, the same rules answer with events or with
//! a refusal that names its rule. Pure: the caller writes the events down, then acts on them.

use thiserror::Error;

use super::deed::{Deed, after};
use super::event::{Actor, Event, Waived};
use super::facts::OrderFacts;
use super::fold::{Incident, Phase};
use super::id::confirms;
use super::order::Order;
use super::rollback::RollbackDraft;
use super::state::{RollbackPlan, State};
use super::truth::AlarmTruth;
use crate::domain::id::ReleaseId;
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

/// What `actor`'s `order` means for `incident` now. Order of the events is order of writing.
pub fn decide(
    incident: &Incident,
    order: &Order,
    actor: &Actor,
    facts: &OrderFacts<'_>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let ask = Hearing { incident, actor, facts, now };
    match order {
        Order::Note { text } => return Ok(vec![Event::Noted { text: said("note", text)? }]),
        Order::Review { verdict, reason } => return ask.review(*verdict, reason),
        _live => ask.may_act()?,
    }
    match order {
        Order::Note { .. } | Order::Review { .. } => Ok(Vec::new()),
        Order::Acknowledge { note } => ask.acknowledge(note),
        Order::UndoAcknowledge => ask.undo(),
        Order::StartTimer { span } => ask.start_timer(*span),
        Order::ExtendTimer { span, reason } => ask.extend(*span, reason),
        Order::StopTimer => ask.stop_timer(),
        Order::Decide { choice, reason, recheck } => ask.decide(*choice, reason, *recheck),
        Order::Resolve { reason } => {
            ask.nothing_under_way()?;
            Ok(vec![Event::Resolved { reason: said("reason", reason)? }])
        }
        Order::Rollback { token, waive } => ask.rollback(None, token, waive.as_deref()),
        Order::RollbackAgain { token, waive } => ask.rollback_again(None, token, waive.as_deref()),
        Order::RollbackOf { release, token, waive, again: false } => {
            ask.rollback(Some(release), token, waive.as_deref())
        }
        Order::RollbackOf { release, token, waive, again: true } => {
            ask.rollback_again(Some(release), token, waive.as_deref())
        }
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

struct Hearing<'a> {
    incident: &'a Incident,
    actor: &'a Actor,
    facts: &'a OrderFacts<'a>,
    now: Timestamp,
}

type Ruling = Result<Vec<Event>, Refusal>;

impl Hearing<'_> {
    fn role(&self) -> Result<(), Refusal> {
        if self.facts.may_act {
            return Ok(());
        }
        refuse("role", "this role looks and notes; only an operator acts")
    }

    /// Whether an alarm was right is said of closed incidents, however long ago that was.
    fn review(&self, verdict: AlarmTruth, reason: &str) -> Ruling {
        self.role()?;
        if self.incident.is_live() {
            let state = self.incident.state().name();
            let words =
                format!("{} is {state}; it is reviewed once it is closed", self.incident.id);
            return refuse("open", words);
        }
        Ok(vec![Event::Reviewed { text: said("reason", reason)?, verdict: Some(verdict) }])
    }

    fn may_act(&self) -> Result<(), Refusal> {
        self.role()?;
        if !self.incident.is_live() {
            let (state, did) = match self.incident.state() {
                State::Cancelled => ("cancelled", "said that it is no incident"),
                state => (state.name(), "resolved it"),
            };
            let who = after(self.incident.deeds.closed.as_ref(), did);
            return refuse("closed", format!("{} is {state}{who}", self.incident.id));
        }
        Ok(())
    }

    fn acknowledge(&self, note: &str) -> Ruling {
        if let Some(mine) = self.incident.acks.iter().find(|a| a.actor.name == self.actor.name) {
            let done = Deed { by: mine.actor.clone(), at: mine.at }.told("did");
            return refuse("acknowledge", format!("you have acknowledged it already: {done}"));
        }
        let note = if note.trim().is_empty() { String::new() } else { said("note", note)? };
        let expires_at = self.facts.policy.ack_expires(self.incident.severity, self.now);
        Ok(vec![Event::Acknowledged { note, expires_at }])
    }

    fn undo(&self) -> Ruling {
        let mine = self.incident.acks.iter().rev().find(|a| a.actor.name == self.actor.name);
        let Some(ack) = mine else {
            let taken = self.incident.deeds.ack_undone.as_ref();
            let by_me = taken.filter(|d| d.by.name == self.actor.name);
            let who = after(by_me, "took it back");
            return refuse("undo", format!("no acknowledgement of yours stands{who}"));
        };
        let wall = self.facts.policy.timing.undo;
        if self.now.since(ack.at) > self.facts.shop_time(wall) {
            return refuse("undo", format!("an acknowledgement can be taken back for {wall}"));
        }
        Ok(vec![Event::AckUndone])
    }

    fn start_timer(&self, span: Span) -> Ruling {
        if self.incident.timer.is_some() {
            let who = after(self.incident.deeds.timer_started.as_ref(), "started it");
            return refuse("timer", format!("a timer is running{who}; extend or stop it"));
        }
        let longest = self.facts.policy.timing.timer_max;
        if span <= Span::ZERO || span > longest {
            return refuse("timer", format!("a timer runs for more than 0s and at most {longest}"));
        }
        Ok(vec![Event::TimerStarted { due_at: self.now.plus(span) }])
    }

    fn stop_timer(&self) -> Ruling {
        if self.incident.timer.is_some() {
            return Ok(vec![Event::TimerStopped]);
        }
        let who = after(self.incident.deeds.timer_stopped.as_ref(), "stopped the last one");
        refuse("timer", format!("no timer is running{who}"))
    }

    /// Extends the running timer, or else the decision deadline; each once, with a reason.
    fn extend(&self, span: Span, reason: &str) -> Ruling {
        let reason = said("reason", reason)?;
        let longest = self.facts.policy.timing.timer_max;
        if span <= Span::ZERO || span > longest {
            return refuse("extend", format!("an extension is more than 0s and at most {longest}"));
        }
        let deeds = &self.incident.deeds;
        let (extended, due_at, by) = match (&self.incident.timer, self.incident.decide_clock()) {
            (Some(timer), _) => (timer.extended, timer.due_at, &deeds.timer_extended),
            (None, Some(due)) => (self.incident.decide_extended, due, &deeds.decision_extended),
            (None, None) => return refuse("extend", "no clock is running"),
        };
        if extended {
            let who = after(by.as_ref(), "did");
            let words = format!("it was extended once{who}; that is all the policy gives");
            return refuse("extend", words);
        }
        if self.incident.timer.is_none() && !self.incident.acked() {
            return refuse("extend", "acknowledge it first: only an owner gets more time");
        }
        // A span is added to what is left, never to a moment that has passed.
        Ok(vec![Event::TimerExtended { due_at: due_at.max(self.now).plus(span), reason }])
    }

    fn decide(&self, choice: Choice, reason: &str, recheck: Option<Span>) -> Ruling {
        let (policy, severity) = (self.facts.policy, self.incident.severity);
        if !policy.allows(severity, choice) {
            return refuse("choice", policy.why(severity, choice));
        }
        let reason = said("reason", reason)?;
        self.not_decided_just_now(choice, &reason)?;
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

    /// Of two who decide at the same moment the first has decided, and the second is told. The one
    /// who decided may think again; saying the same twice is one decision.
    fn not_decided_just_now(&self, choice: Choice, reason: &str) -> Result<(), Refusal> {
        let Some(decision) = &self.incident.decision else { return Ok(()) };
        let moment = self.facts.shop_time(self.facts.policy.timing.undo);
        let Some(deed) = self.incident.deeds.decided.as_ref() else { return Ok(()) };
        if self.now.since(decision.at) > moment {
            return Ok(());
        }
        let same = decision.choice == choice && decision.reason == reason;
        if deed.by.name == self.actor.name && !same {
            return Ok(());
        }
        let done = deed.told(&format!("decided {}", decision.choice.name()));
        let words = if same { done } else { format!("{done}; decide again if it is not so") };
        refuse("decided", words)
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

    fn draft(
        &self,
        release: Option<&ReleaseId>,
        token: &str,
    ) -> Result<RollbackDraft<'_>, Refusal> {
        if self.incident.phase != Phase::Open {
            return refuse("closed", "it is mitigated; there is nothing to roll back for");
        }
        let draft = match RollbackDraft::of(self.incident, release, self.facts, self.now) {
            Ok(draft) => draft,
            Err(why) if release.is_some() => return refuse("config", why.reason()),
            Err(why) => return refuse("config", why.words()),
        };
        let wanted = draft.plan().confirm_token;
        if wanted.is_empty() {
            return refuse("token", "no release to go to, so there is nothing to confirm");
        }
        if !confirms(token, &wanted) {
            return refuse("token", "that is not the token shown; nothing was sent");
        }
        Ok(draft)
    }

    fn rollback(&self, of: Option<&ReleaseId>, token: &str, waive: Option<&str>) -> Ruling {
        let draft = self.draft(of, token)?;
        if draft.attempt() > 1 {
            let words = format!("attempt {} failed; order it again", draft.attempt() - 1);
            return refuse("again", words);
        }
        self.prepared(&draft, waive)
    }

    fn rollback_again(&self, of: Option<&ReleaseId>, token: &str, waive: Option<&str>) -> Ruling {
        let draft = self.draft(of, token)?;
        if draft.attempt() < 2 {
            return refuse("again", "no attempt was refused or did not help");
        }
        self.prepared(&draft, waive)
    }

    fn prepared(&self, draft: &RollbackDraft<'_>, waive: Option<&str>) -> Ruling {
        let waived = passed(&draft.plan(), waive)?;
        let intent = draft.intent(false);
        let decided = self.incident.decision.as_ref().is_some_and(|d| d.choice == Choice::Rollback);
        let reason = format!("{} -> {}", intent.from, intent.to);
        let decision = Event::Decided { choice: Choice::Rollback, reason, recheck_at: None };
        let mut events = if decided { Vec::new() } else { vec![decision] };
        events.push(Event::ActionPrepared { intent, waived, chosen: draft.chosen() });
        Ok(events)
    }
}

/// Refuses with the first pre-check that failed and cannot be gone past, then with the first that
/// nobody gave a reason for; says what was gone past.
fn passed(plan: &RollbackPlan, waive: Option<&str>) -> Result<Option<Waived>, Refusal> {
    if let Some(check) = plan.blocked() {
        return refuse("precheck", check.words());
    }
    let Some(first) = plan.to_waive().next() else { return Ok(None) };
    let Some(reason) = waive.filter(|text| !text.trim().is_empty()) else {
        let words = format!("{}; a reason goes past it and stays in the record", first.words());
        return refuse("precheck", words);
    };
    let checks = plan.to_waive().map(|check| check.name.clone()).collect();
    Ok(Some(Waived { checks, reason: said("reason", reason)? }))
}
