//! Does the series detector hold on families it was not chosen on?

pub mod faults;
pub mod kinds;
pub mod noise;
pub mod worlds;
