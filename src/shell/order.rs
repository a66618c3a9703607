//! Carrying out an operator's order: rules first, journal second, the outside last. What is judged
//! and what is stored are one transaction, so of several who order at once one is first and the
//! others are told. One path for keys, command line and phones; "stored" is said only after the
//! commit returned.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{Board, view};
use crate::domain::change::Change;
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event, Intent, Outcome, Record};
use crate::incident::facts::{OrderFacts, SourceTold};
use crate::incident::fold::{ActionRun, Incident};
use crate::incident::gate;
use crate::incident::order::Order;
use crate::incident::state::ActionState;
use crate::incident::unread;
use crate::journal::{JournalReading, SeenRecords};
use crate::policy::action::ActionPolicy;
use crate::sink::webhook::{Keys, Webhook};
use crate::verdict::Case;

use super::resume;
use super::signing::{self, Ring};

mod again;
mod desk;
mod leave;
mod rehearse;
pub use desk::OrderDesk;
pub use rehearse::{Asked, Rehearsed};

/// A board older than this (wall time) is no witness of the watcher's kill switch.
const WITNESS: Span = Span::from_secs(30);
/// Pause between tries to store what is known of a request that left, or did not.
const STORE_AGAIN: Duration = Duration::from_secs(2);

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("{0}")]
    Refused(String),
    #[error("{}", .0.said())]
    NotStored(#[from] crate::journal::JournalError),
    #[error("no incident {0} in the journal; one shown as NOT STORED is not there yet")]
    Unknown(IncidentId),
}

/// What came of an order that was stored.
#[derive(Debug, Default)]
pub struct Done {
    /// The request to send now, by `send`; the journal has it as sent.
    pub ticket: Option<Ticket>,
    /// Records of the incident that could not be read, and so were not heeded.
    pub left_out: Vec<String>,
}

/// The right to send one request once. It is made inside the transaction that judged the order and
/// stored "sent", and used up by sending: there is no other way to a webhook.
#[derive(Debug)]
pub struct Ticket {
    incident: IncidentId,
    intent: Intent,
    keys: Keys,
    try_no: u32,
    /// For how long the machine had been up when it was made.
    made: Duration,
}

impl Ticket {
    pub fn action(&self) -> &ActionId {
        &self.intent.id
    }
}

/// What became of a request.
#[derive(Debug)]
pub struct Sent {
    pub incident: IncidentId,
    pub action: ActionId,
    pub outcome: Outcome,
    /// The error that kept the outcome out of the journal.
    pub unstored: Option<OrderError>,
}

/// What a board tells beside the journal.
struct OrderWorld {
    /// With what is known about their secrets.
    actions: Vec<ActionPolicy>,
    /// The secrets themselves, for who sends.
    ring: Ring,
    changes: Option<Arc<Vec<Change>>>,
    told: Vec<SourceTold>,
    /// The newest evidence about the incident, as everyone sees it.
    case: Option<view::ShownEvidence>,
    kill_switch: Option<String>,
}

impl OrderDesk {
    /// Judges the order by the rules and stores what follows from it.
    pub async fn carry_out(
        &self,
        id: &IncidentId,
        order: &Order,
        cause: &str,
        board: Option<&Arc<Board>>,
    ) -> Result<Done, OrderError> {
        let sends = matches!(
            order,
            Order::Rollback { .. } | Order::RollbackAgain { .. } | Order::RollbackOf { .. }
        );
        let mut world = self.world(id, board.map(Arc::as_ref), sends).await;
        if sends && world.changes.is_none() {
            return Err(refused("the releases are not read yet: a watcher tells them; try again"));
        }
        let judge = |seen: SeenRecords| -> Result<_, OrderError> {
            let incident = known(id, &seen.own)?;
            if let Some(why) = kept_out(id, &seen.own).filter(|_| sends) {
                return Err(refused(why));
            }
            let left_out = unread::notices(&seen.own.unread);
            let now = self.now(&incident, board);
            let others = seen.others.incidents();
            let events = self.decide((&incident, others.as_slice()), order, &world, now)?;
            let intent = events.iter().find_map(|e| match e {
                Event::ActionPrepared { intent, .. } => Some(intent.clone()),
                _ => None,
            });
            let mut records: Vec<Record> =
                events.into_iter().map(|e| self.record(id, cause, e, now)).collect();
            let Some(intent) = intent else {
                return Ok((records, Done { ticket: None, left_out }));
            };
            let keys = world.ring.remove(&intent.action);
            let (ticket, sent) = self.ticket(&incident, intent, keys, now)?;
            records.push(sent);
            Ok((records, Done { ticket: Some(ticket), left_out }))
        };
        self.journal.decide(id, sends.then(|| self.lately()), judge).await?
    }

