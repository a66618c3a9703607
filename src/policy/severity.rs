//! One row per severity: targets, deadlines, allowed decisions, and who is told.
//! Source of the defaults: EcomToolkit, "Alert policy by severity". Arithmetic is in
//! `policy::calendar`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::severity::Severity;
use crate::domain::time::Span;

/// A target or deadline as policy writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deadline {
    /// So long after opening: `5m`.
    Within(Span),
    /// `same_day`: today's close of business, or noon of the next business day.
    SameDay,
    /// `business_day`: the end of the next business day.
    BusinessDay,
    /// `weekly_review`: the next weekly review slot.
    WeeklyReview,
}

/// A recorded choice about an incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    Rollback,
    Reroute,
    Mitigate,
    Hold,
    #[serde(alias = "not-incident")]
    NotIncident,
}

/// Who is told when an incident of this severity opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    Page,
    Ticket,
}

/// The response side of a `[[severity]]` row.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    pub level: Severity,
    pub ack: Deadline,
    pub decide: Deadline,
    /// An acknowledgement expires after this and is asked for again; none means never.
    #[serde(default)]
    pub ack_expires: Option<Span>,
    /// Decisions this severity allows; the others are shown with this row as the reason.
    pub allowed: Vec<Choice>,
    pub notify: Notify,
}

impl Choice {
    pub const ALL: [Self; 5] =
        [Self::Rollback, Self::Reroute, Self::Mitigate, Self::Hold, Self::NotIncident];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Reroute => "reroute",
            Self::Mitigate => "mitigate",
            Self::Hold => "hold",
            Self::NotIncident => "not-incident",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name || c.name().replace('-', "_") == name)
    }
}

impl FromStr for Deadline {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "same_day" => Ok(Self::SameDay),
            "business_day" => Ok(Self::BusinessDay),
            "weekly_review" => Ok(Self::WeeklyReview),
            other => other.parse().map(Self::Within).map_err(|_| {
                format!(
                    "`{other}` is no deadline; write 5m, same_day, business_day or weekly_review"
                )
            }),
        }
    }
}

impl Serialize for Deadline {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Within(span) => s.collect_str(span),
            Self::SameDay => s.serialize_str("same_day"),
            Self::BusinessDay => s.serialize_str("business_day"),
            Self::WeeklyReview => s.serialize_str("weekly_review"),
        }
    }
}

impl<'de> Deserialize<'de> for Deadline {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
