//! Who did what to an incident last, and when: what the loser of a race is told.
//! Kept by the fold beside the state; decides nothing and has no say in what is allowed.

use super::event::{Actor, Event, Record};
use super::fold::Incident;
use crate::domain::time::Timestamp;

/// One deed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    pub by: Actor,
    pub at: Timestamp,
}

/// The newest deed of each kind that keeps a second one from being done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Deeds {
    pub closed: Option<Deed>,
    pub decided: Option<Deed>,
    pub timer_started: Option<Deed>,
    pub timer_stopped: Option<Deed>,
    pub timer_extended: Option<Deed>,
    pub decision_extended: Option<Deed>,
    pub ack_undone: Option<Deed>,
}

impl Deed {
    fn of(record: &Record) -> Self {
        Self { by: record.actor.clone(), at: record.at }
    }

    /// `root@host resolved it at 02:41:07Z`
    pub fn told(&self, did: &str) -> String {
        format!("{} {did} at {}", who(&self.by), clock(self.at))
    }
}

/// `root@host`, or the name alone where no host is known.
pub fn who(actor: &Actor) -> String {
    if actor.host.is_empty() {
        return actor.name.clone();
    }
    format!("{}@{}", actor.name, actor.host)
}

/// UTC time of day with its zone, `02:41:07Z`.
pub fn clock(at: Timestamp) -> String {
    at.utc().format("%H:%M:%SZ").to_string()
}

/// `; root@host resolved it at 02:41:07Z`, or nothing where nobody is known to have done it.
pub fn after(deed: Option<&Deed>, did: &str) -> String {
    deed.map_or_else(String::new, |d| format!("; {}", d.told(did)))
}

impl Incident {
    /// Remembers who did what `record` tells, after it was applied.
    pub(super) fn remember(&mut self, record: &Record) {
        let slot = match &record.event {
            Event::Resolved { .. } | Event::Cancelled { .. } => &mut self.deeds.closed,
            Event::Decided { .. } => &mut self.deeds.decided,
            Event::TimerStarted { .. } => &mut self.deeds.timer_started,
            Event::TimerStopped => &mut self.deeds.timer_stopped,
            Event::TimerExtended { .. } if self.timer.is_some() => &mut self.deeds.timer_extended,
            Event::TimerExtended { .. } => &mut self.deeds.decision_extended,
            Event::AckUndone => &mut self.deeds.ack_undone,
            Event::Opened { .. }
            | Event::Updated { .. }
            | Event::SeverityChanged { .. }
            | Event::Cleared
            | Event::Reopened { .. }
            | Event::Acknowledged { .. }
            | Event::AckExpired { .. }
            | Event::AskedAgain { .. }
            | Event::DecisionExpired
            | Event::RecheckDue { .. }
            | Event::ActionPrepared { .. }
            | Event::ActionSent { .. }
            | Event::ActionAnswered { .. }
            | Event::ActionVerified { .. }
            | Event::ActionNotHelping { .. }
            | Event::Noted { .. }
            | Event::Mitigated
            | Event::ClockStepped { .. }
            | Event::Reviewed { .. } => return,
        };
        *slot = Some(Deed::of(record));
    }
}
