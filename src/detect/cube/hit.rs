//! What a sweep of a cuboid's windows found worth a second look. Data that the cuboid keeps while
//! its windows stand; how it is found is not told here.

use crate::detect::evidence::stat::{HarmEvidence, Tally};

/// A window of a slice that says at least [`FLOOR`] nats.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// Index of the slice in the cuboid.
    pub slice: u32,
    pub window: u8,
    pub acc: Tally,
    pub ev: HarmEvidence,
}
