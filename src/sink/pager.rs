//! Sinks that tell people: one message, one request or one run of a command, never repeated by
//! itself. When and how often is decided in `incident::paging`, what is said in `pager::text`.

mod answer;
mod body;
pub mod config;
mod faults;
mod mail;
mod text;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::domain::id::IncidentId;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::incident::emission::Emission;
use crate::incident::event::Outcome;
use crate::source::error::SourceError;
use crate::source::http::address;
use crate::source::http::sign_in::{plain, signed};
use crate::source::mask::Mask;
use crate::source::secret::SecretSpec;

use super::cap::WriteCap;
use super::sign::{signature, usable};
use super::wire::{LostAnswer, Ready, learn};
use body::Message;
pub use config::{SinkConfig, SinkKind};
pub use faults::{faults, files};

/// Where PagerDuty takes events, unless the config names another region.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// One `[[sink]]` that can be used.
#[derive(Debug)]
pub struct Pager {
    config: SinkConfig,
    site: String,
    plain: HeaderMap,
}

impl Pager {
    /// # Errors
    /// [`SourceError::GiveUp`] with what to change in the config.
    pub fn new(_cap: &WriteCap, config: &SinkConfig, site: &str) -> Result<Self, SourceError> {
        let found = faults(config).into_iter().chain(files(config)).next();
        if let Some((key, why)) = found {
            return Err(SourceError::give_up(format!("{key}: {why}")));
        }
        let plain = plain(&config.headers)?;
        Ok(Self { config: config.clone(), site: site.to_owned(), plain })
    }

    pub fn config(&self) -> &SinkConfig {
        &self.config
    }

    /// One try. `wall` is the time of a signature and stands in for a missing `Date`.
    pub async fn send(
        &self,
        incident: &IncidentId,
        emission: &Emission,
        wall: Timestamp,
    ) -> Outcome {
        let id: String =
            url::form_urlencoded::byte_serialize(incident.as_str().as_bytes()).collect();
        let link = self.config.link.as_ref().map(|link| link.replace("{id}", &id));
        let message = Message { site: &self.site, incident, emission, link: link.as_deref() };
        if self.config.kind == SinkKind::Email {
            return mail::send(&self.config, message).await;
        }
        match self.ready(message, wall).await {
            Err(error) => Outcome::NotSent { detail: error.to_string() },
            Ok(ready) => match ready.go(None).await {
                Ok(told) => answer::judge(&told, wall),
                Err(LostAnswer::NotSent(detail)) => Outcome::NotSent { detail },
                Err(LostAnswer::Open(detail)) => Outcome::unknown(detail),
            },
        }
    }

    /// The request with its secrets, and the mask that knows them.
    async fn ready(&self, message: Message<'_>, wall: Timestamp) -> Result<Ready, SourceError> {
        let mut mask = Mask::default();
        for address in self.config.url.iter().chain(&self.config.proxy) {
            mask.learn_address(address);
        }
        for (name, value) in &self.config.headers {
            mask.learn_header(name, value);
        }
        let made = self.request(message, wall, &mut mask).await;
        let request = made.map_err(|error| mask.error(error))?;
        Ready::new(self.config.way(), request, mask)
    }

    async fn request(
        &self,
        message: Message<'_>,
        wall: Timestamp,
        mask: &mut Mask,
    ) -> Result<Request, SourceError> {
        let secrets = self.secrets(mask).await?;
        let url = self.url(&secrets, mask)?;
        let body = self.body(message, &secrets)?;
        let mut headers = self.plain.clone();
        headers.extend(self.own_headers(message, &secrets, (wall, body.as_bytes()))?);
        if let Some(auth) = &self.config.auth {
            headers.extend([signed(auth, mask).await?]);
        }
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        Ok(request)
    }

    async fn secrets(&self, mask: &mut Mask) -> Result<Vec<SecretString>, SourceError> {
        let mut secrets = Vec::new();
        for spec in self.config.secret.iter().chain(&self.config.next_secret) {
            let secret = spec.resolve().await?;
            fit(self.config.kind, spec, &secret)?;
            secrets.push(secret);
        }
        learn(mask, &secrets);
        Ok(secrets)
    }

