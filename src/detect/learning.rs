//! When and from what the usual is learnt: schedule, dispersion, hours left out, and what a
//! baseline was learnt from. No verdict here.

pub mod dispersion;
pub mod exclusions;
pub mod provenance;
pub mod schedule;
