//! Tests of the incident room: life cycle, reconciling, commands, verification, properties.
//! `kit` builds the small shop they all speak about.

pub(crate) mod kit;

mod choosing;
mod commands;
mod golden;
mod life;
mod orders;
pub(crate) mod properties;
mod races;
mod rounds;
mod telling;
mod twins;
mod verification;
