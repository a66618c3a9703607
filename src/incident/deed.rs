//! Who did what to an incident last, and when: what the loser of a race is told.
//! Kept by the fold beside the state; decides nothing and has no say in what is allowed.

use super::event::{Actor, Record};
use crate::domain::time::Timestamp;

/// One deed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    pub by: Actor,
    pub at: Timestamp,
}

/// The newest deed of each kind that keeps a second one from being done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Deeds {
    pub closed: Option<Deed>,
    pub decided: Option<Deed>,
    pub timer_started: Option<Deed>,
    pub timer_stopped: Option<Deed>,
    pub timer_extended: Option<Deed>,
    pub decision_extended: Option<Deed>,
    pub ack_undone: Option<Deed>,
}

impl Deed {
    pub(super) fn of(record: &Record) -> Self {
        Self { by: record.actor.clone(), at: record.at }
    }

    /// `root@host resolved it at 02:41:07Z`
    pub fn told(&self, did: &str) -> String {
        format!("{} {did} at {}", who(&self.by), clock(self.at))
    }
}

/// `root@host`, or the name alone where no host is known.
pub fn who(actor: &Actor) -> String {
    if actor.host.is_empty() {
        return actor.name.clone();
    }
    format!("{}@{}", actor.name, actor.host)
}

/// UTC time of day with its zone, `02:41:07Z`.
pub fn clock(at: Timestamp) -> String {
    at.utc().format("%H:%M:%SZ").to_string()
}

/// `; root@host resolved it at 02:41:07Z`, or nothing where nobody is known to have done it.
pub fn after(deed: Option<&Deed>, did: &str) -> String {
    deed.map_or_else(String::new, |d| format!("; {}", d.told(did)))
}
