//! What callers and the store speak of: the right to write, a record with its place, how durable a
//! write is, the answer about the lease. Plain data.

use crate::domain::time::Timestamp;
use crate::incident::event::Record;

/// What the caller may do. Reading is a capability: the connection itself cannot write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Write,
    Read,
}

/// A record with its place in the journal; places only grow.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    pub seq: i64,
    pub record: Record,
}

/// The two settings that decide whether a stored record survives a power cut, as the write
/// connection itself reports them (`wal` and `full` do).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durability {
    pub journal_mode: String,
    /// `off`, `normal`, `full` or `extra`.
    pub synchronous: String,
}

impl Durability {
    pub fn survives_power_cuts(&self) -> bool {
        self.journal_mode == "wal" && matches!(self.synchronous.as_str(), "full" | "extra")
    }
}

/// The answer to asking for the lease.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LeaseOutcome {
    Mine { until: Timestamp },
    Held { owner: String, until: Timestamp },
}

/// What a copy of a journal holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// The number of its last record.
    pub newest: i64,
    pub bytes: u64,
}
