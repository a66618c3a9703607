//! Judging: statistics from observations to verdicts, without a clock and without IO; nothing here
//! fails: bad input gives `Unsure` or `Blind`, not an error. The rooms inside are listed lowest
//! first and import lower ones only; whoever is outside sees the engine and what it is told.

mod maths;
mod evidence;
mod baseline;
mod cube;
mod learning;
mod scan;
pub mod univariate;
mod detectors;
mod attribution;
mod cases;
mod judgement;
mod engine;

pub use self::cube::doubt::Doubt;
pub use self::cube::settings::{AnnouncedEvent, AnnouncedWork, Exclusion, Settings};
pub use self::engine::Engine;
pub use self::evidence::units::hour;
pub use self::judgement::footprint::Footprint;

#[cfg(test)]
mod tests;
