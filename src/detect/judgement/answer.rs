//! The answer of a row: whether it was judged, the verdict, and the words. Shared by all that
//! answer; nothing is decided here.

use crate::verdict::{Judged, Verdict};

/// An answer: whether the row was judged, the verdict, and the words.
pub type RowAnswer = (Judged, Verdict, String);

/// There is nothing to say.
pub const USUAL: &str = "within its usual band";
