//! Request headers: the configured plain ones and the one that signs in.
//! Secrets are resolved here, put into a header marked sensitive, and kept nowhere else as text.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use crate::source::config::Auth;
use crate::source::error::{SourceError, words};
use crate::source::mask::Mask;

/// The configured headers that are no secrets; names that look like one are refused.
///
/// # Errors
/// [`SourceError::GiveUp`] naming the header.
pub fn plain(given: &BTreeMap<String, String>) -> Result<HeaderMap, SourceError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let lower = name.to_lowercase();
        if ["authorization", "cookie", "token", "secret", "api-key", "apikey"]
            .iter()
            .any(|word| lower.contains(word))
        {
            return Err(SourceError::give_up(format!(
                "header {} looks like a secret: use auth = {{ header = .., secret = .. }}",
                words(name)
            )));
        }
        let (Ok(key), Ok(text)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        else {
            return Err(SourceError::give_up(format!("header {} is not valid", words(name))));
        };
        headers.insert(key, text);
    }
    Ok(headers)
}

/// Exactly one way to sign in.
pub fn one_way(auth: &Auth) -> Result<(), SourceError> {
    let header = auth.header.is_some() || auth.secret.is_some();
    let whole = auth.header.is_some() == auth.secret.is_some();
    let ways = usize::from(auth.bearer.is_some())
        + usize::from(auth.basic.is_some())
        + usize::from(header);
    if ways == 1 && whole {
        return Ok(());
    }
    Err(SourceError::give_up("auth needs one of: bearer, basic, or header with secret"))
}

/// The header that signs in, marked sensitive. `mask` learns the secret in it first: nobody gets
/// the one without the other.
pub async fn signed(
    auth: &Auth,
    mask: &mut Mask,
) -> Result<(HeaderName, HeaderValue), SourceError> {
    use base64::Engine;
    let authorization = reqwest::header::AUTHORIZATION;
    let (name, spec) = match auth {
        Auth { bearer: Some(spec), .. } => (authorization, spec),
        Auth { basic: Some(basic), .. } => (authorization, &basic.password),
        Auth { header: Some(name), secret: Some(spec), .. } => {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| SourceError::give_up("auth header is not a header name"))?;
            (name, spec)
        }
        _ => return Err(SourceError::give_up("auth needs one of: bearer, basic, header")),
    };
    let secret = spec.resolve().await?;
    match &auth.basic {
        Some(basic) => mask.learn_basic(&basic.user, &secret),
        None => mask.learn(&secret),
    }
    let text = match auth {
        Auth { bearer: Some(_), .. } => format!("Bearer {}", secret.expose_secret()),
        Auth { basic: Some(basic), .. } => {
            let pair = format!("{}:{}", basic.user, secret.expose_secret());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        }
        _ => secret.expose_secret().to_owned(),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        SourceError::denied(format!("{} holds bytes no header can carry", spec.place()))
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}
