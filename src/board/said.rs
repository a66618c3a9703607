//! What the rows of policy say to people: the response and whom to call of a guardrail, who is told
//! of a severity, what matters in a journey. Copied as written; nothing is decided by it.

use serde::{Deserialize, Serialize};

use crate::domain::id::{GuardrailId, JourneyId};
use crate::domain::severity::Severity;
use crate::policy::guardrail::Guardrail;
use crate::policy::journey::{Journey, Priority};
use crate::policy::severity::{Notify, Response};

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Said {
    pub guardrails: Vec<SaidOfGuardrail>,
    pub severities: Vec<SaidOfSeverity>,
    pub journeys: Vec<SaidOfJourney>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SaidOfGuardrail {
    pub guardrail: GuardrailId,
    /// The default response, in words for the person on call.
    pub response: String,
    /// Whom to call next, in order.
    pub escalation: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SaidOfSeverity {
    pub severity: Severity,
    pub notify: Notify,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SaidOfJourney {
    pub journey: JourneyId,
    pub rum_priority: Priority,
    pub synthetic_priority: Priority,
}

impl Said {
    pub fn of(guardrails: &[Guardrail], journeys: &[Journey], severities: &[Response]) -> Self {
        let guardrails = guardrails.iter().map(|row| SaidOfGuardrail {
            guardrail: row.name.clone(),
            response: row.response.clone(),
            escalation: row.escalation.clone(),
        });
        let journeys = journeys.iter().map(|row| SaidOfJourney {
            journey: row.name.clone(),
            rum_priority: row.rum_priority,
            synthetic_priority: row.synthetic_priority,
        });
        let severities =
            severities.iter().map(|row| SaidOfSeverity { severity: row.level, notify: row.notify });
        Self {
            guardrails: guardrails.collect(),
            severities: severities.collect(),
            journeys: journeys.collect(),
        }
    }

    /// What a guardrail's row says; none when no row has that name.
    pub fn of_guardrail(&self, name: &GuardrailId) -> Option<&SaidOfGuardrail> {
        self.guardrails.iter().find(|row| row.guardrail == *name)
    }
}
