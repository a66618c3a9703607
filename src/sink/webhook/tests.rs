//! The webhook against receivers that answer, refuse, stall and break: each outcome is the stated
//! one, the request is what was signed, and nothing is ever sent twice.

use secrecy::SecretString;

use super::*;
use crate::domain::time::Span;
use crate::source::fixture::{FixtureCase, Reply, SeenRequest, Server, Then, secret_file};

mod answers;
mod edges;

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

/// A sender with the journal of its own.
fn stamp(incident: &IncidentId) -> SendStamp<'_> {
    SendStamp { wall: WALL, incident }
}

impl Webhook {
    /// All the way, with nothing that keeps it.
    async fn posted(&self, intent: &Intent, stamp: SendStamp<'_>) -> Outcome {
        self.gated(intent, stamp, Box::new(|| None)).await
    }

    async fn gated(&self, intent: &Intent, stamp: SendStamp<'_>, gate: Gate) -> Outcome {
        if intent.dry_run {
            return self.dry_run(intent, stamp).await;
        }
        let ready = match self.keys().await {
            Ok(keys) => self.ready(keys, intent, stamp),
            Err(e) => Err(e),
        };
        match ready {
            Ok(ready) => self.send(ready, gate, (&intent.id, stamp.wall)).await,
            Err(e) => Outcome::NotSent { detail: e.to_string() },
        }
    }
}

struct Bench {
    folder: tempfile::TempDir,
    server: Server,
    hook: Webhook,
}

impl Bench {
    async fn send(&self, dry_run: bool) -> Outcome {
        self.hook.posted(&intent(dry_run), stamp(&"INC-00001".into())).await
    }
}

/// A hook over `url` with more lines of config.
fn hook(folder: &std::path::Path, url: &str, more: &str) -> Webhook {
    let text = format!(
        "name = \"r\"\nkind = \"webhook\"\nurl = \"{url}/hook\"\nservice = \"shop\"\n\
         secret = {{ env = \"X\" }}\ntimeout = \"400ms\"\n{more}"
    );
    let mut config: ActionConfig = toml::from_str(&text).expect("config");
    config.secret = secret_file(folder, KEY);
    Webhook::new(&WriteCap::for_operator("ana"), &config).expect("hook")
}

async fn bench(answer: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static) -> Bench {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start(answer).await;
    let url = &server.url;
    let more = format!("status_url = \"{url}/hook/{{id}}\"\ndry_run_url = \"{url}/dry\"");
    let hook = hook(folder.path(), url, &more);
    Bench { folder, server, hook }
}

async fn outcome(reply: fn() -> Reply) -> (Outcome, usize) {
    let mut bench = bench(move |_| reply()).await;
    let outcome = bench.send(false).await;
    (outcome, bench.server.requests().len())
}

