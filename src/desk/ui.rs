//! Ui: where the person is: page, selection, filter, scroll, open dialog, toast, recent keys.
//! Nothing here is true about the shop; that is the board.

use crate::domain::id::{IncidentId, ReleaseId};
use crate::domain::time::{Span, Timestamp};

use super::dialog::Dialog;
use super::heat::Heat;
use super::list::IncidentList;
use super::order::Say;
use super::page::Page;

/// A short message above the prompt, until a wall instant.
#[derive(Clone, PartialEq, Debug)]
pub struct Toast {
    pub say: Say,
    /// The incident it is about, where it is about one.
    pub about: Option<IncidentId>,
    pub until: Timestamp,
}

/// An acknowledgement that can still be taken back, until a wall instant.
#[derive(Clone, PartialEq, Debug)]
pub struct Undo {
    pub incident: IncidentId,
    pub until: Timestamp,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ui {
    pub page: Page,
    /// Where `back` leads from the Incident page.
    pub came_from: Page,
    pub dialog: Option<Dialog>,
    /// The incidents as listed, with the selection.
    pub list: IncidentList,
    pub filter: String,
    /// The selected release, pinned by id.
    pub release: Option<ReleaseId>,
    /// First row of pages without a selection.
    pub scroll: usize,
    pub heat: Heat,
    /// The Journal page shows every incident, not only the selected one.
    pub everything: bool,
    pub toast: Option<Toast>,
    pub undo: Option<Undo>,
    pub keys: RecentKeys,
    pub deaf: Deaf,
}

/// Keys are swallowed for a moment after a dialog went from under the hands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Deaf {
    until: Option<Timestamp>,
}

/// A key that is held down stays unheard until it has been let go for this long.
const LET_GO: Span = Span::from_millis(150);

impl Deaf {
    /// Swallows keys for `span` of wall time.
    pub fn start(&mut self, wall: Timestamp, span: Span) {
        self.until = Some(wall.plus(span));
    }

    /// True when a key at this wall instant is not heard. A clock that steps back ends it.
    pub fn swallows(&mut self, wall: Timestamp) -> bool {
        const LONGEST: Span = Span::from_secs(1);
        self.until = self.until.filter(|t| wall < *t && t.since(wall) <= LONGEST);
        let Some(until) = self.until else { return false };
        self.until = Some(until.max(wall.plus(LET_GO)));
        true
    }
}

/// Key times, to tell a hand from a paste: no hand types so fast.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RecentKeys {
    times: Vec<Timestamp>,
    latched_until: Option<Timestamp>,
}

/// This many keys ...
const BURST_KEYS: usize = 5;
/// ... within this time are no hand.
const BURST_SPAN: Span = Span::from_millis(30);
/// A burst is over after this long without a key.
const BURST_REST: Span = Span::from_millis(100);

impl RecentKeys {
    /// Notes a key at a wall instant; true while a burst lasts.
    pub fn note(&mut self, wall: Timestamp) -> bool {
        // A clock that stepped back would otherwise keep old times in the future.
        self.times.retain(|t| *t <= wall);
        self.times.push(wall);
        let extra = self.times.len().saturating_sub(BURST_KEYS);
        self.times.drain(..extra);
        let fast = self.times.len() == BURST_KEYS
            && self.times.first().is_some_and(|t| wall.since(*t) <= BURST_SPAN);
        let latched = self.latched_until.is_some_and(|t| wall < t && t.since(wall) <= BURST_REST);
        self.latched_until = (fast || latched).then(|| wall.plus(BURST_REST));
        fast || latched
    }

    /// Time since the key before the one noted last.
    pub fn pause(&self) -> Option<Span> {
        let mut newest = self.times.iter().rev();
        let (last, before) = (newest.next()?, newest.next()?);
        Some(last.since(*before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(times: &[i64]) -> Vec<bool> {
        let mut keys = RecentKeys::default();
        times.iter().map(|t| keys.note(Timestamp::from_millis(*t))).collect()
    }

    #[test]
    fn five_keys_in_thirty_milliseconds_are_a_burst_until_a_pause() {
        assert_eq!(burst(&[0, 100, 200, 300, 400]), [false; 5]);
        assert_eq!(
            burst(&[0, 5, 10, 15, 20, 25, 200]),
            [false, false, false, false, true, true, false]
        );
        assert_eq!(
            burst(&[0, 7, 15, 22, 30, 99, 250]),
            [false, false, false, false, true, true, false]
        );
    }

    #[test]
    fn a_clock_that_steps_back_does_not_latch_for_ever() {
        assert!(!burst(&[90_000, 90_001, 90_002, 90_003, 90_004, 10, 500])[6]);
    }
}
