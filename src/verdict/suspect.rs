//! The change that most likely did it, those that may have, and how sure that is. The names of a
//! degree stand in stored records and documents.

use serde::{Deserialize, Serialize};

use crate::domain::id::ReleaseId;

#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    High,
    Medium,
    Low,
    #[default]
    None,
}

impl Confidence {
    /// Its name in records, documents and lines of text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::None => "none",
        }
    }
}

/// The change that most likely did it, or `release: None` for "no release explains this" and for a
/// tie, which `candidates` tells.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Suspect {
    pub release: Option<ReleaseId>,
    pub confidence: Confidence,
    /// The changes that may have done it, the likeliest first; what is left of 1 is "none of them".
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    /// Why it is suspected (or why none is).
    pub reasons: Vec<String>,
    /// Counter-evidence.
    pub against: Vec<String>,
    /// Every change that was considered, with the word why it was kept or cleared.
    pub considered: Vec<Considered>,
}

impl Suspect {
    /// No change stands out, and it is likelier one of the candidates than none of them.
    pub fn is_tie(&self) -> bool {
        let all: f64 = self.candidates.iter().map(|c| c.share).sum();
        self.release.is_none() && all > 0.5
    }

    /// How likely a change did it, where that is worth a line.
    pub fn share_of(&self, release: &ReleaseId) -> Option<f64> {
        self.candidates.iter().find(|c| c.release == *release).map(|c| c.share)
    }
}

/// A change that may have done it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    pub release: ReleaseId,
    /// How likely it did it, 0..=1, in whole percents.
    pub share: f64,
    /// What would be gone back to, while it is live and that is known.
    #[serde(default)]
    pub previous: Option<ReleaseId>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Considered {
    pub release: ReleaseId,
    pub why: String,
}
