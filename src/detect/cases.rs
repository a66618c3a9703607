//! What belongs together and for how long: open cases, joining, parting, closing, severity, money
//! at risk and what it cost so far. Holds cases; makes no documents of them.

pub mod slow;
pub mod quality_log;
pub mod shift_words;
pub mod explain;
pub mod state;
pub mod slow_checks;

pub mod error_budget;
pub mod accrued;
pub mod parts;
pub mod kinds;
pub mod agreement;
pub mod closing;
pub mod combined;
pub mod cumulative_impact;
pub mod data_quality;
pub mod failing_checks;
pub mod lie;
pub mod lifecycle;
pub mod open_case;
pub mod recovery;
pub mod revenue_at_risk;
pub mod separation;
pub mod severity;
pub mod simultaneity;
pub mod surge;
