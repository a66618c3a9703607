//! Exit codes, the same everywhere (DESIGN section 4), and which of several wins.
//! No printing here.

use crate::board::{Board, SourceState};
use crate::domain::severity::Severity;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Yes, ok, calm.
    Ok,
    /// No, problems found, refused.
    No,
    /// The command line or the config cannot be understood.
    Usage,
    /// Not enough data to say.
    Unsure,
    /// Blind: no source to say it by.
    Blind,
    /// The journal could not be reached.
    NoJournal,
    /// An open Sev 3 or 4.
    LowIncident,
    /// An open Sev 1 or 2.
    HighIncident,
}

impl Exit {
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Unsure => 3,
            Self::Blind => 4,
            Self::NoJournal => 5,
            Self::LowIncident => 10,
            Self::HighIncident => 11,
        }
    }
}

/// The code of a board: 11 before 4 before 10 before 0.
pub fn of_board(board: &Board) -> Exit {
    let worst = board.incidents.iter().filter(|i| i.state.is_open()).map(|i| i.severity).min();
    let blind = board.sources.is_empty()
        || board.sources.iter().any(|s| s.state == SourceState::Blind || s.last_ok_at.is_none());
    match worst {
        Some(Severity::Sev1 | Severity::Sev2) => Exit::HighIncident,
        _ if blind => Exit::Blind,
        Some(Severity::Sev3 | Severity::Sev4) => Exit::LowIncident,
        None => Exit::Ok,
    }
}
