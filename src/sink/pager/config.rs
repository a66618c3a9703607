//! The `[[sink]]` table as config writes it. Never holds a secret, only where to get one; when a
//! sink is used is policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::emission::{Notify, Occasion, SinkRow};
use crate::sink::config::Way;
use crate::source::config::Auth;
use crate::source::secret::SecretSpec;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// Events API v2.
    Pagerduty,
    /// A POST signed by Standard Webhooks.
    Webhook,
    /// An incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat).
    Slack,
    /// A POST to a topic.
    Ntfy,
    /// A local command that takes a message like sendmail does.
    Email,
}

impl SinkKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pagerduty => "pagerduty",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Ntfy => "ntfy",
            Self::Email => "email",
        }
    }
}

/// One `[[sink]]`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    pub name: String,
    pub kind: SinkKind,
    /// `webhook`, `ntfy`: where it goes; `pagerduty`: another region's address.
    pub url: Option<String>,
    /// `pagerduty`: the routing key; `slack`: the whole address; `webhook`: what signs.
    pub secret: Option<SecretSpec>,
    /// `webhook`: a second one while keys rotate.
    pub next_secret: Option<SecretSpec>,
    /// `webhook`, `ntfy`: signing in.
    pub auth: Option<Auth>,
    /// `email`: program and arguments; the message comes on its standard input.
    #[serde(default = "sendmail")]
    pub command: Vec<String>,
    /// `email`: addresses.
    #[serde(default)]
    pub to: Vec<String>,
    #[serde(default)]
    pub from: String,
    #[serde(default = "both")]
    pub takes: Vec<Notify>,
    #[serde(default = "all_severities")]
    pub severities: Vec<Severity>,
    #[serde(default = "all_events")]
    pub events: Vec<Occasion>,
    /// Names of ladders that it reaches; empty: it hears of everything.
    #[serde(default)]
    pub whom: Vec<String>,
    /// Where to read more; `{id}` is the incident.
    pub link: Option<String>,
    #[serde(default = "tries")]
    pub tries: u32,
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// Further request headers that are no secrets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `"i know"` allows plain http beyond loopback.
    pub insecure: Option<String>,
    #[serde(default, deserialize_with = "crate::source::home::given_path")]
    pub ca: Option<PathBuf>,
    #[serde(default, deserialize_with = "crate::source::home::given_path")]
    pub client_cert: Option<PathBuf>,
    #[serde(default, deserialize_with = "crate::source::home::given_path")]
    pub client_key: Option<PathBuf>,
    pub proxy: Option<String>,
}

impl SinkConfig {
    pub fn tls(&self) -> (Option<&Path>, Option<&Path>) {
        (self.client_cert.as_deref(), self.client_key.as_deref())
    }

    /// How its requests go out.
    pub fn way(&self) -> Way<'_> {
        let (ca, proxy) = (self.ca.as_deref(), self.proxy.as_deref());
        Way { timeout: self.timeout, ca, own: self.tls(), proxy }
    }

    /// Its policy side.
    pub fn row(&self) -> SinkRow {
        SinkRow {
            name: self.name.clone(),
            takes: self.takes.clone(),
            severities: self.severities.clone(),
            events: self.events.clone(),
            whom: self.whom.clone(),
            tries: self.tries,
            timeout: self.timeout,
        }
    }
}

fn sendmail() -> Vec<String> {
    ["/usr/sbin/sendmail", "-t", "-i"].map(str::to_owned).to_vec()
}

fn both() -> Vec<Notify> {
    vec![Notify::Page, Notify::Ticket]
}

fn all_severities() -> Vec<Severity> {
    Severity::ALL.to_vec()
}

fn all_events() -> Vec<Occasion> {
    Occasion::ALL.to_vec()
}

const fn tries() -> u32 {
    8
}

const fn timeout() -> Span {
    Span::from_secs(15)
}
