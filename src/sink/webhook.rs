//! The signed webhook: one POST on a new connection, never repeated by itself. When to send and
//! whether to send again is decided in `incident` and the shell, what an answer means in `verdict`.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};
use url::Url;

use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::Timestamp;
use crate::incident::event::{Intent, Outcome};
use crate::source::error::SourceError;
use crate::source::http::address;
use crate::source::http::sign_in::{one_way, plain, signed};
use crate::source::mask::Mask;

use super::WriteCap;
use super::config::ActionConfig;
use super::sign::{signature, usable};
use super::wire::{Lost, exchange, learn, mask};
use verdict::Rule;

mod verdict;

/// A rollback receiver.
#[derive(Debug)]
pub struct Webhook {
    config: ActionConfig,
    url: Url,
    plain: HeaderMap,
    rule: Rule,
    operator: String,
}

/// What differs from one sender of a request to the next: headers, never bytes of the body.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Time of the signature.
    pub wall: Timestamp,
    /// The incident in the journal of whoever sends.
    pub incident: &'a IncidentId,
}

/// A request as it would leave, for people: no secret is in it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Preview {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
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

/// What in an `[[action]]` cannot work, with the key it stands under.
pub fn faults(config: &ActionConfig) -> Vec<(&'static str, String)> {
    let insecure = config.insecure.as_deref();
    let mut found = Vec::new();
    let mut look = |key, result: Result<(), SourceError>| {
        found.extend(result.err().map(|e| (key, e.to_string())));
    };
    look("url", address(&config.url, insecure).map(drop));
    if let Some(status) = &config.status_url {
        look("status_url", address(&status.replace("{id}", "x"), insecure).map(drop));
    }
    if let Some(dry) = &config.dry_run_url {
        look("dry_run_url", address(dry, insecure).map(drop));
        if Url::parse(dry).ok() == Url::parse(&config.url).ok() {
            let why = "dry_run_url is the live url: a rehearsal needs a place of its own";
            look("dry_run_url", Err(SourceError::give_up(why)));
        }
    }
    if let Some(auth) = &config.auth {
        look("auth", one_way(auth));
    }
    look("headers", plain(&config.headers).map(drop));
    look("success", Rule::new(config.success.as_ref()).map(drop));
    found
}

impl Webhook {
    /// # Errors
    /// [`SourceError::GiveUp`] with what to change in the config.
    pub fn new(cap: &WriteCap, config: &ActionConfig) -> Result<Self, SourceError> {
        if let Some((_, why)) = faults(config).into_iter().next() {
            return Err(SourceError::give_up(why));
        }
        Ok(Self {
            config: config.clone(),
            url: address(&config.url, config.insecure.as_deref())?,
            plain: plain(&config.headers)?,
            rule: Rule::new(config.success.as_ref())?,
            operator: cap.operator().to_owned(),
        })
    }

    pub fn config(&self) -> &ActionConfig {
        &self.config
    }

    /// On whose behalf it writes.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Can its secrets be had, and do they sign?
    ///
    /// # Errors
    /// Where the secret comes from and what is wrong with it, never the secret.
    pub async fn signs(&self) -> Result<(), String> {
        for spec in std::iter::once(&self.config.secret).chain(&self.config.next_secret) {
            let secret = spec.resolve().await.map_err(|e| e.to_string())?;
            usable(&secret).map_err(|why| format!("{}: {why}", spec.place()))?;
        }
        Ok(())
    }

    /// Sends `intent` once. The body goes out byte for byte. A rehearsal never goes to `url`.
    pub async fn send(&self, intent: &Intent, stamp: Stamp<'_>) -> Outcome {
        if intent.dry_run {
            return self.dry_run(intent, stamp).await;
        }
        self.post(self.url.clone(), intent, stamp).await
    }

    /// Sends a rehearsal to `dry_run_url`, and nowhere when there is none.
    pub async fn dry_run(&self, intent: &Intent, stamp: Stamp<'_>) -> Outcome {
        let not_sent = |detail: &str| Outcome::NotSent { detail: detail.to_owned() };
        let Some(place) = &self.config.dry_run_url else {
            return not_sent("a dry run: the action has no dry_run_url");
        };
        if !intent.dry_run {
            return not_sent("this is no rehearsal");
        }
        match address(place, self.config.insecure.as_deref()) {
            Ok(url) => self.post(url, intent, stamp).await,
            Err(e) => not_sent(e.why()),
        }
    }

