//! The watcher's lease in the journal: one process polls and judges, another takes over within the
//! lease time when it dies, at once where its death can be seen. Wall time only, since two hosts
//! must agree on it.

use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::domain::time::{Span, Timestamp};
use crate::journal::{Journal, LeaseOutcome};

use super::alive;
use super::clock::Clock;
use super::hub::Signal;

/// Length of the lease: takeover is over within 10 s.
pub const LEASE: Span = Span::from_secs(8);
/// A clock that moves by more was set.
const STEP: Span = Span::from_secs(2);
pub const RENEW_EVERY: Duration = Duration::from_secs(2);
/// One who waits asks more often: it costs a look at one row.
pub const ASK_EVERY: Duration = Duration::from_secs(1);

/// The answer to one try.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grip {
    Mine {
        until: Timestamp,
    },
    /// Another has it, by name.
    Other(String),
    /// Nobody has it as far as can be seen, and it cannot be taken: busy, disk full, read-only.
    Silent(String),
}

/// Who asks: unique per process.
pub fn owner() -> String {
    alive::own_name()
}

/// One try.
pub async fn take(journal: &Journal, owner: &str, clock: Clock) -> Grip {
    let first = journal.take_lease(owner, clock.wall(), LEASE).await;
    let answer = match first {
        Ok(LeaseOutcome::Held { owner: holder, .. }) if alive::is_gone(&holder) => {
            tracing::info!(holder, "the watcher before is dead; taking over");
            journal.take_lease_after(&holder, owner, clock.wall(), LEASE).await
        }
        answer => answer,
    };
    match answer {
        Ok(LeaseOutcome::Mine { until }) => Grip::Mine { until },
        Ok(LeaseOutcome::Held { owner, .. }) => Grip::Other(owner),
        Err(error) => {
            tracing::warn!(%error, "the lease could not be asked for");
            refused(journal, owner, clock, error.why()).await
        }
    }
}

/// Waits until the lease is ours.
pub async fn wait_for(journal: &Journal, owner: &str, clock: Clock) {
    let mut off = clock.off();
    while !matches!(take(journal, owner, clock).await, Grip::Mine { .. }) {
        tokio::time::sleep(ASK_EVERY).await;
        let now = clock.off();
        if now.millis().abs_diff(off.millis()) > STEP.millis().unsigned_abs() {
            // the machine's clock was set: a holder that lives writes its lease anew first
            off = now;
            tokio::time::sleep(RENEW_EVERY * 2).await;
        }
    }
}

/// A journal that cannot be written may still tell who watches.
async fn refused(journal: &Journal, owner: &str, clock: Clock, why: String) -> Grip {
    match journal.lease().await {
        Ok(Some((holder, until)))
            if holder != owner && until > clock.wall() && !alive::is_gone(&holder) =>
        {
            Grip::Other(holder)
        }
        Ok(_) | Err(_) => Grip::Silent(why),
    }
}

/// Renews until another has it; answers who. The caller must stop watching then. A journal that
/// does not answer is no reason to stop: what is written is held to the lease by the journal.
pub async fn keep(journal: &Journal, owner: &str, clock: Clock, hub: &Sender<Signal>) -> String {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        match take(journal, owner, clock).await {
            Grip::Mine { until } => {
                let _gone = hub.send(Signal::Lease { until });
            }
            Grip::Other(other) => return alive::place(&other),
            Grip::Silent(_) => {}
        }
    }
}
