//! The `[[action]]` table as config writes it. Never holds a secret, only where to get one; what
//! may be sent when is policy, not configuration of the sink.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::time::Span;
use crate::source::config::Auth;
use crate::source::secret::SecretSpec;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// A POST signed by Standard Webhooks.
    Webhook,
}

/// One `[[action]]`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionConfig {
    pub name: String,
    pub kind: ActionKind,
    pub url: String,
    /// Where the state of a sent request can be read; `{id}` is the action's id, `{run}` what
    /// `run_id` found.
    pub status_url: Option<String>,
    /// JMESPath into the answer: the receiver's own id of the run it began.
    pub run_id: Option<String>,
    /// Where rehearsals go; without it none is sent anywhere.
    pub dry_run_url: Option<String>,
    /// Signing secret, `whsec_` and base64 of 24 to 64 bytes.
    pub secret: SecretSpec,
    /// Second secret while keys rotate: the request carries both signatures.
    pub next_secret: Option<SecretSpec>,
    /// Signing in beside the signature, where a gateway wants it.
    pub auth: Option<Auth>,
    /// What counts as accepted, where the receiver has its own way of saying so.
    pub success: Option<Success>,
    #[serde(default = "production")]
    pub environment: String,
    /// The service it rolls back; empty means any.
    #[serde(default)]
    pub service: String,
    /// The receiver keeps `Idempotency-Key`s: an unknown outcome may be sent again by itself.
    #[serde(default)]
    pub idempotent: bool,
    /// How long after the first try a re-send may happen.
    #[serde(default = "minute")]
    pub resend_for: Span,
    /// No second action on the same service sooner.
    #[serde(default = "cooldown")]
    pub cooldown: Span,
    /// The case must stay clear for so long before recovery counts as proven.
    #[serde(default = "verify")]
    pub verify: Span,
    /// After this time without recovery the action did not help.
    #[serde(default = "verify_within")]
    pub verify_within: Span,
    /// Time for the answer.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// Further request headers that are no secrets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `"i know"` allows plain http beyond loopback.
    pub insecure: Option<String>,
    #[serde(default, deserialize_with = "crate::source::home::given_path")]
    pub ca: Option<PathBuf>,
    /// PEM files of a certificate that says who asks, and of its key.
    #[serde(default, deserialize_with = "crate::source::home::given_path")]
    pub client_cert: Option<PathBuf>,
    #[serde(default, deserialize_with = "crate::source::home::given_path")]
    pub client_key: Option<PathBuf>,
    pub proxy: Option<String>,
    /// Where its secrets stand in the file.
    #[serde(skip)]
    pub lines: SecretLines,
}

impl ActionConfig {
    /// What it shows of itself in TLS.
    pub fn tls(&self) -> (Option<&Path>, Option<&Path>) {
        (self.client_cert.as_deref(), self.client_key.as_deref())
    }

    /// How its requests go out.
    pub fn way(&self) -> Way<'_> {
        let (ca, proxy) = (self.ca.as_deref(), self.proxy.as_deref());
        Way { timeout: self.timeout, ca, own: self.tls(), proxy }
    }
}

/// How a request goes out.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Of all of it, the answer included.
    pub timeout: Span,
    /// Authorities to trust.
    pub ca: Option<&'a Path>,
    /// What it shows of itself: certificate and key.
    pub own: (Option<&'a Path>, Option<&'a Path>),
    pub proxy: Option<&'a str>,
}

/// Lines of the config file, for what is found out later; 0 where none is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SecretLines {
    pub secret: usize,
    pub next_secret: usize,
}

/// `success = { status = [200], path = "result.state", equals = "queued" }`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// Statuses that count; any 2xx unless given.
    #[serde(default)]
    pub status: Vec<u16>,
    /// JMESPath into the answer; it must hold `equals`, or anything but null, false and nothing.
    pub path: Option<String>,
    /// The value, or a list of values of which one must be there.
    pub equals: Option<serde_json::Value>,
}

fn production() -> String {
    "production".to_owned()
}

const fn minute() -> Span {
    Span::from_mins(1)
}

const fn cooldown() -> Span {
    Span::from_mins(10)
}

const fn verify() -> Span {
    Span::from_mins(5)
}

const fn verify_within() -> Span {
    Span::from_mins(30)
}

const fn timeout() -> Span {
    Span::from_secs(15)
}
