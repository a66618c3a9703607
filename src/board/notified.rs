//! Who was told of an incident, by which sink, when, and what came of it; who is called next.
//! What every viewer shows and `once --json` prints.

use serde::{Deserialize, Serialize};

use crate::domain::id::EmissionId;
use crate::domain::time::Timestamp;
use crate::incident::emission::Occasion;
use crate::incident::fold::{EmissionRun, Incident};
use crate::incident::paging;
use crate::incident::words;

pub use crate::incident::fold::Delivery;

/// One message to one sink.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notification {
    pub key: EmissionId,
    pub sink: String,
    pub event: Occasion,
    /// Who was called, and on which rung of the ladder; null where nobody by name.
    pub to: Option<String>,
    pub rung: Option<u32>,
    pub state: Delivery,
    pub prepared_at: Timestamp,
    /// When the newest try left.
    pub sent_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub tries: u32,
    /// When it is tried again; null when it is not.
    pub retry_at: Option<Timestamp>,
    /// What was said last about it, in words.
    pub detail: String,
}

/// The next rung of the ladder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Escalation {
    pub to: String,
    pub rung: u32,
    pub at: Timestamp,
}

/// What of an incident's messages viewers get, the oldest first.
pub fn notifications(incident: &Incident) -> Vec<Notification> {
    incident.emissions.iter().map(|run| notification(incident, run)).collect()
}

fn notification(incident: &Incident, run: &EmissionRun) -> Notification {
    let emission = &run.emission;
    let state = paging::state(incident, run);
    Notification {
        key: emission.key.clone(),
        sink: emission.sink.clone(),
        event: emission.occasion,
        to: emission.whom.clone(),
        rung: emission.rung,
        state,
        prepared_at: run.prepared_at,
        sent_at: run.sent_at,
        answered_at: run.answered_at,
        tries: run.tries,
        retry_at: run.retry_at.filter(|_| state == Delivery::Waiting),
        detail: run.answer.as_ref().map(words::outcome).unwrap_or_default(),
    }
}

impl Notification {
    /// It should have told somebody and did not, or not after several tries.
    pub fn is_trouble(&self) -> bool {
        match self.state {
            Delivery::Dead => true,
            Delivery::Waiting => self.tries >= SEVERAL && !self.failed_softly(),
            Delivery::Sent | Delivery::Delivered | Delivery::Moot => false,
        }
    }

    /// It only says that nobody need come any more.
    const fn failed_softly(&self) -> bool {
        !self.event.asks()
    }
}

/// A message that was tried so often in vain is shown as trouble before it is given up.
const SEVERAL: u32 = 3;
