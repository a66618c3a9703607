//! The one polite HTTP client of all sources: no redirects, no proxy of the environment, limits on
//! time, size and headers, errors without addresses. Decoding lives with each source.

mod fault;
pub mod sign_in;
pub mod tls;
pub mod way;

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Request};
use url::Url;

use super::answer::HttpAnswer;
use super::config::{Auth, SourceConfig, SourceKind};
use super::error::{SourceError, TOO_LARGE, TOO_SLOW, words};
use super::mask::Mask;
pub(crate) use fault::broken;
use fault::sane;
use sign_in::{one_way, plain, signed};
use tls::Tls;
pub use way::{address, ignored_proxy, proxy};

/// Time and size limits of one exchange.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    pub connect: Duration,
    /// To the first byte, and between two reads of the body.
    pub silence: Duration,
    pub total: Duration,
    /// Bytes of body after unpacking.
    pub body: usize,
}

impl Limits {
    /// Connect 3 s, silence 5 s, in all the source's own budget. Where
    /// somebody wrote a longer `timeout`, and where a server computes before it says anything, the
    /// first byte may take all of it.
    pub fn of(config: &SourceConfig) -> Self {
        const SILENCE: Duration = Duration::from_secs(5);
        let total = config.budget().to_std();
        let computes = config.kind == SourceKind::Prometheus || config.timeout.is_some();
        Self {
            connect: Duration::from_secs(3),
            silence: if computes { SILENCE.max(total) } else { SILENCE },
            total,
            body: config.cap(),
        }
    }
}

/// A client for one source.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    /// A proxy of the environment that is not used.
    ignored: Option<&'static str>,
    auth: Option<Auth>,
    plain: HeaderMap,
    /// Signed-in headers, made at the first question and again after a refusal.
    signed: Option<HeaderMap>,
    mask: Mask,
    limits: Limits,
}

impl Client {
    /// # Errors
    /// [`SourceError::GiveUp`] for an address, header or certificate file that cannot be used.
    pub fn new(config: &SourceConfig, limits: Limits) -> Result<Self, SourceError> {
        let base = address(&config.url, config.insecure.as_deref())?;
        if let Some(auth) = &config.auth {
            one_way(auth)?;
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tillwatch/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(limits.connect)
            .read_timeout(limits.silence)
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(2);
        if base.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        } else {
            let tls = Tls { ca: config.ca.as_deref(), own: config.tls(), h2: true };
            builder = tls::applied(builder, tls)?;
        }
        let through = proxy(config.proxy.as_deref())?;
        let ignored = ignored_proxy(&base).filter(|_| through.is_none());
        if let Some(proxy) = through {
            builder = builder.proxy(proxy);
        }
        let http = builder.build().map_err(|e| {
            SourceError::give_up(format!("http client: {}", words(&e.without_url().to_string())))
        })?;
        Ok(Self {
            http,
            base,
            ignored,
            auth: config.auth.clone(),
            plain: plain(&config.headers)?,
            signed: None,
            mask: mask(config),
            limits,
        })
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The base address with `segments` added to its path.
    pub fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Asks with GET, conditionally when `etag` is given. Any status comes back as an answer.
    ///
    /// # Errors
    /// [`SourceError`] when there is no whole, acceptable answer.
    pub async fn get(&mut self, url: Url, etag: Option<&str>) -> Result<HttpAnswer, SourceError> {
        let mut request = Request::new(Method::GET, url);
        if let Some(value) = etag.and_then(|e| HeaderValue::from_str(e).ok()) {
            request.headers_mut().insert(reqwest::header::IF_NONE_MATCH, value);
        }
        self.ask(request).await
    }

    /// Asks with POST; only for questions that are reads.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(
        &mut self,
        url: Url,
        kind: &'static str,
        body: String,
    ) -> Result<HttpAnswer, SourceError> {
        let mut request = Request::new(Method::POST, url);
        let kind = HeaderValue::from_static(kind);
        request.headers_mut().insert(reqwest::header::CONTENT_TYPE, kind);
        *request.body_mut() = Some(body.into());
        self.ask(request).await
    }

    async fn ask(&mut self, mut request: Request) -> Result<HttpAnswer, SourceError> {
        if !same_place(request.url(), &self.base) {
            return Err(SourceError::give_up("address leads to another host"));
        }
        if self.signed.is_none() {
            self.sign_in().await?;
        }
        let headers = request.headers_mut();
        for (name, value) in self.plain.iter().chain(self.signed.iter().flatten()) {
            headers.insert(name, value.clone());
        }
        let total = self.limits.total;
        let answer = match tokio::time::timeout(total, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(SourceError::retry(format!("{TOO_SLOW} ({} s)", total.as_secs_f32()))),
        };
        if answer.as_ref().is_ok_and(|a| matches!(a.status, 401 | 403)) {
            self.signed = None;
        }
        answer
            .map(|mut answer| {
                self.mask.answer(&mut answer);
                answer
            })
            .map_err(|e| self.mask.error(way::with_proxy(e, self.ignored)))
    }

    /// A proxy of the environment that stands in no config and is not used, by its name.
    pub fn ignored_proxy(&self) -> Option<&'static str> {
        self.ignored
    }

    /// Another time limit for one answer, as history needs it.
    pub fn set_total(&mut self, total: Duration) {
        self.limits.total = total;
    }

    /// What no text of this source may hold: [`super::Source`] puts everything through it that
    /// leaves an adapter.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    async fn sign_in(&mut self) -> Result<(), SourceError> {
        let mut headers = HeaderMap::new();
        if let Some(auth) = &self.auth {
            let (name, value) = signed(auth, &mut self.mask).await?;
            headers.insert(name, value);
        }
        self.signed = Some(headers);
        Ok(())
    }

    async fn exchange(&self, request: Request) -> Result<HttpAnswer, SourceError> {
        let mut response =
            self.http.execute(request).await.map_err(|e| broken(e, "timeout first byte"))?;
        let headers = response.headers();
        sane(headers)?;
        let mut answer = HttpAnswer { status: response.status().as_u16(), ..HttpAnswer::default() };
        for (name, value) in headers {
            let text = String::from_utf8_lossy(value.as_bytes());
            answer
                .headers
                .entry(name.as_str().to_owned())
                .and_modify(|old| *old = format!("{old}, {text}"))
                .or_insert_with(|| text.into_owned());
        }
        while let Some(part) =
            response.chunk().await.map_err(|e| broken(e, "timeout between bytes"))?
        {
            if answer.body.len() + part.len() > self.limits.body {
                return Err(SourceError::malformed(format!(
                    "{TOO_LARGE} (over {} bytes)",
                    self.limits.body
                )));
            }
            answer.body.extend_from_slice(&part);
        }
        Ok(answer)
    }
}

/// A mask that knows what of a source's config is sent and looks like a secret.
fn mask(config: &SourceConfig) -> Mask {
    let mut mask = Mask::default();
    mask.learn_address(&config.url);
    mask.learn_address(config.proxy.as_deref().unwrap_or_default());
    for (name, value) in &config.headers {
        mask.learn_header(name, value);
    }
    for record in &config.record {
        mask.learn_path(&record.path);
        mask.learn_body(record.body.as_deref().unwrap_or_default());
    }
    mask
}

/// Same scheme, host and port: the only place a source's credentials go.
pub fn same_place(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port_or_known_default() == b.port_or_known_default()
        && a.username().is_empty()
        && a.password().is_none()
}

#[cfg(test)]
mod tests;
