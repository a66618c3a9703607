//! Everything measured, cut by dimensions: cuboids of leaves with their ring of buckets,
//! histograms, derived ratios, places, doubts and settings. Sums and bookkeeping; no test is made
//! here.

pub mod changes;
pub mod percentiles;
pub mod pair;
pub mod key;
pub mod hit;
pub mod admission;
pub mod cuboid;
pub mod derived;
pub mod doubt;
pub mod histograms;
pub mod lag;
pub mod pairing;
pub mod place;
pub mod reach;
pub mod settings;
pub mod store;
