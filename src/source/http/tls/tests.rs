//! TLS against real handshakes: a server that signs for itself, wrong files, clients' certificates.

use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::source::config::{SourceConfig, SourceKind};
use crate::source::http::{Client, Limits};

/// A folder with certificates made by openssl; none after a loud skip.
struct Made {
    dir: PathBuf,
}

impl Made {
    fn new(name: &str) -> Option<Self> {
        let dir = std::env::temp_dir().join(format!("tillwatch-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let made = Self { dir };
        let own = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
        made.openssl(
            &[&["req", "-x509", "-newkey", "rsa:2048", "-nodes"], &own[..]].concat(),
            "server",
        )
        .then_some(made)
    }

    fn openssl(&self, args: &[&str], name: &str) -> bool {
        let (key, cert) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.pem")));
        let out = ["-keyout", &key.display().to_string(), "-out", &cert.display().to_string()]
            .map(str::to_owned);
        let ran = Command::new("openssl").args(args).args(out).output();
        let good = ran.as_ref().is_ok_and(|o| o.status.success());
        if !good {
            crate::skip::skip(&format!("openssl cannot make a certificate here: {ran:?}"));
        }
        good
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn chain(&self, name: &str) -> ClientIdentity {
        let (cert, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        identity((Some(&cert), Some(&key))).expect("files").expect("both")
    }

    /// A server with the certificate `name`, which asks for one of ours when `wants` is given.
    async fn serve(&self, name: &str, wants: Option<&str>) -> String {
        let (chain, key) = self.chain(name);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = if let Some(wants) = wants {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(self.chain(wants).0.remove(0)).expect("a root");
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots),
                provider,
            );
            builder.with_client_cert_verifier(verifier.build().expect("verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let config = config.with_single_cert(chain, key).expect("a server");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
        let port = listener.local_addr().expect("address").port();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = [0_u8; 2048];
                let _read = stream.read(&mut asked).await;
                let text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
                let _sent = stream.write_all(text.as_bytes()).await;
                let _closed = stream.shutdown().await;
            }
        });
        format!("https://localhost:{port}/")
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

async fn asked(config: &SourceConfig) -> Result<u16, SourceError> {
    let mut client = Client::new(config, Limits::of(config))?;
    let url = client.base().clone();
    client.get(url, None).await.map(|a| a.status)
}

fn source(url: &str, ca: Option<PathBuf>) -> SourceConfig {
    SourceConfig { url: url.to_owned(), ca, ..SourceConfig::bare(SourceKind::HttpJson) }
}

#[tokio::test]
async fn tls_21_a_server_that_signs_for_itself_is_trusted_as_ca_and_by_its_name_only() {
    let Some(made) = Made::new("self") else { return };
    let url = made.serve("server", None).await;
    let ca = Some(made.path("server.pem"));
    assert_eq!(asked(&source(&url, ca.clone())).await, Ok(200));
    let why = asked(&source(&url, None)).await.expect_err("nobody vouches for it");
    assert!(why.why().contains("`ca`"), "{why}");
    let other = url.replace("localhost", "127.0.0.1");
    let why = asked(&source(&other, ca)).await.expect_err("another name");
    assert!(why.why().contains("name") && why.why().contains("`url`"), "{why}");
}

#[tokio::test]
async fn tls_21_an_empty_or_wrong_ca_file_is_refused_at_start() {
    let Some(made) = Made::new("wrong") else { return };
    std::fs::write(made.path("empty.pem"), "").expect("written");
    std::fs::write(made.path("words.pem"), "hello\n").expect("written");
    std::fs::write(
        made.path("fake.pem"),
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    )
    .expect("written");
    for (file, word) in [
        ("empty.pem", "is empty"),
        ("server.key", "holds a key"),
        ("words.pem", "no certificates"),
        ("fake.pem", "in place of a certificate"),
        ("missing.pem", "not found"),
    ] {
        let config = source("https://localhost:1/", Some(made.path(file)));
        let why = crate::source::faults::files(&config);
        let why = why.iter().find(|f| f.key() == "ca").map(|f| f.message.clone());
        assert!(why.as_ref().is_some_and(|w| w.contains(word)), "{file}: {why:?}");
        assert!(Client::new(&config, Limits::of(&config)).is_err(), "{file}");
    }
}

#[tokio::test]
async fn tls_12_a_client_certificate_is_shown_and_asked_for_by_its_keys() {
    let Some(made) = Made::new("client") else { return };
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj"];
    assert!(made.openssl(&[&new[..], &["/CN=authority"]].concat(), "authority"));
    let (by, key) = (made.path("authority.pem"), made.path("authority.key"));
    let (by, key) = (by.display().to_string(), key.display().to_string());
    let signed = ["/CN=us", "-addext", "basicConstraints=CA:FALSE", "-CA", &by, "-CAkey", &key];
    assert!(made.openssl(&[&new[..], &signed].concat(), "us"));
    let url = made.serve("server", Some("authority")).await;
    let ca = Some(made.path("server.pem"));
    let why = asked(&source(&url, ca.clone())).await.expect_err("none shown");
    assert!(why.why().contains("client_cert"), "{why}");
    let mut config = source(&url, ca);
    config.client_cert = Some(made.path("us.pem"));
    let why = asked(&config).await.expect_err("no key");
    assert!(why.why().contains("belong together"), "{why}");
    config.client_key = Some(made.path("us.key"));
    assert_eq!(asked(&config).await, Ok(200));
}

#[tokio::test]
async fn tls_12_a_server_without_tls_is_said_in_plain_words() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let port = listener.local_addr().expect("address").port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let _read = stream.read(&mut [0_u8; 2048]).await;
            let _sent = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let url = format!("https://localhost:{port}/");
    let why = asked(&source(&url, None)).await.expect_err("no TLS");
    assert!(why.why().contains("http://"), "{why}");
}

#[test]
fn the_time_of_a_certificate_is_read() {
    let Some(made) = Made::new("time") else { return };
    let cert = authorities(&made.path("server.pem")).expect("one").remove(0);
    let (from, to) = validity(&cert).expect("times");
    assert_eq!(to - from, 30 * 86_400, "openssl's own default");
    assert_eq!(validity(b"hello"), None);
    assert_eq!(instant(0x17, b"500101000000Z"), Some(-631_152_000));
    assert_eq!(instant(0x18, b"20500101000000Z"), Some(2_524_608_000));
}
