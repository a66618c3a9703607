//! Exit codes, the same everywhere, and which of several wins.
//! No printing here.

use crate::board::Board;
use crate::board::standing::{Standing, Trust, worst};
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
    /// Blind: no source to say it by, not learnt yet, or a board that nobody renews.
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
pub fn of_board(board: &Board, trust: Trust) -> Exit {
    let standing = Standing::of(board, trust);
    match worst(board) {
        Some(Severity::Sev1 | Severity::Sev2) => Exit::HighIncident,
        _ if standing.is_blind(board) => Exit::Blind,
        Some(Severity::Sev3 | Severity::Sev4) => Exit::LowIncident,
        None => Exit::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Learning, SourceState, State};
    use crate::desk::fixture;
    use crate::domain::time::Span;

    fn calm() -> Board {
        let mut board = fixture::calm();
        board.sources.retain(|s| s.state == SourceState::Live);
        board
    }

    fn closed(severity: Severity, firing: bool) -> Board {
        let mut worst = fixture::outage().incidents.remove(0);
        (worst.state, worst.severity, worst.firing) = (State::Resolved, severity, firing);
        Board { incidents: vec![worst], ..calm() }
    }

    #[test]
    fn an_old_or_unwatched_or_learning_board_is_4_whatever_it_says() {
        let old = Trust::Late(Span::from_mins(4));
        let unwatched = Trust::Unwatched(Span::from_secs(1));
        assert_eq!(of_board(&calm(), Trust::Fresh), Exit::Ok);
        assert_eq!(of_board(&calm(), old), Exit::Blind);
        assert_eq!(of_board(&calm(), unwatched), Exit::Blind);
        let learns = Board { learning: Some(Learning::default()), ..calm() };
        assert_eq!(of_board(&learns, Trust::Fresh), Exit::Blind);
        let unjudged = Board { judged_until: None, ..calm() };
        assert_eq!(of_board(&unjudged, Trust::Fresh), Exit::Blind);
        assert_eq!(of_board(&fixture::outage(), old), Exit::HighIncident, "11 before 4");
        let low = Board { incidents: closed(Severity::Sev3, true).incidents, ..learns };
        assert_eq!(of_board(&low, Trust::Fresh), Exit::Blind, "4 before 10");
    }

    #[test]
    fn what_is_closed_and_still_fires_ends_as_if_it_were_open() {
        assert_eq!(of_board(&closed(Severity::Sev1, true), Trust::Fresh), Exit::HighIncident);
        assert_eq!(of_board(&closed(Severity::Sev3, true), Trust::Fresh), Exit::LowIncident);
        assert_eq!(of_board(&closed(Severity::Sev1, false), Trust::Fresh), Exit::Ok);
    }
}
