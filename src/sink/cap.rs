//! The right to write outside, as a value.
//! Made in one place by the shell; nothing else is here.

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
