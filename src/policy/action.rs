//! The policy side of an `[[action]]`: its service, how long it rests, how it is proven.
//! Where it is sent and how it is signed is the sink's business; no URL, no secret here.

use serde::{Deserialize, Serialize};

use crate::domain::change::Change;
use crate::domain::time::Span;

/// What the rules need to know about a configured action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActionPolicy {
    pub name: String,
    /// The service it rolls back; empty means any.
    #[serde(default)]
    pub service: String,
    /// The environment it serves; empty means any.
    #[serde(default)]
    pub environment: String,
    /// The host it will be sent to, for people to read before they confirm.
    #[serde(default)]
    pub host: String,
    /// Rest after an accepted action on the same service before the next one.
    #[serde(default = "ActionPolicy::default_cooldown")]
    pub cooldown: Span,
    /// How long the case must stay clear before recovery counts as proven.
    #[serde(default = "ActionPolicy::default_verify")]
    pub verify: Span,
    /// After this time without recovery the action did not help.
    #[serde(default = "ActionPolicy::default_verify_within")]
    pub verify_within: Span,
    /// Wall time in which the receiver has to answer; after it the outcome is unknown.
    #[serde(default = "ActionPolicy::default_timeout")]
    pub timeout: Span,
    #[serde(default)]
    pub reversible: bool,
    /// Whether a request can be signed, as far as this process knows.
    #[serde(default)]
    pub signing: Signing,
}

/// What is known about the secret that signs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// It was not read here; whoever sends reads it.
    #[default]
    NotRead,
    /// This process could not read it; another one may.
    NotHere(String),
    Usable,
    /// It was read and cannot sign, or whoever is to send cannot read it.
    Unusable(String),
}

impl ActionPolicy {
    pub const fn default_cooldown() -> Span {
        Span::from_mins(10)
    }

    pub const fn default_verify() -> Span {
        Span::from_mins(5)
    }

    pub const fn default_verify_within() -> Span {
        Span::from_mins(30)
    }

    pub const fn default_timeout() -> Span {
        Span::from_secs(15)
    }

    /// True when this action may take `change` back.
    pub fn serves(&self, change: &Change) -> bool {
        let service = self.service.is_empty() || self.service == change.service;
        // Environments are the same whatever their case: GitHub's `Production` is `production`.
        let environment = &self.environment;
        let same = environment.is_empty() || environment.eq_ignore_ascii_case(&change.environment);
        service && same
    }
}
