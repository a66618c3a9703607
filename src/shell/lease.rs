//! The watcher's lease in the journal: one process polls and judges, another takes over within the
//! lease time when it dies. Wall time only, since two hosts must agree on it.

use std::time::Duration;

use crate::domain::time::{Span, Timestamp};
use crate::journal::{Journal, LeaseOutcome};

use super::clock::Clock;

/// Length of the lease: takeover is over within 10 s (DESIGN section 10).
pub const LEASE: Span = Span::from_secs(8);
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// Who asks: unique per process.
pub fn owner() -> String {
    format!("{}:{}", super::identity::host(), std::process::id())
}

/// One try; true when the lease is ours now.
pub async fn take(journal: &Journal, owner: &str, clock: Clock) -> bool {
    let answer = journal.take_lease(owner, clock.wall(), LEASE).await;
    matches!(answer, Ok(LeaseOutcome::Mine { .. }))
}

/// Waits until the lease is ours.
pub async fn wait_for(journal: &Journal, owner: &str, clock: Clock) {
    while !take(journal, owner, clock).await {
        tokio::time::sleep(RENEW_EVERY).await;
    }
}

/// Renews until it cannot be renewed in time; then returns, and the caller must stop watching.
pub async fn keep(journal: &Journal, owner: &str, clock: Clock) {
    let mut good_until: Timestamp = clock.wall().plus(LEASE);
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if take(journal, owner, clock).await {
            good_until = clock.wall().plus(LEASE);
        } else if clock.wall() >= good_until {
            return;
        }
    }
}
