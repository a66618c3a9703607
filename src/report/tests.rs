//! The documents against a made-up week whose figures are counted from its plan, not its records.

mod figures;
mod golden;
mod plan;
