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
    if let Some(said) = tls(&error) {
        return SourceError::retry(format!("tls: {said}"));
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

/// What TLS stumbled over, in plain words with the key to change.
fn tls(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
    Some(match rustls_error(error)? {
        Error::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer => "the certificate is signed by nobody known here: name its \
                                   authority, or the certificate itself, as `ca`"
                .to_owned(),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "the certificate is for another name than the one in `url`".to_owned()
            }
            Bad::Expired | Bad::ExpiredContext { .. } => {
                "the certificate has expired: it must be renewed at the server".to_owned()
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "the certificate is not valid yet: look at the clocks here and there".to_owned()
            }
            Bad::Revoked => "the certificate was revoked".to_owned(),
            other => {
                let other = other.to_string();
                if other.contains("CaUsedAsEndEntity") {
                    "the certificate stands for itself: name it as `ca`".to_owned()
                } else {
                    format!("the certificate is refused: {}", words(&other))
                }
            }
        },
        Error::AlertReceived(Alert::CertificateRequired) => {
            "the server asks for a certificate: write client_cert and client_key".to_owned()
        }
        Error::AlertReceived(
            Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::AccessDenied
            | Alert::UnsupportedCertificate
            | Alert::CertificateExpired,
        ) => "the server refuses our certificate: look at client_cert and client_key".to_owned(),
        Error::AlertReceived(Alert::HandshakeFailure) => {
            "no way of TLS in common, or the server asks for client_cert and client_key".to_owned()
        }
        Error::InvalidMessage(_) => {
            "the server does not speak TLS here: is it http://, or another port?".to_owned()
        }
        Error::PeerIncompatible(_) | Error::AlertReceived(Alert::ProtocolVersion) => {
            "the server speaks no TLS of 1.2 or later".to_owned()
        }
        other => words(&other.to_string()),
    })
}

/// The error of TLS among the causes; some stand inside of an IO error.
fn rustls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inside = io.map(|e| e as &(dyn std::error::Error + 'static));
        next = inside.or_else(|| cause.source());
    }
    None
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
