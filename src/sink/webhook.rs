//! The signed webhook: one POST on a new connection, never repeated by itself. When to send and
//! whether to send again is decided in `incident` and the shell, what an answer means in `verdict`.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};
use secrecy::SecretString;
use url::Url;

use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::Timestamp;
use crate::incident::event::{Intent, Outcome};
use crate::source::error::SourceError;
use crate::source::http::address;
use crate::source::http::sign_in::{plain, signed};
use crate::source::mask::Mask;

use super::cap::WriteCap;
use super::config::ActionConfig;
use super::sign::{signature, usable};
pub use super::wire::{Gate, Ready};
use super::wire::{LostAnswer, ReceivedAnswer, learn, mask};
use verdict::SuccessRule;

mod faults;
pub(super) mod plain;
mod status;
mod verdict;

pub use status::Status;

use faults::RUN;
pub use faults::{faults, files};

/// A rollback receiver.
#[derive(Debug)]
pub struct Webhook {
    config: ActionConfig,
    url: Url,
    plain: HeaderMap,
    rule: SuccessRule,
    operator: String,
}

/// What differs from one sender of a request to the next: headers, never bytes of the body.
#[derive(Clone, Copy, Debug)]
pub struct SendStamp<'a> {
    /// Time of the signature.
    pub wall: Timestamp,
    /// The incident in the journal of whoever sends.
    pub incident: &'a IncidentId,
}

/// What signs a request and signs it in, read once, with the mask that knows it. Reading can take
/// many seconds: it is done before anything is stored or looked at.
#[derive(Debug)]
pub struct Keys {
    secrets: Vec<SecretString>,
    auth: Option<(HeaderName, HeaderValue)>,
    mask: Mask,
}

