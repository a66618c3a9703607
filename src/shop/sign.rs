//! Standard Webhooks signatures (v1, HMAC-SHA256 over `id.timestamp.body`), verification only.
//! Spec: standardwebhooks.com; published vectors are in the tests. No clock: `now` is a parameter.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::time::Timestamp;

/// Accepted distance between the sender's clock and ours, in seconds.
pub const TOLERANCE_SECS: i64 = 300;

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignError {
    #[error("the secret is not `whsec_` and base64 of 24 to 64 bytes")]
    Secret,
    #[error("a webhook-id, webhook-timestamp or webhook-signature header is missing or malformed")]
    Headers,
    #[error("webhook-timestamp is more than five minutes away from this clock")]
    Stale,
    #[error("no signature matches")]
    Mismatch,
}

/// The three headers of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedEnvelope<'a> {
    pub id: &'a str,
    /// Seconds since the epoch, as sent.
    pub timestamp: &'a str,
    /// Space-separated `v1,BASE64` entries; any match is enough (keys rotate).
    pub signatures: &'a str,
}

/// A verification key.
#[derive(Clone, Debug)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// From `whsec_` + base64; the prefix may be missing.
    pub fn parse(secret: &str) -> Result<Self, SignError> {
        let text = secret.strip_prefix("whsec_").unwrap_or(secret);
        let bytes = STANDARD.decode(text).map_err(|_| SignError::Secret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SignError::Secret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Checks the exact bytes of a body; comparison takes constant time.
    pub fn verify(
        &self,
        envelope: SignedEnvelope<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), SignError> {
        let sent: i64 = envelope.timestamp.parse().map_err(|_| SignError::Headers)?;
        if envelope.id.is_empty() || envelope.signatures.is_empty() {
            return Err(SignError::Headers);
        }
        if now.secs().abs_diff(sent) > TOLERANCE_SECS.unsigned_abs() {
            return Err(SignError::Stale);
        }
        let mut signed = format!("{}.{}.", envelope.id, envelope.timestamp).into_bytes();
        signed.extend_from_slice(body);
        let any = envelope
            .signatures
            .split(' ')
            .filter_map(|entry| entry.strip_prefix("v1,"))
            .filter_map(|text| STANDARD.decode(text).ok())
            .any(|tag| hmac::verify(&self.0, &signed, &tag).is_ok());
        if any { Ok(()) } else { Err(SignError::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
    const GOOD: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn verify(signatures: &str, now: i64) -> Result<(), SignError> {
        let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
        let envelope = SignedEnvelope { id, timestamp: "1649367553", signatures };
        let key = SigningKey::parse(SECRET).expect("secret");
        key.verify(envelope, BODY.as_bytes(), Timestamp::from_secs(now))
    }

    #[test]
    fn published_vectors() {
        assert_eq!(verify(GOOD, 1_649_367_553), Ok(()));
        let rotated = format!("v1,tFtCZ5RDCPxzWQRWXWPgrCgE2frDBe9gjpbWQxnVfsQ= {GOOD}");
        assert_eq!(verify(&rotated, 1_649_367_600), Ok(()));
        for bad in ["v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=", "v1,", "v1,tZ1I4", "x"] {
            assert_eq!(verify(bad, 1_649_367_553), Err(SignError::Mismatch), "{bad}");
        }
        assert_eq!(verify("", 1_649_367_553), Err(SignError::Headers));
        assert_eq!(verify(GOOD, 1_649_367_553 + 301), Err(SignError::Stale));
        assert_eq!(verify(GOOD, 1_649_367_553 - 301), Err(SignError::Stale));
    }

    #[test]
    fn short_secrets_are_refused() {
        assert_eq!(SigningKey::parse("whsec_AAAA").err(), Some(SignError::Secret));
    }
}
