//! Before the first byte and after the answer: what never left, how long the receiver asks to wait,
//! rehearsals and previews, and secrets that come back.

use super::*;

/// A port of this machine where nobody listens.
fn closed() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    format!("127.0.0.1:{}", free.local_addr().expect("address").port())
}

async fn sent_to(url: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("folder");
    hook(folder.path(), url, "").posted(&intent(false), stamp(&"INC-00001".into())).await
}

#[tokio::test]
async fn what_fails_before_the_first_byte_was_not_sent() {
    let quiet = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let quiet = quiet.local_addr().expect("address");
    let plain = Server::start(|_| Reply::new(200, "", "")).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let handshake = silent.local_addr().expect("address");
    for (url, words) in [
        (format!("http://{}", closed()), "refused"),
        (format!("https://{}", closed()), "refused"),
        ("http://no-such-host.localhost:1".to_owned(), ""),
        ("https://no-such-host.invalid".to_owned(), ""),
        (plain.url.replace("http:", "https:"), ""),
        (format!("https://{handshake}"), "timeout connect"),
        (format!("https://{quiet}"), ""),
    ] {
        let sent = sent_to(&url).await;
        let Outcome::NotSent { detail } = &sent else { panic!("{url}: {sent:?}") };
        assert!(detail.contains(words) && !detail.is_empty(), "{url}: {detail}");
    }
}

#[tokio::test]
async fn what_breaks_after_the_first_byte_may_have_happened() {
    for reply in [
        || Reply::raw("", Then::Close),
        || Reply::raw("", Then::Hang),
        || Reply::raw("HTTP/1.1 100 Continue\r\n\r\n", Then::Hang),
    ] {
        let (sent, requests) = outcome(reply).await;
        assert!(matches!(sent, Outcome::Unknown { status: 0, .. }), "{sent:?}");
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn the_wait_a_receiver_asks_for_is_kept_as_given() {
    let date = "date: Thu, 19 Nov 2026 10:00:00 GMT\r\n";
    let at = "retry-after: Thu, 19 Nov 2026 11:30:00 GMT\r\n";
    let past = "retry-after: Thu, 19 Nov 2026 09:00:00 GMT\r\n";
    for (headers, want) in [
        ("retry-after: 3600\r\n".to_owned(), Some(3600)),
        ("retry-after:  0 \r\n".to_owned(), Some(0)),
        (format!("{date}{at}"), Some(5400)),
        (format!("{date}{past}"), Some(0)),
        ("retry-after: 99999999999999999999\r\n".to_owned(), Some(31_536_000)),
        ("retry-after: soon\r\n".to_owned(), None),
        ("retry-after: -5\r\n".to_owned(), None),
        (String::new(), None),
    ] {
        for status in [429, 503, 409] {
            let lines = headers.clone();
            let bench = bench(move |_| Reply::new(status, &lines, "")).await;
            let wait = match bench.send(false).await {
                Outcome::Refused { retry_after_s, .. } if status == 429 => retry_after_s,
                Outcome::Unknown { retry_after_s, .. } if status != 429 => retry_after_s,
                other => panic!("{status}: {other:?}"),
            };
            assert_eq!(wait, want, "{status} {headers}");
        }
    }
}

#[tokio::test]
async fn what_the_gate_keeps_leaves_no_byte_and_what_it_lets_through_has_its_length() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", silent.local_addr().expect("address"));
    let folder = tempfile::tempdir().expect("folder");
    let own = hook(folder.path(), &url, "");
    let incident = "INC-00001".into();
    let intent = intent(false);
    let kept = own.gated(&intent, stamp(&incident), Box::new(|| Some("frozen".to_owned())));
    let (sent, bytes) = tokio::join!(kept, async {
        let (mut stream, _) = silent.accept().await.expect("connected");
        let mut all = Vec::new();
        let _end = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut all).await;
        all
    });
    assert_eq!(sent, Outcome::NotSent { detail: "frozen".to_owned() });
    assert_eq!(String::from_utf8_lossy(&bytes), "");
    let mut bench = bench(|_| Reply::new(202, "", "")).await;
    bench.send(false).await;
    let seen = &bench.server.requests()[0];
    assert_eq!(seen.header("content-length"), Some(&*intent.body.len().to_string()));
    assert_eq!((seen.header("transfer-encoding"), &seen.body), (None, &intent.body));
}

