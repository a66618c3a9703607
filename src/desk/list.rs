//! List: the incidents as listed, with a selection pinned to identity and an order that holds still
//! while a dialog is open. Order itself is the board's (worst first).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::board::{Board, IncidentView};
use crate::domain::id::{IncidentId, JourneyId};

/// Indexes into the current board's incidents; valid only for the board it was built from.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IncidentList {
    order: Vec<usize>,
    selected: Option<IncidentId>,
    at: usize,
    /// Incidents that came while the order was held still.
    unseen: usize,
}

impl IncidentList {
    /// Lists what the filter lets through, in the board's order. The selection stays on its
    /// incident; when that is gone it moves to what took its place.
    pub fn rebuild(&mut self, board: &Board, filter: &str) {
        let filter = Filter::new(filter);
        self.order = (0..board.incidents.len())
            .filter(|i| board.incidents.get(*i).is_some_and(|x| filter.lets(x)))
            .collect();
        self.unseen = 0;
        self.pin(board);
    }

    /// Takes a new board without moving a row: known incidents keep their order, new ones wait.
    pub fn hold(&mut self, old: &Board, new: &Board) {
        let places: BTreeMap<&IncidentId, usize> =
            new.incidents.iter().enumerate().map(|(i, x)| (&x.id, i)).collect();
        let known: BTreeSet<&IncidentId> = old.incidents.iter().map(|x| &x.id).collect();
        self.unseen += places.keys().filter(|id| !known.contains(**id)).count();
        self.order = self
            .order
            .iter()
            .filter_map(|i| old.incidents.get(*i))
            .filter_map(|x| places.get(&x.id).copied())
            .collect();
        self.pin(new);
    }

    fn pin(&mut self, board: &Board) {
        let id_at = |at: usize| self.order.get(at).and_then(|i| board.incidents.get(*i));
        let found = self.selected.as_ref().and_then(|id| {
            let here = id_at(self.at).is_some_and(|x| x.id == *id);
            if here {
                return Some(self.at);
            }
            (0..self.order.len()).find(|at| id_at(*at).is_some_and(|x| x.id == *id))
        });
        let at = found.unwrap_or(self.at).min(self.order.len().saturating_sub(1));
        self.selected = id_at(at).map(|x| x.id.clone());
        self.at = at;
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn unseen(&self) -> usize {
        self.unseen
    }

    pub fn selected<'b>(&self, board: &'b Board) -> Option<&'b IncidentView> {
        self.row(board, self.at)
    }

    pub fn row<'b>(&self, board: &'b Board, at: usize) -> Option<&'b IncidentView> {
        self.order.get(at).and_then(|i| board.incidents.get(*i))
    }

    /// Selects a row; past the ends it stays on the last.
    pub fn select(&mut self, board: &Board, at: usize) {
        self.at = at.min(self.order.len().saturating_sub(1));
        self.selected = self.row(board, self.at).map(|x| x.id.clone());
    }

    /// Selects an incident by id, when it is listed.
    pub fn select_id(&mut self, board: &Board, id: &IncidentId) {
        let found = (0..self.len()).find(|at| self.row(board, *at).is_some_and(|x| x.id == *id));
        if let Some(at) = found {
            self.select(board, at);
        }
    }
}

/// A filter as typed: words that must all occur; a leading `!` turns it round.
pub struct Filter {
    words: Vec<String>,
    inverse: bool,
}

impl Filter {
    pub fn new(text: &str) -> Self {
        let (inverse, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        Self { words: rest.split_whitespace().map(str::to_lowercase).collect(), inverse }
    }

    /// True when the text passes; an empty filter lets everything through.
    pub fn passes(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.words.is_empty() || self.words.iter().all(|w| text.contains(w)) != self.inverse
    }

    fn lets(&self, incident: &IncidentView) -> bool {
        self.words.is_empty() || self.passes(&haystack(incident))
    }
}

fn haystack(x: &IncidentView) -> String {
    let mut text = format!("{} {} {} {}", x.id, x.severity, x.state.name(), x.headline);
    for part in
        [x.owner.as_deref(), x.journey.as_ref().map(JourneyId::as_str)].into_iter().flatten()
    {
        text.push(' ');
        text.push_str(part);
    }
    for segment in &x.segments {
        let _ = write!(text, " {segment}");
    }
    let tied = x.suspect.is_tie();
    let tied = x.suspect.candidates.iter().filter(|_| tied).map(|c| &c.release);
    for release in x.suspect.release.iter().chain(tied) {
        text.push(' ');
        text.push_str(release.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture;

    fn ids(list: &IncidentList, board: &Board) -> Vec<String> {
        (0..list.len()).filter_map(|i| list.row(board, i)).map(|x| x.id.to_string()).collect()
    }

    #[test]
    fn the_selection_stays_on_its_incident_when_rows_move() {
        let mut board = fixture::outage();
        let mut list = IncidentList::default();
        list.rebuild(&board, "");
        list.select(&board, 1);
        let id = list.selected(&board).expect("row").id.clone();
        board.incidents.rotate_left(1);
        list.rebuild(&board, "");
        assert_eq!(list.selected(&board).expect("row").id, id);
        board.incidents.retain(|x| x.id != id);
        list.rebuild(&board, "");
        assert!(list.selected(&board).is_some_and(|x| x.id != id));
        list.rebuild(&Board::default(), "");
        assert!(list.selected(&Board::default()).is_none());
    }

    #[test]
    fn a_held_list_keeps_its_order_and_counts_what_is_new() {
        let old = fixture::outage();
        let mut list = IncidentList::default();
        list.rebuild(&old, "");
        let before = ids(&list, &old);
        let mut new = old.clone();
        let mut other = new.incidents[0].clone();
        other.id = "INC-NEW".into();
        new.incidents.reverse();
        new.incidents.insert(0, other);
        list.hold(&old, &new);
        assert_eq!((ids(&list, &new), list.unseen()), (before, 1));
        list.hold(&new, &new);
        assert_eq!(list.unseen(), 1);
        list.rebuild(&new, "");
        assert_eq!((list.len(), list.unseen()), (old.incidents.len() + 1, 0));
    }

    #[test]
    fn filters_match_words_anywhere_and_invert() {
        let board = fixture::outage();
        let mut list = IncidentList::default();
        list.rebuild(&board, "CHECKOUT sev 1");
        assert_eq!(list.len(), 1);
        list.rebuild(&board, "!checkout");
        assert_eq!(list.len(), board.incidents.len() - 1);
        list.rebuild(&board, "no such thing");
        assert!(list.is_empty() && list.selected(&board).is_none());
    }
}
