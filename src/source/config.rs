//! The `[[source]]` table as config writes it. Keys that another kind of source uses are refused by
//! `source::build`, not here. Never holds a secret, only where to get one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::id::SourceId;
use crate::domain::metric::{Bad, Metric};
use crate::domain::time::Span;

use super::error::SourceError;
use super::http_json::config::RecordConfig;
use super::query::Query;
use super::secret::SecretSpec;

/// Which API a source speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Prometheus,
    Github,
    HttpJson,
    Exposition,
}

impl SourceKind {
    pub const ALL: [Self; 4] = [Self::Prometheus, Self::Github, Self::HttpJson, Self::Exposition];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Github => "github",
            Self::HttpJson => "http_json",
            Self::Exposition => "exposition",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// One `[[source]]`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    pub name: SourceId,
    pub kind: SourceKind,
    /// Base address; paths of the API are added to it. `github` has a default.
    #[serde(default)]
    pub url: String,
    /// Time between polls.
    #[serde(default = "every")]
    pub every: Span,
    /// Time for one answer in all; the lesser of `every` and 10 s unless given.
    pub timeout: Option<Span>,
    pub auth: Option<Auth>,
    /// Further request headers that are no secrets (`X-Scope-OrgID`).
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Largest answer in bytes after unpacking: 32 MB for `prometheus` and `exposition`, else 8 MB.
    pub max_body: Option<usize>,
    /// `"i know"` allows plain http beyond loopback.
    pub insecure: Option<String>,
    /// PEM file of further certificate authorities.
    #[serde(default, deserialize_with = "super::home::given_path")]
    pub ca: Option<PathBuf>,
    /// PEM files of a certificate that says who asks, and of its key.
    #[serde(default, deserialize_with = "super::home::given_path")]
    pub client_cert: Option<PathBuf>,
    #[serde(default, deserialize_with = "super::home::given_path")]
    pub client_key: Option<PathBuf>,
    /// Proxy address; the environment's proxies are ignored.
    pub proxy: Option<String>,
    /// How far back the first poll asks.
    #[serde(default = "lookback")]
    pub lookback: Span,

    /// How much of its own past is read at the start, in whole days; four weeks are kept.
    #[serde(default = "past")]
    pub past: Span,

    /// `prometheus`, `exposition`: what to ask.
    #[serde(default)]
    pub query: Vec<Query>,
    /// `prometheus`: time between two samples of a series; measured unless given. `$window` looks
    /// back over three of them at least, `$rate_window` over four.
    pub scrape: Option<Span>,

    /// `http_json`: what to read.
    #[serde(default)]
    pub record: Vec<RecordConfig>,

    /// `github`: `owner/name`.
    pub repo: Option<String>,
    /// `github`: only deployments to this environment; empty means all. `production` unless given.
    pub environment: Option<String>,
    /// `github`: name of the deployed service; the repository's name unless given.
    pub service: Option<String>,
}

/// How to sign in. Exactly one of `bearer`, `basic`, or `header` with `secret`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub bearer: Option<SecretSpec>,
    pub basic: Option<Basic>,
    pub header: Option<String>,
    pub secret: Option<SecretSpec>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    #[serde(default)]
    pub user: String,
    pub password: SecretSpec,
}

const fn every() -> Span {
    Span::from_secs(15)
}

const fn lookback() -> Span {
    Span::from_hours(1)
}

const fn past() -> Span {
    Span::from_days(21)
}

impl SourceConfig {
    /// A source with nothing but its kind, for replays and tests.
    pub fn bare(kind: SourceKind) -> Self {
        Self {
            name: kind.name().into(),
            kind,
            url: String::new(),
            every: every(),
            timeout: None,
            auth: None,
            headers: BTreeMap::new(),
            max_body: None,
            insecure: None,
            ca: None,
            client_cert: None,
            client_key: None,
            proxy: None,
            lookback: lookback(),
            past: past(),
            query: Vec::new(),
            scrape: None,
            record: Vec::new(),
            repo: None,
            environment: None,
            service: None,
        }
    }

    /// # Errors
    /// [`SourceError::GiveUp`] for a key that another kind of source uses, or an impossible time.
    pub fn only_its_own_keys(&self) -> Result<(), SourceError> {
        let wrong = self.foreign().into_iter().chain(self.times()).next();
        wrong.map_or(Ok(()), |(_, message)| Err(SourceError::give_up(message)))
    }

    /// More of the past is not kept.
    pub const MOST_PAST: Span = Span::from_days(28);

    /// What it shows of itself in TLS.
    pub fn tls(&self) -> (Option<&Path>, Option<&Path>) {
        (self.client_cert.as_deref(), self.client_key.as_deref())
    }

    /// Owner and name of the repository; what people paste (an address, `.git`) is understood.
    ///
    /// # Errors
    /// [`SourceError::GiveUp`] when it is neither.
    pub fn repository(&self) -> Result<(String, String), SourceError> {
        let text = self.repo.as_deref().unwrap_or_default().trim();
        let text = text
            .split_once("://")
            .map_or(text, |(_, rest)| rest.split_once('/').map_or(rest, |(_, path)| path));
        let text = text.strip_prefix("git@github.com:").unwrap_or(text).trim_matches('/');
        let text = text.strip_suffix(".git").unwrap_or(text);
        let good = |t: &str| !t.is_empty() && !t.contains(|c: char| c == '/' || c.is_whitespace());
        text.split_once('/')
            .filter(|(owner, name)| good(owner) && good(name))
            .map(|(owner, name)| (owner.to_owned(), name.to_owned()))
            .ok_or_else(|| SourceError::give_up("repo is written owner/name"))
    }

    /// Whole days of its past to read.
    pub fn past_days(&self) -> u32 {
        u32::try_from(self.past.millis() / Span::from_days(1).millis()).unwrap_or(0)
    }

    /// Metrics that are declared to be one number each, with their bad direction.
    pub fn series(&self) -> impl Iterator<Item = (Metric, Bad)> {
        let asked = self.query.iter().filter_map(|q| Some((q.metric?, q.series?)));
        let read = self.record.iter().flat_map(|r| &r.metric);
        asked.chain(read.filter_map(|m| Some((m.metric, m.series?))))
    }

    /// Metrics of which only a share is reported.
    pub fn sampled(&self) -> impl Iterator<Item = (Metric, f64)> {
        let asked = self.query.iter().filter_map(|q| Some((q.metric?, q.sampling?)));
        let read = self.record.iter().flat_map(|r| &r.metric);
        asked.chain(read.filter_map(|m| Some((m.metric, m.sampling?))))
    }

    /// Cap of an answer in bytes after unpacking.
    pub fn cap(&self) -> usize {
        self.max_body.unwrap_or(match self.kind {
            SourceKind::Prometheus | SourceKind::Exposition => 32 << 20,
            SourceKind::Github | SourceKind::HttpJson => 8 << 20,
        })
    }

    /// Time for one answer.
    pub fn budget(&self) -> Span {
        let least = Span::from_millis(250);
        self.timeout.unwrap_or(self.every.min(Span::from_secs(10))).max(least)
    }
}
