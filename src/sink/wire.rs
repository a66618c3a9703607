//! One exchange of a sink: one connection, one request, never repeated, never pooled, never sent to
//! another place. What the other side says leaves this file without secrets.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::stream;
use reqwest::Body;
use reqwest::header::{CONTENT_LENGTH, HeaderValue};
use secrecy::SecretString;
use url::Url;

use crate::source::answer::HttpAnswer;
use crate::source::error::{SourceError, words};
use crate::source::http::tls::{Tls, applied};
use crate::source::http::{broken, ignored_proxy, proxy, way};
use crate::source::mask::Mask;

use super::config::{ActionConfig, Way};

/// Bytes of a response that are read.
const READ: usize = 256 << 10;
/// Longest time for a connection with its TLS handshake; half of what there is in all, if less.
const CONNECT: Duration = Duration::from_secs(3);

/// Bytes of a response that people are shown.
const KEPT: usize = 4096;

/// An answer as far as it came.
#[derive(Debug, Default)]
pub struct ReceivedAnswer {
    pub answer: HttpAnswer,
    /// It came to its end.
    pub whole: bool,
    /// The start of the body for people; what is no text is only counted.
    pub words: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum LostAnswer {
    /// No byte of the request left.
    NotSent(String),
    /// It may have arrived.
    Open(String),
}

/// A mask that knows what an action sends and is a secret by its looks.
pub fn mask(config: &ActionConfig) -> Mask {
    let mut mask = Mask::default();
    let addresses = [Some(&config.url), config.status_url.as_ref(), config.dry_run_url.as_ref()];
    for address in addresses.into_iter().flatten().chain(&config.proxy) {
        mask.learn_address(address);
    }
    for (name, value) in &config.headers {
        mask.learn_header(name, value);
    }
    mask
}

/// Adds what signs a request.
pub fn learn(mask: &mut Mask, secrets: &[SecretString]) {
    for secret in secrets {
        mask.learn(secret);
    }
}

/// Looks whether a request may still leave; says why it must stay. Must not wait for anything.
pub type Gate = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// A request with all that it takes to send it: nothing is read or fetched any more.
#[derive(Debug)]
pub struct Ready {
    client: reqwest::Client,
    request: reqwest::Request,
    mask: Mask,
    timeout: Duration,
    /// A proxy of the environment that is not used.
    ignored: Option<&'static str>,
}

impl Ready {
    /// # Errors
    /// What in the config keeps it from being sent.
    pub fn new(way: Way<'_>, request: reqwest::Request, mask: Mask) -> Result<Self, SourceError> {
        let client = client(way, request.url()).map_err(|e| mask.error(e))?;
        let ignored = ignored_proxy(request.url()).filter(|_| way.proxy.is_none());
        Ok(Self { client, request, mask, timeout: way.timeout.to_std(), ignored })
    }

    /// Sends it once. All of it, the answer included, ends within the action's `timeout`. The gate
    /// is looked at when the connection stands, before the first byte.
    pub async fn go(self, gate: Option<Gate>) -> Result<ReceivedAnswer, LostAnswer> {
        let Self { client, mut request, mask, timeout, ignored } = self;
        let shut = gate.map(|gate| guard(&mut request, gate)).unwrap_or_default();
        let mut told = None;
        let end = tokio::time::timeout(timeout, ask(client, request, &mut told)).await;
        if let Some(why) = shut.get() {
            return Err(LostAnswer::NotSent(why.clone()));
        }
        if let Some(mut told) = told {
            mask.answer(&mut told.answer);
            told.words = kept(&told.answer.body, &mask);
            return Ok(told);
        }
        match end {
            Ok(Err(error)) if never_left(&error) => {
                let error = broken(error, "no answer in time");
                let error = way::with_proxy(error, ignored);
                Err(LostAnswer::NotSent(mask.text(error.why())))
            }
            Ok(Err(error)) => {
                Err(LostAnswer::Open(mask.text(broken(error, "no answer in time").why())))
            }
            Ok(Ok(())) | Err(_) => Err(LostAnswer::Open("no answer in time".to_owned())),
        }
    }
}

/// Puts the gate before the body. The client writes nothing before it has the first part of the
/// body, and a head without its body is no request: what the gate keeps cannot be acted on. In the
/// cell stands why it was kept.
fn guard(request: &mut reqwest::Request, gate: Gate) -> Arc<OnceLock<String>> {
    let shut = Arc::new(OnceLock::new());
    let bytes = request.body().and_then(Body::as_bytes).unwrap_or_default().to_vec();
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let kept = Arc::clone(&shut);
    let body = stream::once(async move {
        match gate() {
            Some(why) => {
                let _first = kept.set(why);
                Err(std::io::Error::other("kept here"))
            }
            None => Ok(bytes),
        }
    });
    *request.body_mut() = Some(Body::wrap_stream(body));
    shut
}

fn kept(body: &[u8], mask: &Mask) -> String {
    let start = body.get(..2 * KEPT).unwrap_or(body);
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A letter that was cut in two at the end of what was read.
        Err(e) if e.error_len().is_none() => {
            start.get(..e.valid_up_to()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
        }
        Err(_) => return format!("{} bytes that are no text", body.len()),
    };
    let text = mask.text(text);
    let mut end = text.len().min(KEPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Name, connection and handshake come before the first byte of a request.
fn never_left(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

/// Status and headers go into `told` as soon as they are there, the body as it comes: what breaks
/// off later does not undo them.
async fn ask(
    client: reqwest::Client,
    request: reqwest::Request,
    told: &mut Option<ReceivedAnswer>,
) -> Result<(), reqwest::Error> {
    let mut response = client.execute(request).await?;
    let mut answer = HttpAnswer { status: response.status().as_u16(), ..HttpAnswer::default() };
    for name in ["retry-after", "date", "content-type", "location"] {
        if let Some(value) = response.headers().get(name).and_then(|v| v.to_str().ok()) {
            answer.headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let told = told.insert(ReceivedAnswer { answer, ..ReceivedAnswer::default() });
    while let Some(part) = response.chunk().await? {
        let room = READ.saturating_sub(told.answer.body.len());
        told.answer.body.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        if part.len() > room {
            return Ok(());
        }
    }
    told.whole = true;
    Ok(())
}

/// A client for one request: HTTP/1.1, no pool, no retry, no redirect, no proxy of the environment
/// (docs/reliability.md).
fn client(way: Way<'_>, url: &Url) -> Result<reqwest::Client, SourceError> {
    let connect = CONNECT.min(way.timeout.to_std() / 2);
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("tillwatch/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .pool_max_idle_per_host(0)
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(connect);
    if url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    } else {
        builder = applied(builder, Tls { ca: way.ca, own: way.own, h2: false })?;
    }
    if let Some(proxy) = proxy(way.proxy)? {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|e| {
        SourceError::give_up(format!("http client: {}", words(&e.without_url().to_string())))
    })
}
