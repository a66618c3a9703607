//! A message to one sink, complete enough to be sent again as it was: what it is about, whom it
//! calls, and the facts as they stood when it was decided. No sentences: those are the sink's.

use serde::{Deserialize, Serialize};

use crate::domain::id::{EmissionId, JourneyId, ReleaseId};
use crate::domain::money::{MoneyRange, Range};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::verdict::Confidence;

pub use crate::policy::paging::{Occasion, SinkRow};
pub use crate::policy::severity::Notify;

/// One message to one sink.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Emission {
    /// Made of incident, occasion, count and sink: whoever decides it makes the same.
    pub key: EmissionId,
    /// Name of the configured `[[sink]]`.
    pub sink: String,
    pub occasion: Occasion,
    /// When it was decided.
    pub at: Timestamp,
    /// The occurrence of the incident that it belongs to.
    pub occurrence: u32,
    /// The rung of the ladder that is called, 1 for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<u32>,
    /// Who stands on that rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<String>,
    pub notice: Notice,
}

/// What is known of the incident when somebody is told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Notice {
    pub severity: Severity,
    pub journey: Option<JourneyId>,
    pub headline: String,
    pub opened_at: Timestamp,
    /// While nobody has it.
    pub ack_due_at: Option<Timestamp>,
    /// While nothing is decided.
    pub decide_due_at: Option<Timestamp>,
    pub risk_per_minute: Option<MoneyRange>,
    pub lost: Option<MoneyRange>,
    /// Affected sessions.
    pub affected: Option<Range>,
    pub suspect: Option<ReleaseId>,
    pub confidence: Confidence,
    /// Who acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Emission {
    /// A test by `who` of the way to those whom `sink` reaches; it rings like the worst there is.
    pub fn test(sink: &str, who: &str, key: EmissionId, at: Timestamp) -> Self {
        Self {
            key,
            sink: sink.to_owned(),
            occasion: Occasion::Test,
            at,
            occurrence: 1,
            rung: None,
            whom: None,
            notice: Notice {
                severity: Severity::Sev1,
                journey: None,
                headline: format!(
                    "TEST by {who}: nothing is wrong, this only tries the way to you"
                ),
                opened_at: at,
                ack_due_at: None,
                decide_due_at: None,
                risk_per_minute: None,
                lost: None,
                affected: None,
                suspect: None,
                confidence: Confidence::None,
                by: None,
            },
        }
    }
}
