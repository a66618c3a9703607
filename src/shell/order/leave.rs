//! The last look before a request leaves: all that takes time is done before it. What changed since
//! "sent" was stored keeps the request here; nothing is judged anew, nothing is ordered.

use std::time::Duration;

use crate::domain::id::ActionId;
use crate::incident::event::Outcome;
use crate::incident::fold::Incident;
use crate::incident::state::ActionState;
use crate::shell::clock::Clock;
use crate::shell::kill_switch::KillSwitch;
use crate::sink::webhook::SendStamp;

use super::{OrderDesk, Ticket, kept_out, made_of};

/// What may shut a request in while its connection is made: looked at without waiting.
struct LeaveDoor {
    clock: Clock,
    /// Set in the config; a file throws it as well.
    set: bool,
    switch: KillSwitch,
    made: Duration,
    within: Duration,
}

impl LeaveDoor {
    fn shut(&self) -> Option<String> {
        let set = self.set.then(|| "the config says kill_switch = true".to_owned());
        if let Some(why) = self.switch.why().or(set) {
            return Some(format!("the kill switch is on: {why}"));
        }
        let late = self.clock.up().saturating_sub(self.made);
        (late >= self.within).then(|| {
            format!(
                "its sender was held up for {} s after it was stored as sent, longer than it has \
                 for an answer",
                late.as_secs()
            )
        })
    }
}

impl OrderDesk {
    /// Sends what the ticket is for.
    ///
    /// # Errors
    /// Why it did not leave.
    pub(super) async fn leave(&self, ticket: Ticket) -> Result<Outcome, String> {
        let webhook = self.webhook(&ticket.intent).map_err(|e| e.to_string())?;
        let door = LeaveDoor {
            clock: self.clock,
            set: self.response.timing.kill_switch,
            switch: self.kill_switch.clone(),
            made: ticket.made,
            within: webhook.config().timeout.to_std(),
        };
        let Ticket { incident, intent, keys, try_no, .. } = ticket;
        let stamp = SendStamp { wall: self.clock.wall(), incident: &incident };
        let ready = webhook.ready(keys, &intent, stamp).map_err(|e| e.to_string())?;
        let seen = self.journal.records_of(&incident).await;
        let seen = seen.map_err(|e| format!("the journal could not be looked at: {}", e.said()))?;
        if let Some(why) = kept_out(&incident, &seen) {
            return Err(why);
        }
        let now = made_of(&incident, &seen).ok_or("its incident is not in the journal")?;
        if let Some(why) = moved_on(&now, &intent.id, try_no).or_else(|| door.shut()) {
            return Err(why);
        }
        let gate = Box::new(move || door.shut());
        Ok(webhook.send(ready, gate, (&intent.id, stamp.wall)).await)
    }
}

/// Why the journal no longer waits for this try.
fn moved_on(incident: &Incident, id: &ActionId, try_no: u32) -> Option<String> {
    if !incident.is_live() {
        return Some(format!("{} is {}", incident.id, incident.state().name()));
    }
    match incident.action(id) {
        Some(run) if run.tries != try_no => Some("it was sent again meanwhile".to_owned()),
        Some(run) if run.state == ActionState::Sent => None,
        Some(run) => Some(format!("the journal has a word on it already: {}", run.detail)),
        None => Some("the journal does not know it".to_owned()),
    }
}
