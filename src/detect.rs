//! Judging: pure statistics from observations to verdicts. Windows, baselines, tests, blame, money.
//! No IO, no clock, no ratatui; nothing here fails: bad input gives `Unsure` or `Blind`, not an
//! error.

pub mod maths;
pub mod evidence;
pub mod baseline;
pub mod cube;
pub mod learning;
pub mod scan;
pub mod univariate;
pub mod detectors;
pub mod attribution;
pub mod cases;
pub mod judgement;
pub mod engine;

#[cfg(test)]
mod tests;
