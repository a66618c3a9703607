//! The client against a server that misbehaves: every limit holds, nothing leaks.

use super::*;
use crate::source::config::SourceKind;
use crate::source::fixture::{FixtureCase, Reply, Server, Then, secret_file};

const SHORT: Limits = Limits {
    connect: Duration::from_millis(500),
    silence: Duration::from_millis(200),
    total: Duration::from_millis(900),
    body: 100_000,
};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";

fn client(url: &str, change: impl FnOnce(&mut SourceConfig)) -> Client {
    let mut config = SourceConfig::bare(SourceKind::HttpJson);
    config.url = url.to_owned();
    change(&mut config);
    Client::new(&config, SHORT).expect("client")
}

async fn ask(reply: fn() -> Reply) -> Result<HttpAnswer, SourceError> {
    let server = Server::start(move |_| reply()).await;
    let mut client = client(&server.url, |_| {});
    let url = client.at(&["x"]);
    client.get(url, None).await
}

fn why(result: Result<HttpAnswer, SourceError>) -> String {
    result.expect_err("must fail").to_string()
}

#[tokio::test]
async fn silence_dripping_and_endlessness_end_at_their_limits() {
    assert_eq!(why(ask(|| Reply::raw("", Then::Hang)).await), "timeout first byte");
    assert_eq!(why(ask(|| Reply::raw(HEAD, Then::Hang)).await), "timeout between bytes");
    assert!(why(ask(|| Reply::raw(HEAD, Then::Drip(10))).await).starts_with("timeout total"));
    let endless = ask(|| Reply::raw(HEAD, Then::Drip(0))).await;
    assert!(
        matches!(endless, Err(SourceError::Malformed { ref why })
        if why == "answer too large (over 100000 bytes)"),
        "{endless:?}"
    );
}

#[tokio::test]
async fn answers_that_cannot_be_trusted_are_refused() {
    let cases: [FixtureCase; 4] = [
        (|| Reply::new(200, "content-encoding: br\r\n", "x"), "content encoding br"),
        (
            || Reply::new(200, "transfer-encoding: chunked\r\n", "2\r\n[]\r\n0\r\n\r\n"),
            "two lengths",
        ),
        (
            || Reply::new(200, &format!("x-long: {}\r\n", "a".repeat(70_000)), "[]"),
            "headers too large",
        ),
        (
            || Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[", Then::Close),
            "broken body",
        ),
    ];
    for (reply, expected) in cases {
        let error = ask(reply).await.expect_err(expected);
        let shape = matches!(error, SourceError::Malformed { .. } | SourceError::Retry { .. });
        assert!(shape && error.why().contains(expected), "{expected}: {error}");
    }
    assert!(matches!(
        ask(|| Reply::raw("garbage\n", Then::Close)).await,
        Err(SourceError::Retry { .. })
    ));
}

#[tokio::test]
async fn refused_connections_and_unknown_hosts_have_their_own_words() {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
        free.local_addr().expect("address").port()
    };
    let mut gone = client(&format!("http://127.0.0.1:{port}"), |_| {});
    let url = gone.at(&["x"]);
    assert_eq!(why(gone.get(url, None).await), "connection refused");
    let mut nowhere = client("http://no-such-host.localhost", |_| {});
    let url = nowhere.at(&["x"]);
    let error = why(nowhere.get(url, None).await);
    assert!(error.contains("dns") || error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_token_goes_nowhere_else() {
    let folder = tempfile::tempdir().expect("folder");
    let mut other = Server::start(|_| Reply::json("[]")).await;
    let to = format!("location: {}/y\r\n", other.url);
    let mut server = Server::start(move |_| Reply::new(302, &to, "")).await;
    let bearer = secret_file(folder.path(), "s3cr3t-token\n");
    let auth = Auth { bearer: Some(bearer), basic: None, header: None, secret: None };
    let mut client = client(&server.url, |c| c.auth = Some(auth));
    let url = client.at(&["x"]);
    let answer = client.get(url, None).await.expect("answer");
    assert_eq!(answer.status, 302);
    assert_eq!(answer.check().expect_err("moved").why(), "moved to host 127.0.0.1: change the url");
    let seen = server.requests();
    assert_eq!(seen[0].header("authorization"), Some("Bearer s3cr3t-token"));
    assert!(other.requests().is_empty());
    let elsewhere = Url::parse(&other.url).expect("url");
    assert!(why(client.get(elsewhere, None).await).contains("another host"));
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn secrets_are_masked_in_what_the_server_echoes() {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start(|seen| {
        let text = seen.header("x-key").unwrap_or("none").to_owned();
        Reply::new(401, "content-type: text/plain\r\n", &format!("bad key {text}"))
    })
    .await;
    let secret = secret_file(folder.path(), "hunter2hunter2");
    let header = Some("X-Key".to_owned());
    let auth = Auth { bearer: None, basic: None, header, secret: Some(secret) };
    let mut client = client(&server.url, |c| c.auth = Some(auth));
    let url = client.at(&["x"]);
    let answer = client.get(url, None).await.expect("answer");
    let error = answer.check().expect_err("denied");
    assert_eq!(error, SourceError::denied("http 401: bad key ***"));
}

#[tokio::test]
async fn gzip_is_unpacked_and_etags_are_sent() {
    let server = Server::start(|seen| {
        if seen.header("if-none-match") == Some("\"a\"") {
            Reply::raw("HTTP/1.1 304 X\r\n\r\n", Then::Next)
        } else {
            assert_eq!(seen.header("accept-encoding"), Some("gzip"));
            // gzip of `[1]`
            let body = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\x8b6\x8c\x05\0\xb82/L\x03\0\0\0";
            let head = format!(
                "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            Reply::raw([head.as_bytes(), body].concat(), Then::Close)
        }
    })
    .await;
    let mut client = client(&server.url, |_| {});
    let url = client.at(&["x"]);
    let full = client.get(url.clone(), None).await.map(|a| a.body);
    let same = client.get(url, Some("\"a\"")).await.expect("answer");
    assert_eq!(same.status, 304);
    assert_eq!(full, Ok(b"[1]".to_vec()));
}

#[test]
fn addresses_beyond_loopback_need_https_or_a_word() {
    assert!(address("http://127.0.0.1:9090/prometheus", None).is_ok());
    assert!(address("http://[::1]:9090", None).is_ok());
    assert!(address("http://prom.internal:9090", None).is_err());
    assert!(address("http://prom.internal:9090", Some("yes")).is_err());
    assert!(address("http://prom.internal:9090", Some("i know")).is_ok());
    assert!(address("http://127.0.0.1.example.com", None).is_err());
    assert!(address("file:///etc/passwd", None).is_err());
    assert!(address("prom:9090", None).is_err());
}
