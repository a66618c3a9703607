//! Sending the same request once more by itself, while its outcome is unknown. Whether that may be
//! is judged in the transaction that stores "sent"; when it is tried is `shell::outcome`.

use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::{Span, Timestamp};
use crate::incident::deed;
use crate::incident::fold::{ActionRun, Incident, Phase};
use crate::incident::state::ActionState;
use crate::journal::Seen;

use super::{Desk, OrderError, Ticket, known, refused};

impl Desk {
    /// The right to send the request of `action` again, same key and same bytes.
    pub async fn again(&self, id: &IncidentId, action: &ActionId) -> Result<Ticket, OrderError> {
        let judge = |seen: Seen| -> Result<_, OrderError> {
            let incident = known(id, &seen.own)?;
            let now = self.clock.now();
            let run = self.resendable(&incident, action, now)?;
            let mut records = Vec::new();
            let ticket = self.ticket(&incident, run.intent.clone(), now, &mut records)?;
            Ok((records, ticket))
        };
        self.journal.decide(id, None, judge).await?
    }

    fn resendable<'a>(
        &self,
        incident: &'a Incident,
        action: &ActionId,
        now: Timestamp,
    ) -> Result<&'a ActionRun, OrderError> {
        let Some(run) = incident.action(action) else {
            return Err(refused(format!("no action {action}")));
        };
        if let Some(why) = self.killed(None) {
            return Err(refused(format!("the kill switch is on: {why}")));
        }
        if incident.phase != Phase::Open {
            return Err(refused(format!("{} is {}", incident.id, incident.state().name())));
        }
        if run.state != ActionState::Unknown {
            let by = run.sent_by.as_ref().unwrap_or(&run.by);
            let at = deed::clock(run.sent_at.unwrap_or(run.prepared_at));
            return Err(refused(format!("{} sent it at {at}", deed::who(by))));
        }
        match self.rests_until(run).filter(|until| *until > now) {
            Some(until) => {
                Err(refused(format!("receiver asked to wait until {}", deed::clock(until))))
            }
            None => Ok(run),
        }
    }

    /// Until when the receiver asked to be left alone.
    fn rests_until(&self, run: &ActionRun) -> Option<Timestamp> {
        let wait = Span::from_secs(i64::try_from(run.retry_after_s?).unwrap_or(i64::MAX));
        let speed = self.clock.speed().max(1.0);
        Some(run.answered_at?.plus(Span::from_millis((wait.millis() as f64 * speed) as i64)))
    }
}
