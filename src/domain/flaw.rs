//! Flaw: what a reader notices about the telling itself, not about the shop: a clock that is off,
//! personal data where none belongs. What follows from it is decided by judging.

use super::metric::Metric;
use super::time::Span;

/// One thing noticed in one answer of one source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// The source's clock minus ours; told with each answer that says it, whatever its size.
    Clock(Span),
    /// Personal data was taken out of a field. The value itself goes no further.
    Personal {
        /// Which field of which record: `author of a change`.
        field: &'static str,
        /// What it looked like: `e-mail address`.
        what: &'static str,
    },
    /// Rows of one question whose time cannot be right.
    Times {
        /// The question, as notes name it.
        what: String,
        /// What it measures; none for changes.
        metrics: Vec<Metric>,
        rows: usize,
        /// Without a usable time (or name).
        timeless: usize,
        /// Beyond now and beyond what the server's clock is ahead.
        ahead: usize,
        /// Stamped by their sender with a time long gone.
        stale: usize,
    },
    /// A list that held something is empty, though nothing can have left it.
    Emptied { what: String },
}
