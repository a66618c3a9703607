//! Policy is data: checked tables of guardrails, severities, responses, calendar, actions,
//! exposure. Rows are parsed straight from config; no `if` elsewhere may hold a number that people
//! argue about.

/// The shipped config as text: every option with its default. Each room reads its own sections.
pub const DEFAULT: &str = include_str!("../config.example.toml");

pub mod sensitivity;
pub mod severity;

pub mod action;
pub mod buckets;
pub mod calendar;
pub mod maintenance;
pub mod one_or_many;
pub mod paging;
pub mod response;
pub mod blame;
pub mod detect;
pub mod exposure;
pub mod guardrail;
pub mod holidays;
pub mod journey;
pub mod judging;
pub mod services;
pub mod severity_rule;
