//! Inputs: which verdict is unfolded, pinned to what it is about and not to its place in a list.
//! Looks things up on the board; the words are made in `present`.

use crate::board::{Board, IncidentView};
use crate::domain::id::{GuardrailId, IncidentId};
use crate::domain::metric::Metric;
use crate::domain::segment::{Scope, Segment};
use crate::verdict::{Cell, Finding};

/// A verdict, by what it is about.
#[derive(Clone, PartialEq, Debug)]
pub enum Subject {
    Finding { incident: IncidentId, guardrail: GuardrailId, metric: Metric, segment: Scope },
    Cell { metric: Metric, segment: Segment },
}

impl Subject {
    pub fn of(incident: &IncidentView, finding: &Finding) -> Self {
        Self::Finding {
            incident: incident.id.clone(),
            guardrail: finding.guardrail.clone(),
            metric: finding.metric,
            segment: finding.segment.clone(),
        }
    }

    pub fn cell(cell: &Cell) -> Self {
        Self::Cell { metric: cell.metric, segment: cell.segment.clone() }
    }

    /// The finding with its incident, its place among the incident's findings and their number.
    pub fn finding<'b>(&self, board: &'b Board) -> Option<(&'b IncidentView, &'b Finding, usize)> {
        let Self::Finding { incident, .. } = self else { return None };
        let incident = board.incidents.iter().find(|x| x.id == *incident)?;
        let at = incident.findings.iter().position(|f| Self::of(incident, f) == *self)?;
        Some((incident, incident.findings.get(at)?, at))
    }

    /// The cell behind it: its own, or the one of a finding's metric and segment.
    pub fn find_cell<'b>(&self, board: &'b Board) -> Option<&'b Cell> {
        let about = |c: &&Cell| match self {
            Self::Cell { metric, segment } => c.metric == *metric && c.segment == *segment,
            Self::Finding { metric, segment, .. } => {
                c.metric == *metric && Scope::of(&c.segment) == *segment
            }
        };
        board.cells.iter().filter(about).max_by_key(|c| c.verdict)
    }

    /// The finding before or after this one, round the end; itself where there is no other.
    #[must_use]
    pub fn step(&self, board: &Board, forward: bool) -> Self {
        let Self::Finding { incident, .. } = self else { return self.clone() };
        let Some(incident) = board.incidents.iter().find(|x| x.id == *incident) else {
            return self.clone();
        };
        let len = incident.findings.len();
        let at = self.finding(board).map_or(0, |(_, _, at)| at);
        let by = if forward { 1 } else { len.saturating_sub(1) };
        let to = (at + by).checked_rem(len).and_then(|to| incident.findings.get(to));
        to.map_or_else(|| self.clone(), |finding| Self::of(incident, finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture;

    #[test]
    fn a_subject_finds_its_finding_again_when_the_list_turns_and_steps_round_the_end() {
        let mut board = fixture::outage();
        let first = &board.incidents[0];
        let subject = Subject::of(first, &first.findings[0]);
        let next = subject.step(&board, true);
        assert_ne!(next, subject);
        assert_eq!(next.step(&board, false), subject);
        let n = board.incidents[0].findings.len();
        let round = (0..n).fold(subject.clone(), |s, _| s.step(&board, true));
        assert_eq!(round, subject);
        board.incidents[0].findings.reverse();
        assert_eq!(subject.finding(&board).map(|(_, _, at)| at), Some(n - 1));
        board.incidents.clear();
        assert!(subject.finding(&board).is_none());
        assert_eq!(subject.step(&board, true), subject);
    }
}
