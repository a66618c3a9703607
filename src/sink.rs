//! Sinks: leaf adapters that write outside. None can be built without a `WriteCap`, which observer
//! and wall never have.