    /// The right to send `intent`, with the record that says it is used.
    fn ticket(
        &self,
        incident: &Incident,
        intent: Intent,
        keys: Option<Keys>,
        now: Timestamp,
    ) -> Result<(Ticket, Record), OrderError> {
        self.webhook(&intent)?;
        let keys = keys.ok_or_else(|| refused("what signs the request could not be read"))?;
        let try_no = incident.action(&intent.id).map_or(0, |run| run.tries).saturating_add(1);
        let sent = Event::ActionSent { id: intent.id.clone(), try_no };
        let record = self.record(&incident.id, "send", sent, now);
        let (incident, made) = (incident.id.clone(), self.clock.up());
        Ok((Ticket { incident, intent, keys, try_no, made }, record))
    }

    fn webhook(&self, intent: &Intent) -> Result<&Webhook, OrderError> {
        let found = self.webhooks.iter().find(|w| w.config().name == intent.action);
        let found = found.filter(|_| !intent.dry_run);
        found.ok_or_else(|| refused(format!("action {} cannot be sent from here", intent.action)))
    }

    /// Incidents that ended after this count for the cooldown and for the number of the attempt.
    fn lately(&self) -> Timestamp {
        let rest = self.actions.iter().map(|a| a.cooldown).max().unwrap_or(Span::ZERO);
        self.clock.now().minus(self.response.timing.reopen_window.max(rest))
    }

    /// The watcher's time, and not before what the journal holds of the incident.
    fn now(&self, incident: &Incident, board: Option<&Arc<Board>>) -> Timestamp {
        let now = board.map_or_else(|| self.clock.now(), |b| self.clock.now_by(b));
        resume::not_before(now, incident)
    }

    async fn incident(&self, id: &IncidentId) -> Result<Incident, OrderError> {
        known(id, &self.journal.records_of(id).await?)
    }

    /// Only who sends reads secrets, and then it must be able to.
    async fn world(&self, id: &IncidentId, board: Option<&Board>, sends: bool) -> OrderWorld {
        let (actions, ring) = if sends {
            signing::known(&self.actions, &self.webhooks).await
        } else {
            (self.actions.clone(), Ring::new())
        };
        let shown = board.and_then(|b| b.incidents.iter().find(|i| i.id == *id));
        OrderWorld {
            actions,
            ring,
            changes: board.and_then(|b| b.changes.clone()),
            told: board.map(|b| view::told(&b.sources)).unwrap_or_default(),
            case: shown.map(view::evidence),
            kill_switch: self.killed(board),
        }
    }

    fn decide(
        &self,
        (incident, others): (&Incident, &[Incident]),
        order: &Order,
        world: &OrderWorld,
        now: Timestamp,
    ) -> Result<Vec<Event>, OrderError> {
        let cases = world.cases(incident);
        let facts = self.facts(world, others, &cases);
        gate::decide(incident, order, &self.actor, &facts, now)
            .map_err(|refusal| refused(refusal.to_string()))
    }

