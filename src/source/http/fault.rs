//! What can be wrong with an exchange or with answer headers, in a few plain words.
//! Never an address: reqwest's own messages carry it, with every secret in its query.

use reqwest::header::HeaderMap;

use crate::source::error::{SourceError, words};

/// Largest block of answer headers, in bytes.
const HEADERS: usize = 64 << 10;

/// Refuses what a decoder must not be asked to trust.
pub fn sane(headers: &HeaderMap) -> Result<(), SourceError> {
    let size: usize = headers.iter().map(|(n, v)| n.as_str().len() + v.len()).sum();
    if size > HEADERS {
        return Err(SourceError::malformed("answer headers too large"));
    }
    if let Some(encoding) = headers.get(reqwest::header::CONTENT_ENCODING)
        && encoding.as_bytes() != b"identity"
    {
        let name = words(&String::from_utf8_lossy(encoding.as_bytes()));
        return Err(SourceError::malformed(format!("content encoding {name} not asked for")));
    }
    let both = headers.contains_key(reqwest::header::CONTENT_LENGTH)
        && headers.contains_key(reqwest::header::TRANSFER_ENCODING);
    if both {
        return Err(SourceError::malformed("answer with two lengths"));
    }
    Ok(())
}

/// A transport error in a few plain words, without the address.
pub fn broken(error: reqwest::Error, silence: &str) -> SourceError {
    let connect = error.is_connect();
    if error.is_dns() {
        return SourceError::retry("dns: host name not found");
    }
    if error.is_timeout() {
        return SourceError::retry(if connect { "timeout connect" } else { silence });
    }
    let error = error.without_url();
    let chain = causes(&error);
    let has = |word: &str| chain.contains(word);
    if connect && has("refused") {
        return SourceError::retry("connection refused");
    }
    if has("certificate") || has("TLS") || has("tls") || has("handshake") {
        return SourceError::retry(format!("tls: {}", words(last_of(&chain))));
    }
    if connect {
        return SourceError::retry(format!("no connection: {}", words(last_of(&chain))));
    }
    if has("reset") {
        return SourceError::retry("connection reset");
    }
    if has("timed out") {
        return SourceError::retry(silence);
    }
    if error.is_decode() {
        return SourceError::malformed(format!("broken body: {}", words(last_of(&chain))));
    }
    SourceError::retry(format!("broken answer: {}", words(last_of(&chain))))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn last_of(chain: &str) -> &str {
    chain.rsplit(": ").next().unwrap_or(chain)
}
