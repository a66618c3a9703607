//! Sinks: leaf adapters that write outside. None can be built without a `WriteCap`, which observer
//! and wall never have.

pub mod config;
mod says;
pub mod sign;
pub mod webhook;
mod wire;

pub use self::config::ActionConfig;
pub use self::webhook::{Status, Webhook};

/// The right to write outside. Only the shell makes one, and only for an operator; observer and
/// wall are built without, so no path of theirs leads to a sink.
///
/// A sink cannot be had without it:
/// ```compile_fail
/// use tillwatch::sink::{ActionConfig, Webhook};
/// fn observer(config: &ActionConfig) {
///     let _ = Webhook::new(config);
/// }
/// ```
/// and it cannot be made up:
/// ```compile_fail
/// use tillwatch::sink::WriteCap;
/// let cap = WriteCap { operator: "me".into() };
/// ```
/// nor copied by someone who was lent one:
/// ```compile_fail
/// use tillwatch::sink::WriteCap;
/// fn keep(cap: &WriteCap) -> WriteCap {
///     cap.clone()
/// }
/// ```
/// An operator's way:
/// ```
/// use tillwatch::sink::{ActionConfig, Webhook, WriteCap};
/// fn operator(config: &ActionConfig) {
///     let cap = WriteCap::for_operator("ana");
///     let _ = Webhook::new(&cap, config);
/// }
/// ```
#[derive(Debug)]
pub struct WriteCap {
    operator: String,
}

impl WriteCap {
    /// For the operator of that name. Call it in one place, after the role was settled.
    pub fn for_operator(name: &str) -> Self {
        Self { operator: name.to_owned() }
    }

    /// Whom it was made for.
    pub fn operator(&self) -> &str {
        &self.operator
    }
}
