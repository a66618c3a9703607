//! The webhook against receivers that answer, refuse, stall and break: each outcome is the stated
//! one, the request is what was signed, and nothing is ever sent twice.

use super::*;
use crate::domain::time::Span;
use crate::source::fixture::{Case, Reply, Seen, Server, Then, secret_file};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WALL: Timestamp = Timestamp::from_secs(1_795_208_010);

fn intent(dry_run: bool) -> Intent {
    Intent {
        id: "k7q2mzp4".into(),
        action: "rollback-shop".to_owned(),
        environment: "production".to_owned(),
        service: "shop".to_owned(),
        from: "v2".into(),
        to: "v1".into(),
        attempt: 1,
        dry_run,
        body: "{\"type\":\"rollback.requested\",\"data\":{\"é\":1}}\n".to_owned(),
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    server: Server,
    hook: Webhook,
}

async fn bench(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Bench {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start(answer).await;
    let url = &server.url;
    let text = format!(
        "name = \"r\"\nkind = \"webhook\"\nurl = \"{url}/hook\"\nservice = \"shop\"\n\
         status_url = \"{url}/hook/{{id}}\"\nsecret = {{ env = \"X\" }}\ntimeout = \"400ms\""
    );
    let mut config: ActionConfig = toml::from_str(&text).expect("config");
    config.secret = secret_file(folder.path(), KEY);
    let cap = WriteCap::for_operator("ana");
    let hook = Webhook::new(&cap, &config).expect("hook");
    Bench { _folder: folder, server, hook }
}

async fn outcome(reply: fn() -> Reply) -> (Outcome, usize) {
    let mut bench = bench(move |_| reply()).await;
    let outcome = bench.hook.send(&intent(false), WALL).await;
    (outcome, bench.server.requests().len())
}

#[tokio::test]
async fn the_request_is_signed_and_its_body_goes_byte_for_byte() {
    let mut bench = bench(|_| Reply::new(202, "", "{\"status\":\"accepted\"}")).await;
    let sent = bench.hook.send(&intent(true), WALL).await;
    let want = Outcome::Accepted { status: 202, detail: "{\"status\":\"accepted\"}".to_owned() };
    assert_eq!(sent, want);
    let seen = &bench.server.requests()[0];
    assert_eq!(seen.line, "POST /hook");
    assert_eq!(seen.body, intent(true).body);
    for (name, value) in [
        ("webhook-id", "k7q2mzp4"),
        ("idempotency-key", "k7q2mzp4"),
        ("webhook-timestamp", "1795208010"),
        ("x-tillwatch-dry-run", "1"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    let key = [SecretString::from(KEY.to_owned())];
    let signed = signature(&key, "k7q2mzp4", WALL.secs(), seen.body.as_bytes());
    assert_eq!(seen.header("webhook-signature"), signed.as_deref());
}

#[tokio::test]
async fn each_answer_has_its_outcome_and_none_is_repeated() {
    for status in [200, 201, 202, 204] {
        let mut bench = bench(move |_| Reply::new(status, "", "")).await;
        let sent = bench.hook.send(&intent(false), WALL).await;
        assert!(matches!(sent, Outcome::Accepted { status: s, .. } if s == status), "{sent:?}");
        assert_eq!(bench.server.requests()[0].header("x-tillwatch-dry-run"), None);
    }
    for status in [400, 401, 403, 404, 405, 410, 412, 422, 429] {
        let mut bench = bench(move |_| Reply::new(status, "retry-after: 7\r\n", "no")).await;
        let sent = bench.hook.send(&intent(false), WALL).await;
        let want = Outcome::Refused { status, detail: "no".to_owned(), retry_after_s: Some(7) };
        assert_eq!(sent, want);
        assert_eq!(bench.server.requests().len(), 1);
    }
    for status in [301, 302, 307, 308, 402, 408, 409, 425, 500, 502, 503, 504] {
        let to = "location: http://127.0.0.1:1/x\r\n";
        let mut bench = bench(move |_| Reply::new(status, to, "?")).await;
        let sent = bench.hook.send(&intent(false), WALL).await;
        assert!(matches!(sent, Outcome::Unknown { .. }), "{status}: {sent:?}");
        assert_eq!(bench.server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn broken_answers_are_unknown_and_a_known_status_stays_known() {
    let cases: [Case; 4] = [
        (|| Reply::raw("", Then::Hang), "no answer in time"),
        (|| Reply::raw("", Then::Close), ""),
        (|| Reply::raw("HTTP/9 what\r\n\r\n", Then::Close), ""),
        (|| Reply::raw("HTTP/1.1 200", Then::Hang), "no answer in time"),
    ];
    for (reply, words) in cases {
        let (sent, requests) = outcome(reply).await;
        assert!(matches!(&sent, Outcome::Unknown { detail } if detail.contains(words)), "{sent:?}");
        assert_eq!(requests, 1);
    }
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"status\"";
    let mut bench = bench(move |_| Reply::raw(cut, Then::Close)).await;
    let sent = bench.hook.send(&intent(false), WALL).await;
    assert_eq!(sent, Outcome::Accepted { status: 200, detail: "{\"status\"".to_owned() });
    assert_eq!(bench.server.requests().len(), 1);
}

#[tokio::test]
async fn four_kilobytes_are_kept_and_secrets_are_masked() {
    let bench =
        bench(|_| Reply::new(400, "", &format!("bad secret {KEY} {}", "é".repeat(9000)))).await;
    let Outcome::Refused { detail, .. } = bench.hook.send(&intent(false), WALL).await else {
        panic!("refused");
    };
    assert!(detail.starts_with("bad secret *** é"));
    assert!(detail.len() <= 4096 && detail.len() > 4000);
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let mut bench = bench(|_| Reply::new(200, "", "")).await;
    let folder = tempfile::tempdir().expect("folder");
    bench.hook.config.secret = secret_file(folder.path(), "not base64 at all");
    let sent = bench.hook.send(&intent(false), WALL).await;
    assert!(
        matches!(&sent, Outcome::Refused { status: 0, detail, .. }
        if detail.starts_with("not sent") && !detail.contains("base64 at")),
        "{sent:?}"
    );
    bench.hook.config.secret = secret_file(folder.path(), KEY);
    let mut odd = intent(false);
    odd.id = "a\r\nx: y".into();
    let sent = bench.hook.send(&odd, WALL).await;
    assert!(matches!(sent, Outcome::Refused { status: 0, .. }), "{sent:?}");
    assert!(bench.server.requests().is_empty());
}

#[tokio::test]
async fn a_sent_request_can_be_asked_about() {
    let cases = [
        (200, "{\"status\":\"done\"}", "done"),
        (200, "{\"state\":\"Running\"}", "running"),
        (200, "{\"status\":\"failed\"}", "failed"),
        (404, "{\"status\":\"unknown\"}", "not known"),
        (500, "", "no answer"),
        (200, "<html>", "no answer"),
    ];
    for (status, body, expected) in cases {
        let mut bench = bench(move |_| Reply::new(status, "", body)).await;
        let told = match bench.hook.ask_status(&"a/b".into(), WALL).await {
            Status::Done { .. } => "done",
            Status::Running { .. } => "running",
            Status::Failed { .. } => "failed",
            Status::NotKnown => "not known",
            Status::NoAnswer { .. } => "no answer",
        };
        assert_eq!(told, expected, "{body}");
        assert_eq!(bench.server.requests()[0].line, "GET /hook/a%2Fb");
    }
}

#[test]
fn plain_http_beyond_loopback_is_refused_and_defaults_are_the_stated_ones() {
    let text = "name = \"r\"\nkind = \"webhook\"\nurl = \"http://deploy.internal/x\"\n\
                service = \"shop\"\nsecret = { env = \"X\" }";
    let config: ActionConfig = toml::from_str(text).expect("config");
    assert_eq!((config.resend_for, config.idempotent), (Span::from_secs(60), false));
    assert_eq!(config.environment, "production");
    let cap = WriteCap::for_operator("ana");
    assert!(matches!(Webhook::new(&cap, &config), Err(SourceError::GiveUp { .. })));
}