/// A request as it would leave, for people: no secret is in it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Preview {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Webhook {
    /// # Errors
    /// [`SourceError::GiveUp`] with what to change in the config.
    pub fn new(cap: &WriteCap, config: &ActionConfig) -> Result<Self, SourceError> {
        let found = faults(config).into_iter().chain(files(config)).next();
        if let Some((_, why)) = found {
            return Err(SourceError::give_up(why));
        }
        Ok(Self {
            config: config.clone(),
            url: address(&config.url, config.insecure.as_deref())?,
            plain: plain(&config.headers)?,
            rule: SuccessRule::new(config.success.as_ref(), config.run_id.as_deref())?,
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

    /// Its secrets, when they can be had and sign.
    ///
    /// # Errors
    /// Where the secret comes from and what is wrong with it, never the secret.
    pub async fn keys(&self) -> Result<Keys, SourceError> {
        let (mut mask, mut secrets) = (mask(&self.config), Vec::new());
        for spec in std::iter::once(&self.config.secret).chain(&self.config.next_secret) {
            let secret = spec.resolve().await?;
            let unfit = |why| SourceError::denied(format!("{}: {why}", spec.place()));
            usable(&secret).map_err(unfit)?;
            secrets.push(secret);
        }
        learn(&mut mask, &secrets);
        let auth = match &self.config.auth {
            Some(auth) => Some(signed(auth, &mut mask).await?),
            None => None,
        };
        Ok(Keys { secrets, auth, mask })
    }

    /// The request for `intent`, so that nothing is left to do but to send it. Waits for nothing.
    ///
    /// # Errors
    /// Why it cannot be sent.
    pub fn ready(
        &self,
        keys: Keys,
        intent: &Intent,
        stamp: SendStamp<'_>,
    ) -> Result<Ready, SourceError> {
        if intent.dry_run {
            return Err(SourceError::give_up("a rehearsal never goes to the live url"));
        }
        let (request, mask) = self.request(self.url.clone(), (keys, intent), stamp)?;
        Ready::new(self.config.way(), request, mask)
    }

    /// Sends what was made ready, once, unless `gate` keeps it. The body goes out byte for byte.
    pub async fn send(&self, ready: Ready, gate: Gate, sent: (&ActionId, Timestamp)) -> Outcome {
        let (id, wall) = sent;
        self.outcome(ready.go(Some(gate)).await, id, wall)
    }

    /// Sends a rehearsal to `dry_run_url`, and nowhere when there is none.
    pub async fn dry_run(&self, intent: &Intent, stamp: SendStamp<'_>) -> Outcome {
        let not_sent = |detail: &str| Outcome::NotSent { detail: detail.to_owned() };
        let Some(place) = &self.config.dry_run_url else {
            return not_sent("a dry run: the action has no dry_run_url");
        };
        if !intent.dry_run {
            return not_sent("this is no rehearsal");
        }
        match address(place, self.config.insecure.as_deref()) {
            Ok(url) => match self.rehearsal(url, intent, stamp).await {
                Ok(ready) => self.outcome(ready.go(None).await, &intent.id, stamp.wall),
                Err(e) => not_sent(&e.to_string()),
            },
            Err(e) => not_sent(e.why()),
        }
    }

    async fn rehearsal(
        &self,
        url: Url,
        intent: &Intent,
        stamp: SendStamp<'_>,
    ) -> Result<Ready, SourceError> {
        let (request, mask) = self.request(url, (self.keys().await?, intent), stamp)?;
        Ready::new(self.config.way(), request, mask)
    }

    /// The request for `intent`, built and signed, not sent. Its signature is real.
    ///
    /// # Errors
    /// Why it could not be sent either.
    pub async fn preview(
        &self,
        intent: &Intent,
        stamp: SendStamp<'_>,
    ) -> Result<Preview, SourceError> {
        let place = self.config.dry_run_url.as_ref().filter(|_| intent.dry_run);
        let url = match place {
            Some(place) => address(place, self.config.insecure.as_deref())?,
            None => self.url.clone(),
        };
        let (request, mask) = self.request(url, (self.keys().await?, intent), stamp)?;
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

    /// Asks what became of `id`, which its receiver calls `run`. Never has an effect.
    pub async fn ask_status(&self, id: &ActionId, run: Option<&str>, wall: Timestamp) -> Status {
        let none = |detail: &str| Status::NoAnswer { detail: detail.to_owned() };
        let Some(template) = &self.config.status_url else { return none("no status_url") };
        if run.is_none() && template.contains(RUN) {
            return none("the receiver named no run that could be asked for");
        }
        let part = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let address = template.replace("{id}", &part(id.as_str()));
        let Ok(url) = Url::parse(&address.replace(RUN, &part(run.unwrap_or_default()))) else {
            return none("status_url is not an address");
        };
        let mut request = Request::new(Method::GET, url);
        let ready = match self.keys().await.and_then(|keys| self.headers(keys, id, wall, b"")) {
            Ok((headers, mask)) => {
                *request.headers_mut() = headers;
                Ready::new(self.config.way(), request, mask)
            }
            Err(e) => Err(e),
        };
        match ready {
            Ok(ready) => match ready.go(None).await {
                Ok(answer) => verdict::told(&answer),
                Err(LostAnswer::NotSent(why) | LostAnswer::Open(why)) => none(&why),
            },
            Err(e) => none(e.why()),
        }
    }

    fn outcome(
        &self,
        end: Result<ReceivedAnswer, LostAnswer>,
        id: &ActionId,
        wall: Timestamp,
    ) -> Outcome {
        match end {
            Ok(answer) => self.pointed(verdict::judge(&answer, &self.rule, wall), id),
            Err(LostAnswer::NotSent(detail)) => Outcome::NotSent { detail },
            Err(LostAnswer::Open(why)) => self.pointed(Outcome::unknown(why), id),
        }
    }

    /// An unknown outcome, with how to find out where nobody can be asked.
    fn pointed(&self, outcome: Outcome, id: &ActionId) -> Outcome {
        match outcome {
            Outcome::Unknown { detail, status, retry_after_s, run_id } => {
                let by_run = self.config.status_url.as_ref().map(|url| url.contains(RUN));
                let why = match by_run {
                    None => Some("no status_url"),
                    Some(true) if run_id.is_none() => Some("its answer named no run"),
                    Some(_) => None,
                };
                let detail = why.map_or_else(
                    || detail.clone(),
                    |why| format!("look for key {id} in the deploy system ({why}): {detail}"),
                );
                Outcome::Unknown { detail, status, retry_after_s, run_id }
            }
            Outcome::Accepted { .. } | Outcome::Refused { .. } | Outcome::NotSent { .. } => outcome,
        }
    }

    fn request(
        &self,
        url: Url,
        (keys, intent): (Keys, &Intent),
        stamp: SendStamp<'_>,
    ) -> Result<(Request, Mask), SourceError> {
        let body = intent.body.as_bytes();
        let (mut headers, mask) = self.headers(keys, &intent.id, stamp.wall, body)?;
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

    fn headers(
        &self,
        keys: Keys,
        id: &ActionId,
        wall: Timestamp,
        body: &[u8],
    ) -> Result<(HeaderMap, Mask), SourceError> {
        let Keys { secrets, auth, mask } = keys;
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
        headers.extend(auth);
        Ok((headers, mask))
    }
}

#[cfg(test)]
mod tests;
