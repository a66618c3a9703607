//! The signed webhook: one POST on a new connection, never repeated by itself, and what its answer
//! means. When to send and whether to send again is decided in `incident` and the shell.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::domain::id::ActionId;
use crate::domain::time::Timestamp;
use crate::incident::event::{Intent, Outcome};
use crate::source::answer::Answer;
use crate::source::error::{SourceError, mask, words};
use crate::source::http::sign_in::{authorities, one_way, plain, signed};
use crate::source::http::{address, broken};

use super::WriteCap;
use super::config::ActionConfig;
use super::sign::signature;

/// Bytes of a response that are kept.
const KEPT: usize = 4096;
/// Time for the body of an answer whose status is already known.
const BODY: Duration = Duration::from_secs(3);

/// A rollback receiver.
#[derive(Debug)]
pub struct Webhook {
    config: ActionConfig,
    url: Url,
    plain: HeaderMap,
    operator: String,
}

/// What the receiver says about a request sent earlier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// Taken, not finished.
    Running {
        detail: String,
    },
    Done {
        detail: String,
    },
    Failed {
        detail: String,
    },
    /// The receiver has never heard of it.
    NotKnown,
    /// No answer, or none that can be read: still unknown.
    NoAnswer {
        detail: String,
    },
}

impl Webhook {
    /// # Errors
    /// [`SourceError::GiveUp`] with what to change in the config.
    pub fn new(cap: &WriteCap, config: &ActionConfig) -> Result<Self, SourceError> {
        let insecure = config.insecure.as_deref();
        let url = address(&config.url, insecure)?;
        if let Some(status) = &config.status_url {
            address(&status.replace("{id}", "x"), insecure)?;
        }
        if let Some(auth) = &config.auth {
            one_way(auth)?;
        }
        let plain = plain(&config.headers)?;
        Ok(Self { config: config.clone(), url, plain, operator: cap.operator().to_owned() })
    }

    pub fn config(&self) -> &ActionConfig {
        &self.config
    }

    /// On whose behalf it writes.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Sends `intent` once; `wall` is the time of the signature. The body goes out byte for byte.
    /// A request that never left (bad secret, bad id) is refused with status 0.
    pub async fn send(&self, intent: &Intent, wall: Timestamp) -> Outcome {
        let body = intent.body.as_bytes();
        let prepared = self.headers(&intent.id, wall, body).await;
        let (mut headers, secrets) = match prepared {
            Ok(ready) => ready,
            Err(e) => return not_sent(&e),
        };
        headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if intent.dry_run {
            let name = HeaderName::from_static("x-tillwatch-dry-run");
            headers.insert(name, HeaderValue::from_static("1"));
        }
        let client = match self.client() {
            Ok(client) => client,
            Err(e) => return not_sent(&e),
        };
        let request =
            client.post(self.url.clone()).headers(headers).body(intent.body.clone().into_bytes());
        let limit = self.config.timeout.to_std();
        match tokio::time::timeout(limit, request.send()).await {
            Ok(Ok(response)) => judge(&read(response).await, &secrets),
            Ok(Err(e)) => unknown(broken(e, "no answer in time").why(), &secrets),
            Err(_) => unknown("no answer in time", &secrets),
        }
    }

    /// Asks what became of `id`. Never has an effect.
    pub async fn ask_status(&self, id: &ActionId, wall: Timestamp) -> Status {
        let none = |detail: &str| Status::NoAnswer { detail: detail.to_owned() };
        let Some(template) = &self.config.status_url else { return none("no status_url") };
        let part: String = url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
        let Ok(url) = Url::parse(&template.replace("{id}", &part)) else {
            return none("status_url is not an address");
        };
        let (headers, secrets) = match self.headers(id, wall, b"").await {
            Ok(ready) => ready,
            Err(e) => return none(e.why()),
        };
        let client = match self.client() {
            Ok(client) => client,
            Err(e) => return none(e.why()),
        };
        let request = client.get(url).headers(headers);
        match tokio::time::timeout(self.config.timeout.to_std(), request.send()).await {
            Ok(Ok(response)) => told(&read(response).await, &secrets),
            Ok(Err(e)) => none(&masked(broken(e, "no answer in time").why(), &secrets)),
            Err(_) => none("no answer in time"),
        }
    }

