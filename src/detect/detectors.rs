//! Ways to find harm beside the scan: fixed thresholds and burn rates, lost traffic, copies, votes
//! of checks. Each reads a scene and gives shifts; whose case they are is not asked here.

pub mod check_cadence;
pub mod check_duration;
pub mod check_votes;
pub mod over_collection;
pub mod threshold;
pub mod traffic_loss;
