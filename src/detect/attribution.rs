//! Which change did it: minutes, places and exposures as likelihoods, one posterior over changes
//! and over none of them. Accuses nobody by a rule; reads a scene.

pub mod resource_bends;

pub mod inquiry;
pub mod change_feed;
pub mod considered;
pub mod delay;
pub mod diff_in_diff;
pub mod dose;
pub mod moment;
pub mod place_likelihood;
pub mod place_seen;
pub mod posterior;
pub mod prior;
pub mod telling;
pub mod weigh;