#[tokio::test]
async fn a_rehearsal_never_reaches_the_live_address() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start(|_| Reply::new(200, "", "")).await;
    let without = hook(folder.path(), &server.url, "");
    let incident = "INC-00001".into();
    for sent in [
        without.posted(&intent(true), stamp(&incident)).await,
        without.dry_run(&intent(true), stamp(&incident)).await,
        without.dry_run(&intent(false), stamp(&incident)).await,
    ] {
        assert!(matches!(sent, Outcome::NotSent { .. }), "{sent:?}");
    }
    assert!(server.requests().is_empty());
    let preview = without.preview(&intent(true), stamp(&incident)).await.expect("built");
    assert_eq!((preview.method.as_str(), &preview.body), ("POST", &intent(true).body));
    assert!(preview.url.ends_with("/hook"), "{}", preview.url);
    let header = |name: &str| preview.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v);
    let key = [SecretString::from(KEY.to_owned())];
    let signed = signature(&key, "k7q2mzp4", WALL.secs(), intent(true).body.as_bytes());
    assert_eq!(header("webhook-signature").cloned(), signed);
    assert!(server.requests().is_empty(), "shown, not sent");
}

#[tokio::test]
async fn a_preview_holds_no_secret() {
    let folder = tempfile::tempdir().expect("folder");
    let word = tempfile::tempdir().expect("folder");
    let more = "headers = { X-Route = \"4f9d8a7b6c5e4d3c2b1a00ff\" }\n\
                auth = { basic = { user = \"ci\", password = { env = \"X\" } } }";
    let mut hook = hook(folder.path(), "https://deploy.example/in?token=Qx77-urltoken", more);
    let password = secret_file(word.path(), "hunter2 hunter2");
    hook.config.auth.as_mut().and_then(|a| a.basic.as_mut()).expect("basic").password = password;
    let shown = hook.preview(&intent(false), stamp(&"INC-1".into())).await.expect("built");
    let shown = format!("{shown:?}");
    for secret in ["hunter2", "Y2k6aHVu", "Qx77-urltoken", "4f9d8a7b6c5e", KEY, &KEY[6..]] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("***"));
}

#[tokio::test]
async fn a_receiver_that_says_everything_back_gives_nothing_away() {
    for status in [200, 302, 400, 409, 422, 500] {
        for form in 0..3 {
            let server = Server::start(move |seen| {
                let all = format!("{}\n{}\n{KEY}", seen.line, seen.head);
                match form {
                    0 => Reply::json(&serde_json::json!({ "error": all }).to_string()),
                    1 => Reply::new(status, "", &all.replace(' ', "\n")),
                    _ => {
                        let cut: Vec<&str> = all
                            .split_whitespace()
                            .map(|w| w.get(..w.len() * 2 / 3).unwrap_or(w))
                            .collect();
                        Reply::new(status, "", &cut.join(" "))
                    }
                }
            })
            .await;
            let folder = tempfile::tempdir().expect("folder");
            let word = tempfile::tempdir().expect("folder");
            let more = "headers = { X-Route = \"4f9d8a7b6c5e4d3c2b1a00ff\" }\n\
                        auth = { basic = { user = \"ci\", password = { env = \"X\" } } }";
            let mut hook = hook(folder.path(), &server.url, more);
            hook.url.set_query(Some("token=Qx77-urltoken-881"));
            hook.config.url = hook.url.to_string();
            let password = secret_file(word.path(), "hunter2/\"+hunter2");
            hook.config.auth.as_mut().and_then(|a| a.basic.as_mut()).expect("basic").password =
                password;
            let sent = hook.posted(&intent(false), stamp(&"INC-00001".into())).await;
            let told = format!("{sent:?} {}", crate::incident::words::outcome(&sent));
            let basic = "Y2k6aHVudGVyMi8iK2h1bnRlcjI";
            for secret in ["hunter2", &basic[..14], "Qx77-url", "4f9d8a7b6c5e", &KEY[6..18]] {
                assert!(!told.contains(secret), "{status} {form}: {secret} in {told}");
            }
        }
    }
}
