//! What every test is made of: sums against expectation, likelihoods, dispersion, and the nats that
//! they give. Knows metrics by their kind only; no place and no time.

pub mod level;
pub mod units;
pub mod stat;
