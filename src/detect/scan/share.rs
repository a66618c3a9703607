//! How much of its place a release or an arm serves: now, and soon. A label that is new has few
//! samples behind it, so severity and money ask for this share. How it is measured is not told
//! here.

/// Shares of the place without the release.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Served {
    pub now: f64,
    /// What it is about to serve, when that is more.
    pub soon: f64,
}

impl Served {
    pub const ALL: Self = Self { now: 1.0, soon: 1.0 };
}
