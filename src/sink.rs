//! Sinks: leaf adapters that write outside. None can be built without a `WriteCap`, which observer
//! and wall never have.

mod cap;
pub mod config;
pub mod pager;
mod says;
pub mod sign;
pub mod webhook;
mod wire;

pub use self::cap::WriteCap;
pub use self::config::ActionConfig;
pub use self::pager::{Pager, SinkConfig};
pub use self::webhook::{Status, Webhook};
