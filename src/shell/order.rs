//! Carrying out an operator's order: rules first, journal second, the outside last.
//! One path for keys, command line and phones. "Stored" is said only after the commit returned.

use std::sync::Arc;

use crate::board::{Board, view};
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::Timestamp;
use crate::incident::command;
use crate::incident::event::{Actor, Command, Event, Intent, Outcome, Record};
use crate::incident::facts::Facts;
use crate::incident::fold::{ActionRun, Incident};
use crate::incident::state::ActionState;
use crate::incident::unread;
use crate::journal::Journal;
use crate::policy::action::ActionPolicy;
use crate::policy::response::ResponsePolicy;
use crate::sink::webhook::Webhook;

use super::clock::Clock;
use super::known;
use super::resume;

/// What orders are carried out with. Sinks are there for operators only.
pub struct Desk {
    pub journal: Arc<Journal>,
    pub clock: Clock,
    pub actor: Actor,
    pub response: ResponsePolicy,
    pub actions: Vec<ActionPolicy>,
    /// Built from a `WriteCap`; empty for observers and walls, who can send nothing.
    pub webhooks: Vec<Webhook>,
    pub may_act: bool,
    pub kill_switch: Option<std::path::PathBuf>,
    pub currency: String,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("{0}")]
    Refused(String),
    #[error("NOT STORED - {}", .0.why())]
    NotStored(#[from] crate::journal::JournalError),
    #[error("no incident {0} in the journal; one shown as NOT STORED is not there yet")]
    Unknown(IncidentId),
}

/// What came of an order that was stored.
#[derive(Debug, Default)]
pub struct Done {
    /// To be sent now, by `send`; it is in the journal as prepared.
    pub intent: Option<Intent>,
}

impl Desk {
    /// Judges the order by the rules and stores what follows from it.
    pub async fn carry_out(
        &self,
        id: &IncidentId,
        order: &Command,
        cause: &str,
        board: Option<&Arc<Board>>,
    ) -> Result<Done, OrderError> {
        let incident = self.incident(id).await?;
        let now = self.now(&incident, board);
        let events = self.decide(&incident, order, board, now).await?;
        let intent = events.iter().find_map(|e| match e {
            Event::ActionPrepared { intent, .. } => Some(intent.clone()),
            _ => None,
        });
        let records =
            events.into_iter().map(|e| self.record(id, cause, e, now)).collect::<Vec<_>>();
        self.journal.append(&records).await?;
        Ok(Done { intent })
    }

    /// The watcher's time, and not before what the journal holds of the incident.
    fn now(&self, incident: &Incident, board: Option<&Arc<Board>>) -> Timestamp {
        let now = board.map_or_else(|| self.clock.now(), |b| self.clock.now_by(b));
        resume::not_before(now, incident)
    }

    async fn incident(&self, id: &IncidentId) -> Result<Incident, OrderError> {
        let reading = self.journal.records_of(id).await?;
        let found = reading.incidents().into_iter().find(|i| i.id == *id);
        found.ok_or_else(|| match unread::notices(&reading.unread).first() {
            Some(why) => OrderError::Refused(format!("{id} cannot be read: {why}")),
            None => OrderError::Unknown(id.clone()),
        })
    }

    async fn others(&self) -> Result<Vec<Incident>, OrderError> {
        Ok(self.journal.open_records(self.clock.now()).await?.incidents())
    }

    async fn decide(
        &self,
        incident: &Incident,
        order: &Command,
        board: Option<&Arc<Board>>,
        now: Timestamp,
    ) -> Result<Vec<Event>, OrderError> {
        let changes = board.map(|b| known::changes(b)).unwrap_or_default();
        let told = board.map(|b| view::told(&b.sources)).unwrap_or_default();
        let incidents = self.others().await?;
        let facts = Facts {
            policy: &self.response,
            changes: &changes,
            actions: &self.actions,
            incidents: &incidents,
            cases: &[],
            kill_switch: self.killed().then_some("the file freeze is there"),
            sources: &told,
            may_act: self.may_act,
            speed: self.clock.speed(),
            currency: &self.currency,
        };
        command::decide(incident, order, &self.actor, &facts, now)
            .map_err(|refusal| OrderError::Refused(refusal.to_string()))
    }

    fn killed(&self) -> bool {
        self.kill_switch.as_ref().is_some_and(|file| file.exists())
    }

    fn record(&self, id: &IncidentId, cause: &str, event: Event, at: Timestamp) -> Record {
        let (actor, cause) = (self.actor.clone(), cause.to_owned());
        Record { at, incident: id.clone(), actor, cause, event }
    }

    /// Sends a prepared action: "sent" is durable before the first byte leaves, the answer after.
    pub async fn send(&self, id: &IncidentId, intent: &Intent) -> Result<Outcome, OrderError> {
        let Some(webhook) = self.webhooks.iter().find(|w| w.config().name == intent.action) else {
            return Err(OrderError::Refused(format!(
                "action {} cannot be sent from here",
                intent.action
            )));
        };
        if self.killed() {
            return Err(OrderError::Refused("the kill switch is on".into()));
        }
        let tries = self.incident(id).await?.action(&intent.id).map_or(0, |run| run.tries);
        let sent = Event::ActionSent { id: intent.id.clone(), try_no: tries.saturating_add(1) };
        self.journal.append(&[self.record(id, "send", sent, self.clock.now())]).await?;
        let answer = webhook.send(intent, self.clock.wall()).await;
        self.answered(id, &intent.id, "answer", answer.clone()).await?;
        Ok(answer)
    }

    /// Writes down what is known now about an action that was sent.
    pub async fn answered(
        &self,
        id: &IncidentId,
        action: &ActionId,
        cause: &str,
        answer: Outcome,
    ) -> Result<(), OrderError> {
        let answered = Event::ActionAnswered { id: action.clone(), answer };
        self.journal.append(&[self.record(id, cause, answered, self.clock.now())]).await?;
        Ok(())
    }

    /// The action as the journal has it, while nobody knows its outcome.
    pub async fn unknown(
        &self,
        id: &IncidentId,
        action: &ActionId,
    ) -> Result<Option<ActionRun>, OrderError> {
        let incident = self.incident(id).await?;
        let run = incident.action(action).filter(|_| incident.is_live());
        Ok(run.filter(|run| run.state == ActionState::Unknown).cloned())
    }
}
