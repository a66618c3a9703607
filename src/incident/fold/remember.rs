//! Who did last what cannot be done twice, remembered from the records that tell it.
//! What is said of it is `deed`.

use super::Incident;
use crate::incident::deed::Deed;
use crate::incident::event::{Event, Record};

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
            | Event::EmissionPrepared { .. }
            | Event::EmissionSent { .. }
            | Event::EmissionAnswered { .. }
            | Event::Reviewed { .. } => return,
        };
        *slot = Some(Deed::of(record));
    }
}
