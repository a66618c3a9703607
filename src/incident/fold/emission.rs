//! How far each message to a sink came: prepared, on its way, delivered, to be tried again, or
//! given up. Moved by records alone; when to try is `incident::paging`.

use serde::{Deserialize, Serialize};

use super::Incident;
use crate::domain::id::EmissionId;
use crate::domain::time::Timestamp;
use crate::incident::emission::Emission;
use crate::incident::event::Outcome;

/// How far a message came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Decided, or to be tried again.
    Waiting,
    /// A try is on its way.
    Sent,
    Delivered,
    /// Given up: nobody was told by it.
    Dead,
    /// No longer needed before it was delivered: somebody has it, or it is over.
    Moot,
}

/// One message and how far it came.
#[derive(Clone, PartialEq, Debug)]
pub struct EmissionRun {
    pub emission: Emission,
    /// Never `Moot`: that is not written but seen (`incident::paging`).
    pub state: Delivery,
    pub prepared_at: Timestamp,
    /// When the newest try left.
    pub sent_at: Option<Timestamp>,
    pub tries: u32,
    pub answered_at: Option<Timestamp>,
    /// No further try before.
    pub retry_at: Option<Timestamp>,
    pub answer: Option<Outcome>,
}

impl EmissionRun {
    /// Nothing more will be tried.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, Delivery::Delivered | Delivery::Dead | Delivery::Moot)
    }
}

impl Incident {
    /// False when it is known: a message is prepared once.
    pub(super) fn emission_prepared(&mut self, emission: &Emission, at: Timestamp) -> bool {
        let news = self.emissions.iter().all(|run| run.emission.key != emission.key);
        if news {
            self.emissions.push(EmissionRun {
                emission: emission.clone(),
                state: Delivery::Waiting,
                prepared_at: at,
                sent_at: None,
                tries: 0,
                answered_at: None,
                retry_at: None,
                answer: None,
            });
        }
        news
    }

    pub(super) fn emission_sent(&mut self, key: &EmissionId, try_no: u32, at: Timestamp) -> bool {
        let Some(run) = self.emission_mut(key).filter(|run| !run.is_over()) else { return false };
        run.state = Delivery::Sent;
        run.tries = run.tries.max(try_no);
        run.sent_at = Some(at);
        run.retry_at = None;
        true
    }

    /// What a try before the newest one says late counts only where it brings the message home.
    pub(super) fn emission_answered(
        &mut self,
        key: &EmissionId,
        (try_no, answer, retry_at): (u32, &Outcome, Option<Timestamp>),
        at: Timestamp,
    ) -> bool {
        let Some(run) = self.emission_mut(key) else { return false };
        let home = matches!(answer, Outcome::Accepted { .. });
        if run.state == Delivery::Delivered || (try_no < run.tries && !home) {
            return false;
        }
        run.state = match (home, retry_at) {
            (true, _) => Delivery::Delivered,
            (false, Some(_)) => Delivery::Waiting,
            (false, None) => Delivery::Dead,
        };
        run.retry_at = retry_at.filter(|_| !home);
        run.answered_at = Some(at);
        run.answer = Some(answer.clone());
        true
    }

    fn emission_mut(&mut self, key: &EmissionId) -> Option<&mut EmissionRun> {
        self.emissions.iter_mut().find(|run| run.emission.key == *key)
    }
}
