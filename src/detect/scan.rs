//! Looking for places that are worse than usual: sweep, search, localisation, onset, the shift that
//! was found and what known shifts explain. Reads a scene, never the engine; opens no case.

pub mod share;
pub mod scene;
pub mod bots;
pub mod localise;
pub mod multiplicity;
pub mod onset;
pub mod power;
pub mod search;
pub mod served;
pub mod shift;
pub mod sweep;
