//! Judging: pure statistics from observations to verdicts. Windows, baselines, tests, blame, money.
//! No IO, no clock, no ratatui; nothing here fails: bad input gives `Unsure` or `Blind`, not an error.

pub mod series;
pub mod verdict;
