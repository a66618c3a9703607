//! TLS as a config describes it: further authorities, a server's own certificate as `ca`, a
//! certificate of ours. A file that cannot be meant is refused before anything is asked.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDateTime;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::source::error::{SourceError, words};

/// A certificate of ours with what goes between, and its key.
pub type ClientIdentity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What of TLS a config says.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    pub ca: Option<&'a Path>,
    /// Certificate and key.
    pub own: (Option<&'a Path>, Option<&'a Path>),
    /// HTTP/2 may be spoken.
    pub h2: bool,
}

/// Makes a client's TLS as configured; nothing to do where nothing is.
///
/// # Errors
/// [`SourceError::GiveUp`] for a file that cannot be used.
pub fn applied(
    builder: reqwest::ClientBuilder,
    tls: Tls<'_>,
) -> Result<reqwest::ClientBuilder, SourceError> {
    let own = identity(tls.own)?;
    if tls.ca.is_none() && own.is_none() {
        return Ok(builder);
    }
    let given = tls.ca.map(authorities).transpose()?.unwrap_or_default();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let fail = |e: &dyn std::fmt::Display| SourceError::give_up(words(&format!("tls: {e}")));
    let inner = rustls_platform_verifier::Verifier::new_with_extra_roots(
        given.clone(),
        Arc::clone(&provider),
    );
    let inner = inner.map_err(|e| fail(&e))?;
    let verifier = TlsGiven { given, inner: Arc::new(inner) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| fail(&e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match own {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|e| {
            SourceError::give_up(words(&format!("client_cert and client_key do not fit: {e}")))
        })?,
        None => config.with_no_client_auth(),
    };
    let all: &[&[u8]] = if tls.h2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
    config.alpn_protocols = all.iter().map(|p| p.to_vec()).collect();
    Ok(builder.tls_backend_preconfigured(config))
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`SourceError::GiveUp`] that says what the file holds instead.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    let shown = path.display();
    let fail = |what: &str| Err(SourceError::give_up(format!("ca file {shown} {what}")));
    let pem = std::fs::read(path)
        .map_err(|e| SourceError::give_up(format!("ca file {shown}: {}", e.kind())))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let text = String::from_utf8_lossy(&pem);
    match found {
        Ok(all) if all.is_empty() && text.trim().is_empty() => fail("is empty"),
        Ok(all) if all.is_empty() && text.contains("PRIVATE KEY") => {
            fail("holds a key and no certificate: name the server's or the authority's certificate")
        }
        Ok(all) if all.is_empty() => {
            fail("holds no certificates: it must be PEM (-----BEGIN CERTIFICATE-----)")
        }
        Ok(all) if all.iter().any(|c| validity(c).is_none()) => {
            fail("holds something in place of a certificate")
        }
        Ok(all) => Ok(all),
        Err(_) => fail("is broken PEM"),
    }
}

/// Both of certificate and key, or none.
///
/// # Errors
/// [`SourceError::GiveUp`] when one is missing.
pub fn paired(own: (Option<&Path>, Option<&Path>)) -> Result<(), SourceError> {
    match own {
        (None, None) | (Some(_), Some(_)) => Ok(()),
        _ => Err(SourceError::give_up("client_cert and client_key belong together")),
    }
}

/// A client's certificate and key; none when neither is named.
///
/// # Errors
/// [`SourceError::GiveUp`] when one is missing or not what it should be.
pub fn identity(
    own: (Option<&Path>, Option<&Path>),
) -> Result<Option<ClientIdentity>, SourceError> {
    paired(own)?;
    let (Some(cert), Some(key)) = own else { return Ok(None) };
    let read = |path: &Path, what: &str| {
        std::fs::read(path).map_err(|e| {
            SourceError::give_up(format!("{what} file {}: {}", path.display(), e.kind()))
        })
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&read(cert, "client_cert")?).collect();
    let chain = chain.unwrap_or_default();
    if chain.is_empty() {
        let shown = cert.display();
        return Err(SourceError::give_up(format!("client_cert file {shown} holds no certificate")));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(key, "client_key")?).map_err(|_| {
        let shown = key.display();
        SourceError::give_up(format!("client_key file {shown} holds no private key (PEM)"))
    })?;
    Ok(Some((chain, key)))
}

/// Trusts what the machine and the given authorities vouch for, and a certificate that is itself
/// one of those given, as curl does: most servers that sign for themselves carry the mark of an
/// authority and stand for themselves.
#[derive(Debug)]
struct TlsGiven {
    given: Vec<CertificateDer<'static>>,
    inner: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for TlsGiven {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.given.iter().any(|own| own.as_ref() == end.as_ref()) {
            return self.inner.verify_server_cert(end, between, name, ocsp, now);
        }
        verify_server_name(&ParsedCertificate::try_from(end)?, name)?;
        let (from, to) = validity(end).ok_or(CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        match now {
            now if now < from => Err(CertificateError::NotValidYet.into()),
            now if now > to => Err(CertificateError::Expired.into()),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// From when to when a certificate holds, in unix seconds (RFC 5280, section 4.1).
fn validity(cert: &[u8]) -> Option<(i64, i64)> {
    let (_, whole, _) = element(cert)?;
    let (_, mut rest, _) = element(whole)?;
    if *rest.first()? == 0xa0 {
        rest = element(rest)?.2; // version
    }
    for _ in 0..3 {
        rest = element(rest)?.2; // serial, signature, issuer
    }
    let (_, both, _) = element(rest)?;
    let (from_kind, from, after) = element(both)?;
    let (to_kind, to, _) = element(after)?;
    Some((instant(from_kind, from)?, instant(to_kind, to)?))
}

/// Tag, content and what follows of the first DER element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let (length, start) = if first < 0x80 {
        (first, 2)
    } else {
        let count = first & 0x7f;
        let digits = bytes.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0_usize, |sum, d| sum << 8 | usize::from(*d)), 2 + count)
    };
    let end = start.checked_add(length)?;
    Some((tag, bytes.get(start..end)?, bytes.get(end..)?))
}

/// UTCTime (years 1950 to 2049) or GeneralizedTime.
fn instant(kind: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let whole = match kind {
        0x17 if text.get(..2)? < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let at = NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%S").ok()?;
    Some(at.and_utc().timestamp())
}

#[cfg(test)]
mod tests;
