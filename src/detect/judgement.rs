//! From the state to what is said: cells, guardrails, journeys, before and after, cases with their
//! numbers and words. Changes nothing that later judging reads.

pub mod answer;
pub mod resources;
pub mod doubts;
pub mod objectives;

pub mod check_times;
pub mod before_after;
pub mod build;
pub mod cells;
pub mod check_coverage;
pub mod footprint;
pub mod guardrail_notes;
pub mod guardrails;
pub mod tech_vs_business;
pub mod words;
