//! What is usual for one place by hour of day, learnt from its own past and a parent's, with rare
//! hours held in. No judgement here.

pub mod profile;
pub mod winsorise;
