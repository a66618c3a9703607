//! Policy is data: checked tables of guardrails, severities, responses, calendar, actions,
//! exposure. Rows are parsed straight from config; no `if` elsewhere may hold a number that people
//! argue about.

pub mod sensitivity;
pub mod severity;

pub mod action;
pub mod calendar;
pub mod maintenance;
pub mod response;
pub mod detect;
pub mod exposure;
pub mod guardrail;
pub mod journey;
pub mod judging;
pub mod severity_rule;
