//! Judging: pure statistics from observations to verdicts. Windows, baselines, tests, blame, money.
//! No IO, no clock, no ratatui; nothing here fails: bad input gives `Unsure` or `Blind`, not an
//! error.

pub mod series;
pub mod verdict;

pub mod settings;
pub mod engine;

mod stat;
mod profile;
mod table;
mod hists;
mod store;
mod demand;
mod derive;
mod calibrate;
mod learn;
mod place;
mod bots;
mod budget;
mod notes;
mod scan;
mod find;
mod flaws;
mod surplus;
mod contrast;
mod basis;
mod lines;
mod recover;
mod refine;
mod onset;
mod effect;
mod checks;
mod case;
mod joint;
mod life;
mod troubles;
mod settle;
mod blame;
mod severity;
mod money;
mod toll;
mod words;
mod cells;
mod impact;
mod report;
pub mod footprint;

#[cfg(test)]
mod tests;
