//! What a receiver says about a request that was sent earlier.
//! Plain data; read in `verdict`.

/// What the receiver says about a request sent earlier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// Taken, not finished.
    Running {
        detail: String,
    },
    Done {
        detail: String,
    },
    Failed {
        detail: String,
    },
    /// The receiver has never heard of it.
    NotKnown,
    /// No answer, or none that can be read: still unknown.
    NoAnswer {
        detail: String,
    },
}
