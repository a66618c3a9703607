//! Judging: pure statistics from observations to verdicts. Windows, baselines, tests, blame, money.
//! No IO, no clock, no ratatui; nothing here fails: bad input gives `Unsure` or `Blind`, not an
//! error.

pub mod series;
pub mod drift;

pub mod settings;
pub mod engine;

mod stat;
mod profile;
mod clip;
mod table;
mod hists;
mod store;
mod admit;
pub mod demand;
mod lag;
mod derive;
mod pairing;
mod surge;
mod calibrate;
mod learn;
mod unusual;
mod place;
mod bots;
mod budget;
mod notes;
mod answer;
mod scan;
mod find;
mod flaws;
mod surplus;
mod visits;
mod contrast;
mod probes;
mod basis;
mod lines;
mod recover;
mod reach;
mod refine;
mod onset;
mod effect;
mod pace;
mod response_time;
mod checks;
mod case;
mod when;
mod lie;
mod agree;
mod apart;
mod joint;
mod life;
mod troubles;
pub mod doubt;
mod settle;
mod spare;
mod arms;
mod resources;
mod scope;
mod blame;
mod feed;
mod served;
mod severity;
mod money;
mod toll;
mod words;
mod cells;
mod power;
mod impact;
mod report;
pub mod footprint;

#[cfg(test)]
mod tests;