    /// The request for `intent`, built and signed, not sent. Its signature is real.
    ///
    /// # Errors
    /// Why it could not be sent either.
    pub async fn preview(&self, intent: &Intent, stamp: Stamp<'_>) -> Result<Preview, SourceError> {
        let place = self.config.dry_run_url.as_ref().filter(|_| intent.dry_run);
        let url = match place {
            Some(place) => address(place, self.config.insecure.as_deref())?,
            None => self.url.clone(),
        };
        let (request, mask) = self.request(url, intent, stamp).await?;
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            let text = match value.to_str() {
                Ok(text) if !value.is_sensitive() => mask.text(text),
                _ => "***".to_owned(),
            };
            (name.as_str().to_owned(), text)
        };
        Ok(Preview {
            method: request.method().to_string(),
            url: mask.text(request.url().as_str()),
            headers: request.headers().iter().map(header).collect(),
            body: mask.text(&intent.body),
        })
    }

    /// Asks what became of `id`. Never has an effect.
    pub async fn ask_status(&self, id: &ActionId, wall: Timestamp) -> Status {
        let none = |detail: &str| Status::NoAnswer { detail: detail.to_owned() };
        let Some(template) = &self.config.status_url else { return none("no status_url") };
        let part: String = url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
        let Ok(url) = Url::parse(&template.replace("{id}", &part)) else {
            return none("status_url is not an address");
        };
        let (headers, mask) = match self.headers(id, wall, b"").await {
            Ok(ready) => ready,
            Err(e) => return none(e.why()),
        };
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() = headers;
        match exchange(&self.config, request, &mask).await {
            Ok(answer) => verdict::told(&answer),
            Err(Lost::NotSent(why) | Lost::Open(why)) => none(&why),
        }
    }

    async fn post(&self, url: Url, intent: &Intent, stamp: Stamp<'_>) -> Outcome {
        let (request, mask) = match self.request(url, intent, stamp).await {
            Ok(ready) => ready,
            Err(e) => return Outcome::NotSent { detail: e.to_string() },
        };
        match exchange(&self.config, request, &mask).await {
            Ok(answer) => self.pointed(verdict::judge(&answer, &self.rule, stamp.wall), &intent.id),
            Err(Lost::NotSent(detail)) => Outcome::NotSent { detail },
            Err(Lost::Open(why)) => self.pointed(Outcome::unknown(why), &intent.id),
        }
    }

    /// An unknown outcome, with how to find out where nobody can be asked.
    fn pointed(&self, outcome: Outcome, id: &ActionId) -> Outcome {
        match outcome {
            Outcome::Unknown { detail, status, retry_after_s }
                if self.config.status_url.is_none() =>
            {
                let detail =
                    format!("look for key {id} in the deploy system (no status_url): {detail}");
                Outcome::Unknown { detail, status, retry_after_s }
            }
            Outcome::Accepted { .. }
            | Outcome::Refused { .. }
            | Outcome::Unknown { .. }
            | Outcome::NotSent { .. } => outcome,
        }
    }

    async fn request(
        &self,
        url: Url,
        intent: &Intent,
        stamp: Stamp<'_>,
    ) -> Result<(Request, Mask), SourceError> {
        let body = intent.body.as_bytes();
        let (mut headers, mask) = self.headers(&intent.id, stamp.wall, body).await?;
        headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, text) in [
            ("x-tillwatch-incident", stamp.incident.as_str()),
            ("x-tillwatch-operator", &self.operator),
        ] {
            let safe: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            if let Ok(value) = HeaderValue::from_str(&safe) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if intent.dry_run {
            let name = HeaderName::from_static("x-tillwatch-dry-run");
            headers.insert(name, HeaderValue::from_static("1"));
        }
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.to_vec().into());
        Ok((request, mask))
    }

    async fn headers(
        &self,
        id: &ActionId,
        wall: Timestamp,
        body: &[u8],
    ) -> Result<(HeaderMap, Mask), SourceError> {
        let mut mask = mask(&self.config);
        let mut secrets = vec![self.config.secret.resolve().await?];
        if let Some(next) = &self.config.next_secret {
            secrets.push(next.resolve().await?);
        }
        learn(&mut mask, &secrets);
        let signature = signature(&secrets, id.as_str(), wall.secs(), body).ok_or_else(|| {
            let why = secrets.iter().find_map(|s| usable(s).err()).unwrap_or("there is none");
            SourceError::denied(format!("signing secret: {why}"))
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
            let (name, value) = signed(auth, &mut mask).await?;
            headers.insert(name, value);
        }
        Ok((headers, mask))
    }
}

#[cfg(test)]
mod tests;
