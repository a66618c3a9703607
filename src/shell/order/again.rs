//! Sending the same request once more by itself, while its outcome is unknown. Whether that may be
//! is judged in the transaction that stores "sent"; when it is tried is `shell::outcome`.

use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::{Span, Timestamp};
use crate::incident::deed;
use crate::incident::fold::{ActionRun, Incident, Phase};
use crate::incident::state::ActionState;
use crate::journal::SeenRecords;

use super::{OrderDesk, OrderError, Ticket, kept_out, known, refused};

impl OrderDesk {
    /// The right to send the request of `action` again, same key and same bytes.
    pub async fn again(&self, id: &IncidentId, action: &ActionId) -> Result<Ticket, OrderError> {
        let intent = {
            let incident = self.incident(id).await?;
            self.resendable(&incident, action, self.clock.now())?.intent.clone()
        };
        // Reading secrets can take long: what was looked at before is looked at again.
        let keys = self.webhook(&intent)?.keys().await.map_err(|e| refused(e.to_string()))?;
        let judge = |seen: SeenRecords| -> Result<_, OrderError> {
            let incident = known(id, &seen.own)?;
            if let Some(why) = kept_out(id, &seen.own) {
                return Err(refused(why));
            }
            let now = self.clock.now();
            let run = self.resendable(&incident, action, now)?;
            let (ticket, sent) = self.ticket(&incident, run.intent.clone(), Some(keys), now)?;
            Ok((vec![sent], ticket))
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
        let speed = self.clock.speed().max(1.0);
        let passed = |wait: Span| Span::from_millis((wait.millis() as f64 * speed) as i64);
        Some(run.rest?.until(passed))
    }
}