    fn facts<'a>(
        &'a self,
        world: &'a OrderWorld,
        incidents: &'a [Incident],
        cases: &'a [Case],
    ) -> OrderFacts<'a> {
        OrderFacts {
            policy: &self.response,
            changes: world.changes.as_deref().map(Vec::as_slice).unwrap_or_default(),
            actions: &world.actions,
            incidents,
            cases,
            kill_switch: world.kill_switch.as_deref(),
            sources: &world.told,
            may_act: self.may_act,
            speed: self.clock.speed(),
            currency: &self.currency,
        }
    }

    /// Why nothing may be sent: what is seen from here, else what the watcher sees.
    fn killed(&self, board: Option<&Board>) -> Option<String> {
        let far = Span::from_millis((WITNESS.millis() as f64 * self.clock.speed().max(1.0)) as i64);
        let set = self.response.timing.kill_switch;
        let config = set.then(|| "the config says kill_switch = true".to_owned());
        let fresh = board.filter(|b| self.clock.now().since(b.generated_at) <= far);
        self.kill_switch.why().or(config).or_else(|| fresh.and_then(|b| b.kill_switch.clone()))
    }

    fn record(&self, id: &IncidentId, cause: &str, event: Event, at: Timestamp) -> Record {
        let (actor, cause) = (self.actor.clone(), cause.to_owned());
        Record { at, incident: id.clone(), actor, cause, event }
    }

    /// Sends what was ordered: "sent" is durable already, the outcome is stored after. What keeps a
    /// request from leaving now is its outcome too.
    pub async fn send(&self, ticket: Ticket) -> Sent {
        let (incident, action) = (ticket.incident.clone(), ticket.intent.id.clone());
        let outcome = match self.leave(ticket).await {
            Ok(outcome) => outcome,
            Err(detail) => Outcome::NotSent { detail },
        };
        let stored = self.answered(&incident, &action, "answer", outcome.clone()).await;
        Sent { incident, action, outcome, unstored: stored.err() }
    }

    /// Tries to store an outcome again until the journal takes it, `tries` times at most.
    pub async fn store_again(&self, sent: &Sent, tries: u32) -> Result<(), OrderError> {
        let mut last = Ok(());
        for _ in 0..tries {
            tokio::time::sleep(STORE_AGAIN).await;
            last =
                self.answered(&sent.incident, &sent.action, "answer", sent.outcome.clone()).await;
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Writes down what is known now about an action that was sent, while nothing final is.
    pub async fn answered(
        &self,
        id: &IncidentId,
        action: &ActionId,
        cause: &str,
        answer: Outcome,
    ) -> Result<(), OrderError> {
        let judge = |seen: SeenRecords| -> Result<_, OrderError> {
            let incident = known(id, &seen.own)?;
            let open = incident.action(action).is_some_and(ActionRun::unanswered);
            let event = Event::ActionAnswered { id: action.clone(), answer };
            let record = self.record(id, cause, event, self.clock.now());
            Ok((if open { vec![record] } else { Vec::new() }, ()))
        };
        self.journal.decide(id, None, judge).await?
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

impl OrderWorld {
    /// The newest evidence as a case of the incident.
    fn cases(&self, incident: &Incident) -> Vec<Case> {
        let newest = self.case.as_ref().filter(|_| incident.firing);
        newest.map(|evidence| evidence.over(&incident.case)).into_iter().collect()
    }
}

fn refused(words: impl Into<String>) -> OrderError {
    OrderError::Refused(words.into())
}

/// The incident that `reading` makes, if any.
fn made_of(id: &IncidentId, reading: &JournalReading) -> Option<Incident> {
    reading.incidents().into_iter().find(|i| i.id == *id)
}

/// Why nothing may be sent for an incident of which a record cannot be read: it may be this very
/// request, its answer or the end of the incident.
fn kept_out(id: &IncidentId, reading: &JournalReading) -> Option<String> {
    let why = unread::unreadable(&reading.unread)?;
    Some(format!("{why}. Until {id} can be read whole nothing is sent for it from here"))
}

/// The incident that `reading` makes.
fn known(id: &IncidentId, reading: &JournalReading) -> Result<Incident, OrderError> {
    made_of(id, reading).ok_or_else(|| match unread::notices(&reading.unread).first() {
        Some(why) => refused(format!("{id} cannot be read: {why}")),
        None => OrderError::Unknown(id.clone()),
    })
}

#[cfg(test)]
mod tests;
