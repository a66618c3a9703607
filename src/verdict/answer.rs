//! The answer of one row or cell now, and whether it could be judged at all. Nothing here knows how
//! it was found.

use serde::{Deserialize, Serialize};

/// A guardrail's answer now. `Unsure` and `Blind` are never drawn as green.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Unsure,
    Blind,
    Breach,
}

/// Whether a guardrail's row could be judged at all; beside the verdict, because `unsure` says both
/// "judged, and not certain" and "not judged".
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// It has a verdict, and would have been in breach if the shop were.
    #[default]
    Yes,
    /// What is usual is not known yet.
    Learning,
    /// Its sources tell nothing.
    Blind,
    /// Some of what it looks at is not seen: a check that ran long ago.
    Unseen,
    /// No source tells its metrics.
    Unmeasured,
    /// Looked at, and too few samples or too doubtful ones to say anything.
    Undecided,
    /// By policy or by nature not judged now: announced work, a count that stands alone.
    Excused,
}

impl Judged {
    /// Nothing can be said of the row, although it is there to be judged.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Learning | Self::Blind | Self::Unseen | Self::Undecided => true,
            Self::Yes | Self::Unmeasured | Self::Excused => false,
        }
    }
}
