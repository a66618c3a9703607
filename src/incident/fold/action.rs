//! How an action's life changes an incident: prepared, sent, answered, verified or not helping.
//! A final answer is never taken back by a later one.

use super::{ActionRun, AskedRest, Incident};
use crate::domain::id::ActionId;
use crate::domain::time::Timestamp;
use crate::incident::event::{Intent, Outcome, Record};
use crate::incident::state::ActionState;
use crate::incident::words;
use crate::policy::severity::Choice;

impl ActionRun {
    /// It may still have an effect that nobody knows the end of.
    pub fn in_flight(&self) -> bool {
        !self.intent.dry_run && self.open()
    }

    /// Refused or not helping: the only states after which another attempt makes sense.
    pub fn failed(&self) -> bool {
        matches!(self.state, ActionState::Refused | ActionState::NotHelping)
    }

    fn open(&self) -> bool {
        !self.state.is_over()
    }

    /// Ordered again after a try that never left: the same request waits for its sender once more.
    fn rearm(&mut self, record: &Record) -> bool {
        let again = self.state == ActionState::NotSent;
        if again {
            self.state = ActionState::Prepared;
            self.by.clone_from(&record.actor);
            self.prepared_at = record.at;
            (self.sent_at, self.answered_at, self.ended_at) = (None, None, None);
            self.sent_by = None;
            self.answer = None;
            self.detail.clear();
        }
        again
    }

    /// Where an answer leaves it; a try that never left says nothing about the one before it.
    fn after(&mut self, answer: &Outcome) -> ActionState {
        match answer {
            Outcome::Accepted { .. } => ActionState::Accepted,
            Outcome::Refused { .. } => ActionState::Refused,
            Outcome::NotSent { .. } if self.doubtful => ActionState::Unknown,
            Outcome::NotSent { .. } => ActionState::NotSent,
            Outcome::Unknown { run_id, .. } => {
                self.doubtful = true;
                self.run_id = run_id.clone().or(self.run_id.take());
                ActionState::Unknown
            }
        }
    }

    /// Nothing final is known of it yet.
    pub fn unanswered(&self) -> bool {
        matches!(self.state, ActionState::Prepared | ActionState::Sent | ActionState::Unknown)
    }
}

impl Incident {
    pub(super) fn prepare(&mut self, intent: &Intent, past: bool, record: &Record) -> bool {
        if !self.is_live() {
            return false;
        }
        let rehearsed = |a: &ActionRun| a.intent.id == intent.id && a.intent.dry_run;
        self.actions.retain(|a| !(intent.dry_run && rehearsed(a)));
        if let Some(run) = self.run(&intent.id) {
            // The same key again: the first one stands. What was gone past is told all the same.
            return run.rearm(record) || past;
        }
        self.actions.push(ActionRun {
            intent: intent.clone(),
            by: record.actor.clone(),
            sent_by: None,
            state: ActionState::Prepared,
            prepared_at: record.at,
            sent_at: None,
            answered_at: None,
            ended_at: None,
            tries: 0,
            doubtful: false,
            rest: None,
            run_id: None,
            answer: None,
            detail: String::new(),
        });
        true
    }

    pub(super) fn sent(&mut self, id: &ActionId, try_no: u32, record: &Record) -> bool {
        let Some(run) = self.run(id).filter(|a| a.unanswered()) else { return false };
        run.doubtful |= run.state == ActionState::Sent;
        run.state = ActionState::Sent;
        run.sent_at = Some(record.at);
        run.sent_by = Some(record.actor.clone());
        run.tries = run.tries.max(try_no);
        true
    }

    pub(super) fn answered(&mut self, id: &ActionId, answer: &Outcome, at: Timestamp) -> bool {
        let Some(run) = self.run(id).filter(|a| a.unanswered()) else { return false };
        run.answered_at = Some(at);
        run.answer = Some(answer.clone());
        run.detail = words::outcome(answer);
        // Only its own word takes back what the receiver asked for; silence and a status do not.
        let rest = answer.retry_after_s().map(|secs| AskedRest { asked_at: at, secs });
        run.rest = rest.or(run.rest);
        let dry_run = run.intent.dry_run;
        run.state = run.after(answer);
        if matches!(run.state, ActionState::Refused | ActionState::NotSent) {
            run.ended_at = Some(at);
            let rolled_back = self.decision.as_ref().is_some_and(|d| d.choice == Choice::Rollback);
            if rolled_back && !dry_run {
                self.decision = None; // nothing was done: the old clock runs on
            }
        }
        true
    }

    pub(super) fn verified(&mut self, id: &ActionId, evidence: &str, at: Timestamp) -> bool {
        self.end(id, ActionState::Verified, evidence, at)
    }

    pub(super) fn not_helping(
        &mut self,
        id: &ActionId,
        evidence: &str,
        at: Timestamp,
        decide_due_at: Timestamp,
    ) -> bool {
        self.end(id, ActionState::NotHelping, evidence, at) && self.ask_decision(decide_due_at)
    }

    fn end(&mut self, id: &ActionId, state: ActionState, evidence: &str, at: Timestamp) -> bool {
        let Some(run) = self.run(id).filter(|a| a.in_flight()) else { return false };
        run.state = state;
        run.ended_at = Some(at);
        evidence.clone_into(&mut run.detail);
        true
    }

    fn run(&mut self, id: &ActionId) -> Option<&mut ActionRun> {
        self.actions.iter_mut().find(|a| a.intent.id == *id)
    }
}
