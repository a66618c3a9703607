//! Flaw: what a reader notices about the telling itself, not about the shop: a clock that is off,
//! personal data where none belongs. What follows from it is decided by judging.

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
}
