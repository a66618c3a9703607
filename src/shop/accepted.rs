//! Rollback requests that were taken, by idempotency key. Plain data; who is taken and what then
//! happens is `ledger`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::time::Timestamp;

/// Accepted requests by idempotency key.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) accepted: BTreeMap<String, Accepted>,
}

#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) body: Vec<u8>,
    pub(super) answer: Value,
    pub(super) service: &'static str,
    pub(super) target: String,
    pub(super) done_at: Timestamp,
    pub(super) executions: u32,
    pub(super) deliveries: u32,
}