#[tokio::test]
async fn the_request_is_signed_and_its_body_goes_byte_for_byte() {
    let mut bench = bench(|_| Reply::new(202, "", "{\"status\":\"accepted\"}")).await;
    let sent = bench.send(true).await;
    let want = Outcome::Accepted { status: 202, detail: "status: accepted".to_owned() };
    assert_eq!(sent, want);
    let seen = &bench.server.requests()[0];
    assert_eq!(seen.line, "POST /dry", "a rehearsal goes to its own place");
    assert_eq!(seen.body, intent(true).body);
    for (name, value) in [
        ("webhook-id", "k7q2mzp4"),
        ("idempotency-key", "k7q2mzp4"),
        ("webhook-timestamp", "1795208010"),
        ("x-tillwatch-dry-run", "1"),
        ("x-tillwatch-incident", "INC-00001"),
        ("x-tillwatch-operator", "ana"),
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
        let sent = bench.send(false).await;
        assert!(matches!(sent, Outcome::Accepted { status: s, .. } if s == status), "{sent:?}");
        assert_eq!(bench.server.requests()[0].header("x-tillwatch-dry-run"), None);
    }
    for status in [400, 401, 403, 404, 405, 410, 412, 429] {
        let mut bench = bench(move |_| Reply::new(status, "retry-after: 7\r\n", "no")).await;
        let sent = bench.send(false).await;
        let want = Outcome::Refused { status, detail: "no".to_owned(), retry_after_s: Some(7) };
        assert_eq!(sent, want);
        assert_eq!(bench.server.requests().len(), 1);
    }
    for status in [301, 302, 307, 308, 402, 408, 409, 422, 425, 500, 502, 503, 504] {
        let to = "location: http://127.0.0.1:1/x\r\n";
        let mut bench = bench(move |_| Reply::new(status, to, "?")).await;
        let sent = bench.send(false).await;
        assert!(matches!(sent, Outcome::Unknown { .. }), "{status}: {sent:?}");
        assert_eq!(bench.server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn broken_answers_are_unknown_unless_their_words_are_there() {
    let cases: [FixtureCase; 4] = [
        (|| Reply::raw("", Then::Hang), "no answer in time"),
        (|| Reply::raw("", Then::Close), ""),
        (|| Reply::raw("HTTP/9 what\r\n\r\n", Then::Close), ""),
        (|| Reply::raw("HTTP/1.1 200", Then::Hang), "no answer in time"),
    ];
    for (reply, words) in cases {
        let (sent, requests) = outcome(reply).await;
        assert!(
            matches!(&sent, Outcome::Unknown { detail, .. } if detail.contains(words)),
            "{sent:?}"
        );
        assert_eq!(requests, 1);
    }
    for (cut, taken) in [("{\"status\"", false), ("", false), ("taken, deploying", true)] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{cut}");
        let mut bench = bench(move |_| Reply::raw(head.clone(), Then::Close)).await;
        match bench.send(false).await {
            Outcome::Accepted { status, detail } => {
                assert_eq!((taken, status, detail), (true, 200, cut.to_owned()));
            }
            Outcome::Unknown { status, detail, .. } => {
                assert!(!taken && status == 200 && detail.contains("broke off"), "{cut}: {detail}");
            }
            other => panic!("{cut}: {other:?}"),
        }
        assert_eq!(bench.server.requests().len(), 1);
    }
}

#[tokio::test]
async fn four_kilobytes_are_kept_and_secrets_are_masked() {
    let bench =
        bench(|_| Reply::new(400, "", &format!("bad secret {KEY} {}", "é".repeat(9000)))).await;
    let Outcome::Refused { detail, .. } = bench.send(false).await else { panic!("refused") };
    assert!(detail.starts_with("bad secret *** é"));
    assert!(detail.len() <= 4096 && detail.len() > 4000);
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let mut bench = bench(|_| Reply::new(200, "", "")).await;
    for bad in [
        "not base64 at all",
        "my-github-secret-2026",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMw",
        "whsec_c2hvcnQ=",
    ] {
        bench.hook.config.secret = secret_file(bench.folder.path(), bad);
        let sent = bench.send(false).await;
        let Outcome::NotSent { detail } = sent else { panic!("{bad}: {sent:?}") };
        let told = bench.hook.keys().await.expect_err(bad).to_string();
        for words in [detail, told] {
            assert!(words.contains("base64") && !words.contains(bad), "{words}");
        }
    }
    bench.hook.config.secret = secret_file(bench.folder.path(), KEY);
    assert!(bench.hook.keys().await.is_ok());
    let mut odd = intent(false);
    odd.id = "a\r\nx: y".into();
    let sent = bench.hook.posted(&odd, stamp(&"INC-00001".into())).await;
    assert!(matches!(sent, Outcome::NotSent { .. }), "{sent:?}");
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
        (200, "{\"status\":\"rejected\"}", "failed"),
        (200, "{\"data\":{\"state\":\"aborted\"}}", "failed"),
        (200, "{\"data\":{\"state\":\"in progress\"}}", "running"),
        (200, "{\"status\":\"unknown\"}", "no answer"),
        (200, "{\"status\":\"baking\"}", "no answer"),
        (200, "{\"status\":\"not_found\"}", "not known"),
        (200, "{\"success\":true,\"status\":\"failed\"}", "failed"),
        (200, "", "no answer"),
    ];
    for (status, body, expected) in cases {
        let mut bench = bench(move |_| Reply::new(status, "", body)).await;
        let told = match bench.hook.ask_status(&"a/b".into(), None, WALL).await {
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
