//! The windows that one question asks for.
//! Which ones they are is `prometheus` and `back`.

use crate::domain::time::{Span, Timestamp};

/// The ends of the windows to ask: `start`, `start + step`, ... `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct QueryGrid {
    pub start: Timestamp,
    pub end: Timestamp,
    pub step: Span,
}

impl QueryGrid {
    pub fn windows(self) -> usize {
        let steps = self.end.since(self.start).millis() / self.step.millis().max(1);
        usize::try_from(steps).unwrap_or(0) + 1
    }
}