    /// Slack's address is a secret, so nothing that is said of it holds it.
    fn url(&self, secrets: &[SecretString], mask: &mut Mask) -> Result<Url, SourceError> {
        let insecure = self.config.insecure.as_deref();
        match (self.config.kind, &self.config.url, secrets.first()) {
            (SinkKind::Slack, _, Some(secret)) => {
                let text = secret.expose_secret().trim();
                mask.learn_address(text);
                let url = address(text, insecure).map_err(|_| {
                    SourceError::denied("the secret of a slack sink is no address it can use")
                })?;
                // what is secret in it is its path, alone and as a whole
                for part in url.path().split('/').chain([url.path()]).filter(|p| p.len() > 4) {
                    mask.learn(&SecretString::from(part.to_owned()));
                }
                Ok(url)
            }
            (SinkKind::Pagerduty, None, _) => address(PAGERDUTY, insecure),
            (_, Some(url), _) => address(url, insecure),
            _ => Err(SourceError::give_up("there is no address")),
        }
    }

    fn body(&self, message: Message<'_>, secrets: &[SecretString]) -> Result<String, SourceError> {
        Ok(match (self.config.kind, secrets.first()) {
            (SinkKind::Pagerduty, Some(key)) => body::pagerduty(message, key).to_string(),
            (SinkKind::Webhook, Some(_)) => body::webhook(message).to_string(),
            (SinkKind::Slack, Some(_)) => body::slack(message).to_string(),
            (SinkKind::Ntfy, _) => body::plain(message),
            _ => return Err(SourceError::denied("there is no secret")),
        })
    }

    fn own_headers(
        &self,
        message: Message<'_>,
        secrets: &[SecretString],
        (wall, body): (Timestamp, &[u8]),
    ) -> Result<HeaderMap, SourceError> {
        let key = message.emission.key.as_str();
        let mut fields = vec![("idempotency-key", key.to_owned())];
        match self.config.kind {
            SinkKind::Ntfy => fields.extend(ntfy(message)),
            SinkKind::Webhook => {
                let signed = signature(secrets, key, wall.secs(), body);
                let signed = signed.ok_or_else(|| SourceError::denied("it cannot be signed"))?;
                fields.extend([
                    ("webhook-id", key.to_owned()),
                    ("webhook-timestamp", wall.secs().to_string()),
                    ("webhook-signature", signed),
                    ("content-type", JSON.to_owned()),
                ]);
            }
            SinkKind::Pagerduty | SinkKind::Slack => {
                fields.push((CONTENT_TYPE.as_str(), JSON.to_owned()));
            }
            SinkKind::Email => {}
        }
        let header = |(name, text): (&'static str, String)| {
            let value = HeaderValue::from_str(&text)
                .map_err(|_| SourceError::give_up(format!("{name} does not fit a header")))?;
            Ok((HeaderName::from_static(name), value))
        };
        fields.into_iter().map(header).collect()
    }
}

const JSON: &str = "application/json";

/// What ntfy reads from headers; the text is the body.
fn ntfy(message: Message<'_>) -> [(&'static str, String); 4] {
    let asks = message.emission.occasion.asks();
    let (priority, tag) = match message.emission.notice.severity {
        _ if !asks => ("3", "white_check_mark"),
        Severity::Sev1 => ("5", "rotating_light"),
        Severity::Sev2 => ("4", "warning"),
        Severity::Sev3 => ("3", "warning"),
        Severity::Sev4 => ("2", "information_source"),
    };
    let title = text::headline(message.incident, message.emission);
    [
        ("title", mail::encoded(&title)),
        ("priority", priority.to_owned()),
        ("tags", tag.to_owned()),
        ("content-type", "text/plain; charset=utf-8".to_owned()),
    ]
}

/// What is wrong with a secret, read and dropped; nothing of it is said.
pub async fn secret_fault(kind: SinkKind, spec: &SecretSpec) -> Option<String> {
    match spec.resolve().await {
        Ok(secret) => fit(kind, spec, &secret).err().map(|error| error.why().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Whether a secret can be what it is for; nothing of it is said.
fn fit(kind: SinkKind, spec: &SecretSpec, secret: &SecretString) -> Result<(), SourceError> {
    let why = match kind {
        SinkKind::Webhook => usable(secret).err(),
        SinkKind::Pagerduty => {
            let key = secret.expose_secret().trim();
            let plain = key.len() == 32 && key.chars().all(|c| c.is_ascii_alphanumeric());
            (!plain).then_some("a routing key is 32 letters and digits")
        }
        SinkKind::Slack => {
            let address = Url::parse(secret.expose_secret().trim());
            address.is_err().then_some("it is not the address of an incoming webhook")
        }
        SinkKind::Ntfy | SinkKind::Email => None,
    };
    why.map_or(Ok(()), |why| Err(SourceError::denied(format!("{}: {why}", spec.place()))))
}

#[cfg(test)]
mod tests;
