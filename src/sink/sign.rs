//! Standard Webhooks 1.0.0 signatures: HMAC-SHA256 over `id.timestamp.body`, exact bytes.
//! Keys come as `SecretString`; nothing here logs or prints them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

/// The bytes inside a secret: base64 with or without `whsec_`, 24 to 64 bytes.
fn bytes(secret: &SecretString) -> Result<Vec<u8>, &'static str> {
    let text = secret.expose_secret().trim();
    let text = text.strip_prefix("whsec_").unwrap_or(text);
    match STANDARD.decode(text) {
        Ok(bytes) if (24..=64).contains(&bytes.len()) => Ok(bytes),
        Ok(bytes) if bytes.len() < 24 => Err("it is too short: 24 to 64 bytes in base64 sign"),
        Ok(_) => Err("it is too long: 24 to 64 bytes in base64 sign"),
        Err(_) if STANDARD_NO_PAD.decode(text).is_ok() => {
            Err("its base64 lacks the padding (`=`) at its end: write it whole")
        }
        Err(_) if URL_SAFE.decode(text).is_ok() || URL_SAFE_NO_PAD.decode(text).is_ok() => {
            Err("its base64 is the one for addresses: write + for - and / for _, with padding")
        }
        Err(_) => Err("it is no base64: write whsec_ and 24 to 64 bytes in base64"),
    }
}

/// Whether `secret` signs.
///
/// # Errors
/// What is wrong with it, without any of it.
pub fn usable(secret: &SecretString) -> Result<(), &'static str> {
    bytes(secret).map(drop)
}

fn key(secret: &SecretString) -> Option<hmac::Key> {
    bytes(secret).ok().map(|bytes| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The value of `webhook-signature`: one `v1,BASE64` for each secret, separated by a blank.
/// `None` when a secret is not of the required form or there is none.
pub fn signature(secrets: &[SecretString], id: &str, unix: i64, body: &[u8]) -> Option<String> {
    let mut message = format!("{id}.{unix}.").into_bytes();
    message.extend_from_slice(body);
    let parts: Option<Vec<String>> = secrets
        .iter()
        .map(|secret| {
            let tag = hmac::sign(&key(secret)?, &message);
            Some(format!("v1,{}", STANDARD.encode(tag.as_ref())))
        })
        .collect();
    parts.filter(|p| !p.is_empty()).map(|p| p.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::fixture::contract;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn published_vectors_are_met_byte_for_byte() {
        for name in ["sign_vector_go", "sign_vector_rust", "verify_multiple_signatures"] {
            let Some(file) = contract(&format!("standard_webhooks/{name}.json")) else { return };
            let v = &file["vector"];
            let text = |k: &str| v[k].as_str().expect("text").to_owned();
            let time = v["webhook-timestamp"].as_i64().expect("time");
            let (id, body) = (text("webhook-id"), text("payload"));
            let signed = signature(&[secret(&text("secret"))], &id, time, body.as_bytes());
            let signed = signed.expect("signature");
            assert!(text("webhook-signature").split(' ').any(|s| s == signed), "{name}");
        }
    }

    #[test]
    fn two_secrets_make_two_signatures_and_bad_ones_none() {
        let (a, b) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let both = signature(&[secret(a), secret(b)], "id", 1, b"{}").expect("both");
        let alone = |s| signature(&[secret(s)], "id", 1, b"{}").expect("one");
        assert_eq!(both, format!("{} {}", alone(a), alone(b)));
        assert_ne!(alone(a), signature(&[secret(a)], "id", 2, b"{}").expect("later"));
        for bad in ["hunter2", "whsec_", "whsec_c2hvcnQ=", "%%%"] {
            assert_eq!(signature(&[secret(bad)], "id", 1, b"{}"), None, "{bad}");
        }
        assert_eq!(signature(&[], "id", 1, b"{}"), None);
    }
}
