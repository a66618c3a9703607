//! The embedded demo shop: a simulator with ground truth behind a loopback HTTP face.
//! The product reaches it like any other shop, over HTTP; nothing else may call it.

mod accepted;
pub mod api;
pub mod bucket;
pub mod checks;
pub mod dims;
pub mod effect;
pub mod exposition;
pub mod finance;
pub mod history;
pub mod http;
pub mod human;
pub mod ledger;
pub mod moment;
pub mod opening;
pub mod openmetrics;
mod paths;
mod range;
pub mod rng;
pub mod scenario;
pub mod server;
pub mod sign;
pub mod state;
pub mod tally;
pub mod timeline;
pub mod truth;
pub mod visit;
pub mod world;

pub use openmetrics::export_openmetrics;
pub use paths::{PATHS, list_text};
pub use server::{Options, Running, ShopError, serve};
pub use state::{Clocks, Shop, TimeSource};

#[cfg(test)]
mod tests;
