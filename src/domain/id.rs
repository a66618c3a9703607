//! Names as types: a release is not a source. Cheap to clone, ordered, serialised as plain text.
//! No meaning is attached to the text here, and nothing here makes it safe to draw
//! (`domain::text`).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d).map(|s| Self(s.into()))
            }
        }
    )*};
}

names! {
    /// A configured `[[source]]`.
    SourceId,
    /// An incident, `INC-` and a short code, unique in one journal.
    IncidentId,
    /// A change as its source names it: a release, a flag, a campaign.
    ReleaseId,
    /// A configured `[[journey]]`, e.g. `checkout`.
    JourneyId,
    /// A configured `[[guardrail]]`.
    GuardrailId,
    /// One action sent outside; also its `webhook-id` and `Idempotency-Key`.
    ActionId,
    /// One message to one sink; also its `webhook-id` and `Idempotency-Key`.
    EmissionId,
}