    /// A client for one request: HTTP/1.1, no pool, no retry, no redirect, no proxy of the
    /// environment (reliability.md section 4).
    fn client(&self) -> Result<reqwest::Client, SourceError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tillwatch/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(Duration::from_secs(3));
        if self.url.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        } else if let Some(path) = &self.config.ca {
            builder = builder.tls_certs_merge(authorities(path)?);
        }
        if let Some(proxy) = &self.config.proxy {
            let proxy = reqwest::Proxy::all(proxy)
                .map_err(|_| SourceError::give_up("proxy is not an address"))?;
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|e| {
            SourceError::give_up(format!("http client: {}", words(&e.without_url().to_string())))
        })
    }

    async fn headers(
        &self,
        id: &ActionId,
        wall: Timestamp,
        body: &[u8],
    ) -> Result<(HeaderMap, Vec<SecretString>), SourceError> {
        let mut secrets = vec![self.config.secret.resolve().await?];
        if let Some(next) = &self.config.next_secret {
            secrets.push(next.resolve().await?);
        }
        let signature = signature(&secrets, id.as_str(), wall.secs(), body).ok_or_else(|| {
            SourceError::denied("signing secret is not whsec_ and base64 of 24 to 64 bytes")
        })?;
        let mut headers = self.plain.clone();
        let fields = [
            ("webhook-id", id.as_str()),
            ("idempotency-key", id.as_str()),
            ("webhook-timestamp", &wall.secs().to_string()),
            ("webhook-signature", &signature),
        ];
        for (name, text) in fields {
            let value = HeaderValue::from_str(text)
                .map_err(|_| SourceError::give_up("the action's id does not fit a header"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        if let Some(auth) = &self.config.auth {
            let (name, value, secret) = signed(auth).await?;
            headers.insert(name, value);
            secrets.push(secret);
        }
        Ok((headers, secrets))
    }
}

fn not_sent(error: &SourceError) -> Outcome {
    Outcome::Refused { status: 0, detail: format!("not sent: {error}"), retry_after_s: None }
}

fn unknown(why: &str, secrets: &[SecretString]) -> Outcome {
    Outcome::Unknown { detail: masked(why, secrets) }
}

fn masked(text: &str, secrets: &[SecretString]) -> String {
    let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    mask(text, &secrets)
}

/// Status, headers and the start of the body; a body that breaks off does not undo the status.
async fn read(mut response: reqwest::Response) -> Answer {
    let mut answer = Answer { status: response.status().as_u16(), ..Answer::default() };
    for name in ["retry-after", "date", "content-type", "location"] {
        if let Some(value) = response.headers().get(name).and_then(|v| v.to_str().ok()) {
            answer.headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let body = async {
        while answer.body.len() < 2 * KEPT {
            match response.chunk().await {
                Ok(Some(part)) => answer.body.extend_from_slice(&part),
                Ok(None) | Err(_) => break,
            }
        }
    };
    let _ = tokio::time::timeout(BODY, body).await;
    answer.body.truncate(2 * KEPT);
    answer
}

/// The first 4 KB of the body as text without secrets.
fn kept(answer: &Answer, secrets: &[SecretString]) -> String {
    let text = masked(&String::from_utf8_lossy(&answer.body), secrets);
    let mut end = text.len().min(KEPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// DESIGN section 7: 2xx accepted, the listed 4xx refused, everything else may have happened.
pub fn judge(answer: &Answer, secrets: &[SecretString]) -> Outcome {
    let (status, detail) = (answer.status, kept(answer, secrets));
    match status {
        200..=299 => Outcome::Accepted { status, detail },
        400 | 401 | 403 | 404 | 405 | 410 | 412 | 422 | 429 => {
            let wish = answer.retry_after().and_then(|s| u64::try_from(s.secs()).ok());
            Outcome::Refused { status, detail, retry_after_s: wish }
        }
        300..=399 => Outcome::Unknown { detail: format!("http {status}: redirect not followed") },
        _ => Outcome::Unknown { detail: format!("http {status}: {detail}") },
    }
}

#[derive(Deserialize)]
struct State {
    #[serde(alias = "state")]
    status: String,
}

fn told(answer: &Answer, secrets: &[SecretString]) -> Status {
    let detail = kept(answer, secrets);
    let state: Option<State> = serde_json::from_slice(&answer.body).ok();
    match (answer.status, state.map(|s| s.status.to_lowercase()).as_deref()) {
        (404, _) => Status::NotKnown,
        (200..=299, Some("done" | "success" | "succeeded" | "completed" | "finished" | "ok")) => {
            Status::Done { detail }
        }
        (200..=299, Some("failed" | "failure" | "error" | "refused" | "cancelled")) => {
            Status::Failed { detail }
        }
        (200..=299, Some(_)) => Status::Running { detail },
        (status, _) => Status::NoAnswer { detail: format!("http {status}: {detail}") },
    }
}

#[cfg(test)]
mod tests;
