//! Sinks against receivers that take, refuse, stall and break, and a command that does the same:
//! what is sent is what each kind asks for, and no secret is in what comes back.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::domain::money::{MoneyRange, Range};
use crate::incident::emission::{Notice, Occasion};
use crate::source::fixture::{Reply, SeenRequest, Server, Then, contract, secret_file};
use crate::verdict::Confidence;

const SIGNS: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ROUTING: &str = "R0123456789abcdefghijklmnopqrstu";
const AT: Timestamp = Timestamp::from_secs(1_795_208_010);

fn emission(occasion: Occasion) -> Emission {
    let money = |low, high| Some(MoneyRange { low, high, currency: "EUR".to_owned() });
    Emission {
        key: format!("INC-7F2BX.{}.1.ops", occasion.name()).as_str().into(),
        sink: "ops".to_owned(),
        occasion,
        at: AT,
        occurrence: 1,
        rung: None,
        whom: None,
        notice: Notice {
            severity: Severity::Sev1,
            journey: Some("checkout".into()),
            headline: "Payment step 61% -> 18% <!channel>\r\nX-Evil: 1 \u{1b}[2J".to_owned(),
            opened_at: AT,
            ack_due_at: Some(Timestamp::from_secs(1_795_208_310)),
            decide_due_at: Some(Timestamp::from_secs(1_795_208_910)),
            risk_per_minute: money(80.0, 120.4),
            lost: None,
            affected: Some(Range::new(310.0, 350.0)),
            suspect: Some("theme-3".into()),
            confidence: Confidence::High,
            by: None,
        },
    }
}

fn config(text: &str) -> SinkConfig {
    toml::from_str(&format!("name = \"ops\"\ntimeout = \"400ms\"\n{text}")).expect("a config")
}

fn pager(config: &SinkConfig) -> Pager {
    Pager::new(&WriteCap::for_operator("ana"), config, "demo shop").expect("a pager")
}

/// A sink of `kind` at the server with `secret`.
fn at(server: &Server, folder: &Path, kind: &str, secret: &str) -> Pager {
    let url = match kind {
        "slack" => String::new(),
        _ => format!("url = \"{}/in\"\n", server.url),
    };
    let given = if secret.is_empty() { "" } else { "secret = { env = \"X\" }\n" };
    let mut config = config(&format!("kind = \"{kind}\"\n{url}{given}"));
    if !secret.is_empty() {
        config.secret = Some(secret_file(folder, secret));
    }
    pager(&config)
}

async fn told(pager: &Pager, occasion: Occasion) -> Outcome {
    pager.send(&"INC-7F2BX".into(), &emission(occasion), AT).await
}

async fn server(
    reply: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static,
) -> (Server, tempfile::TempDir) {
    (Server::start(reply).await, tempfile::tempdir().expect("folder"))
}

fn body(seen: &SeenRequest) -> Value {
    serde_json::from_str(&seen.body).expect("JSON")
}

#[tokio::test]
async fn pagerduty_is_triggered_acknowledged_and_resolved_under_the_incidents_name() {
    let (mut server, folder) = server(|_| Reply::new(202, "", "{\"status\":\"success\"}")).await;
    let pager = at(&server, folder.path(), "pagerduty", ROUTING);
    let late = Occasion::AckLate;
    for occasion in [Occasion::Opened, late, Occasion::Acknowledged, Occasion::Resolved] {
        let said = told(&pager, occasion).await;
        let want = Outcome::Accepted { status: 202, detail: "status: success".to_owned() };
        assert_eq!(said, want);
    }
    let seen: Vec<Value> = server.requests().iter().map(body).collect();
    let actions: Vec<&str> = seen.iter().filter_map(|b| b["event_action"].as_str()).collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"]);
    for body in &seen {
        assert_eq!(
            (&body["dedup_key"], &body["routing_key"]),
            (&"INC-7F2BX".into(), &ROUTING.into())
        );
    }
    let payload = &seen[0]["payload"];
    assert_eq!(
        (&payload["severity"], &payload["source"]),
        (&"critical".into(), &"demo shop".into())
    );
    let summary = payload["summary"].as_str().expect("a summary");
    assert!(summary.starts_with("Sev 1 checkout: Payment step 61% -> 18%"), "{summary}");
    assert!(!summary.contains(char::is_control), "{summary:?}");
    let details = &payload["custom_details"];
    for (key, want) in [
        ("severity", Value::from(1)),
        ("id", "INC-7F2BX".into()),
        ("acknowledge", "tillwatch ack INC-7F2BX".into()),
    ] {
        assert_eq!(details[key], want, "{key}");
    }
    assert_eq!(details["suspect"]["confidence"], "high");
    let text = details["text"].to_string();
    for part in ["EUR 80 to 120 a minute at risk", "310 to 350 sessions", "Suspect: theme-3"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn recorded_answers_of_pagerduty_have_the_stated_outcome() {
    for (name, retried) in [
        ("event_ok", false),
        ("event_error_400", false),
        ("event_error_429", true),
        ("event_error_without_errors", true),
        ("event_503_no_body", true),
    ] {
        let Some(case) = contract(&format!("pagerduty/{name}.json")) else { return };
        let response = &case["response"];
        let status = u16::try_from(response["status"].as_u64().expect("a status")).expect("one");
        let text = match &response["body"] {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let (server, folder) = server(move |_| Reply::new(status, "", &text)).await;
        let said = told(&at(&server, folder.path(), "pagerduty", ROUTING), Occasion::Opened).await;
        let row = config("kind = \"pagerduty\"\nsecret = { env = \"X\" }").row();
        let again = crate::incident::paging::follows(&row, 1, &said).is_some();
        assert_eq!((again, said.is_yes()), (retried, name == "event_ok"), "{name}: {said:?}");
    }
}

impl Outcome {
    fn is_yes(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

#[tokio::test]
async fn every_status_and_every_break_has_its_outcome_and_nothing_is_repeated() {
    for status in [200, 202, 204] {
        let (server, folder) = server(move |_| Reply::new(status, "", "ok")).await;
        assert!(
            told(&at(&server, folder.path(), "webhook", SIGNS), Occasion::Opened).await.is_yes()
        );
    }
    for (status, final_) in [
        (302, true),
        (400, true),
        (401, true),
        (404, true),
        (429, false),
        (408, false),
        (409, false),
        (500, false),
        (503, false),
    ] {
        let (mut server, folder) =
            server(move |_| Reply::new(status, "retry-after: 7\r\n", "no")).await;
        let said = told(&at(&server, folder.path(), "webhook", SIGNS), Occasion::Opened).await;
        let refused = matches!(said, Outcome::Refused { status: s, .. } if s != 429);
        assert_eq!(refused, final_, "{status}: {said:?}");
        assert_eq!(said.retry_after_s(), (status != 302).then_some(7), "{status}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    let broken: [(fn() -> Reply, bool); 5] = [
        (|| Reply::raw("", Then::Hang), false),
        (|| Reply::raw("", Then::Close), false),
        (|| Reply::raw("HTTP/1.1 200", Then::Hang), false),
        (|| Reply::new(200, "content-type: text/html\r\n", "<html>sign in</html>"), false),
        (|| Reply::raw("HTTP/1.1 202 X\r\ncontent-length: 90\r\n\r\n{\"sta", Then::Close), true),
    ];
    for (at_, (reply, taken)) in broken.into_iter().enumerate() {
        let (server, folder) = server(move |_| reply()).await;
        let said = told(&at(&server, folder.path(), "webhook", SIGNS), Occasion::Opened).await;
        let unknown = matches!(said, Outcome::Unknown { .. });
        assert_eq!((said.is_yes(), unknown), (taken, !taken), "{at_}: {said:?}");
    }
    let folder = tempfile::tempdir().expect("folder");
    let mut nobody =
        config("kind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\nsecret = { env = \"X\" }");
    nobody.secret = Some(secret_file(folder.path(), SIGNS));
    let said = told(&pager(&nobody), Occasion::Opened).await;
    assert!(matches!(said, Outcome::NotSent { .. }), "{said:?}");
}

#[tokio::test]
async fn a_webhook_is_signed_and_its_bytes_are_the_same_at_every_try() {
    let (mut server, folder) = server(|_| Reply::new(500, "", "")).await;
    let pager = at(&server, folder.path(), "webhook", SIGNS);
    told(&pager, Occasion::Raised).await;
    let later = AT.plus(crate::domain::time::Span::from_mins(1));
    pager.send(&"INC-7F2BX".into(), &emission(Occasion::Raised), later).await;
    let seen = server.requests();
    assert_eq!(seen[0].body, seen[1].body);
    for (seen, wall) in seen.iter().zip([AT, later]) {
        let id = "INC-7F2BX.raised.1.ops";
        for name in ["webhook-id", "idempotency-key"] {
            assert_eq!(seen.header(name), Some(id));
        }
        let keys = [SecretString::from(SIGNS.to_owned())];
        let signed = signature(&keys, id, wall.secs(), seen.body.as_bytes());
        assert_eq!(seen.header("webhook-signature"), signed.as_deref());
    }
    assert_eq!(body(&seen[0])["type"], "incident.raised");
}

#[tokio::test]
async fn slack_calls_no_channel_and_ntfy_has_a_title_and_a_priority() {
    let (mut server, folder) = server(|_| Reply::new(200, "", "ok")).await;
    let secret = format!("{}/services/T0/B0/verysecretpath", server.url);
    let slack = at(&server, folder.path(), "slack", &secret);
    assert!(told(&slack, Occasion::Opened).await.is_yes());
    let seen = &server.requests()[0];
    assert_eq!(seen.line, "POST /services/T0/B0/verysecretpath");
    let text = body(seen)["text"].as_str().expect("a text").to_owned();
    assert!(text.contains("&lt;!channel&gt;") && !text.contains('<'), "{text}");
    let ntfy = at(&server, folder.path(), "ntfy", "");
    assert!(told(&ntfy, Occasion::Opened).await.is_yes());
    let seen = &server.requests()[0];
    assert_eq!(seen.header("priority"), Some("5"));
    let title = seen.header("title").expect("a title");
    let coded = title.starts_with("=?utf-8?B?"); // what moves a cursor became a mark
    assert!(coded && seen.header("x-evil").is_none(), "{}", seen.head);
    assert!(seen.body.starts_with("demo shop: Sev 1 checkout"), "{}", seen.body);
}

#[tokio::test]
async fn no_secret_comes_back_in_what_is_told() {
    let echo =
        |seen: &SeenRequest| Reply::new(400, "", &format!("bad: {} {}", seen.line, seen.body));
    let (server, folder) = server(echo).await;
    let address = format!("{}/services/T0/B0/verysecretpath", server.url);
    for (kind, secret, piece) in
        [("pagerduty", ROUTING, ROUTING), ("slack", address.as_str(), "verysecretpath")]
    {
        let pager = at(&server, folder.path(), kind, secret);
        let said = format!("{:?} {pager:?}", told(&pager, Occasion::Opened).await);
        assert!(said.contains("Refused") && !said.contains(piece), "{said}");
    }
    // a secret that cannot be what it is for is not said either
    for (kind, secret) in [("pagerduty", "too-short-a-key"), ("slack", "no address at all")] {
        let said = told(&at(&server, folder.path(), kind, secret), Occasion::Opened).await;
        let Outcome::NotSent { detail } = &said else { panic!("{said:?}") };
        assert!(!detail.contains(secret), "{detail}");
    }
}

/// A command that keeps what it is told and then does `rest`.
fn mailer(folder: &Path, rest: &str) -> SinkConfig {
    let (program, out) = (folder.join("mailer"), folder.join("out"));
    let text =
        format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.args\ncat > {0}\n{rest}\n", out.display());
    std::fs::write(&program, text).expect("written");
    let to = "kind = \"email\"\nto = [\"on-call@shop.example\"]\nfrom = \"till@shop.example\"";
    let mut config = config(to);
    // not run by its own name: a file that was just written may still be open in another test
    let words = ["/bin/sh", &program.display().to_string(), "-t", "-i"].map(str::to_owned);
    config.command = words.to_vec();
    config.timeout = crate::domain::time::Span::from_secs(5);
    config
}

#[tokio::test]
async fn a_mail_goes_to_the_command_on_its_input_with_its_addresses_in_the_head_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let said = told(&pager(&mailer(folder.path(), "exit 0")), Occasion::Opened).await;
    assert!(said.is_yes(), "{said:?}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("read");
    assert_eq!(read("out.args"), "-t\n-i\n");
    let letter = read("out");
    let (head, text) = letter.split_once("\n\n").expect("two parts");
    for line in [
        "From: till@shop.example",
        "To: on-call@shop.example",
        "Message-ID: <INC-7F2BX.opened.1.ops@tillwatch>",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(head.lines().any(|l| l == line), "{head}");
    }
    assert!(!head.lines().any(|l| l.starts_with("X-Evil")), "{head}");
    assert!(text.contains("tillwatch ack INC-7F2BX"), "{text}");
    assert_eq!(mail::encoded("caf\u{e9}"), "=?utf-8?B?Y2Fmw6k=?=");
}

#[tokio::test]
async fn the_status_of_the_command_is_its_answer() {
    let folder = tempfile::tempdir().expect("folder");
    let ends =
        async |rest: &str| told(&pager(&mailer(folder.path(), rest)), Occasion::Opened).await;
    let later = ends("echo busy >&2; exit 75").await;
    assert!(matches!(&later, Outcome::Unknown { detail, .. } if detail.contains("75: busy")));
    assert!(matches!(ends("exit 67").await, Outcome::Refused { .. }), "no such user");
    assert!(matches!(ends("kill -9 $$").await, Outcome::Unknown { .. }));
    let mut slow = mailer(folder.path(), "exec sleep 60");
    slow.timeout = crate::domain::time::Span::from_millis(300);
    let said = told(&pager(&slow), Occasion::Opened).await;
    assert!(matches!(&said, Outcome::Unknown { detail, .. } if detail.contains("did not end")));
    let mut none = mailer(folder.path(), "");
    none.command = vec!["/nowhere/sendmail".to_owned()];
    assert!(matches!(told(&pager(&none), Occasion::Opened).await, Outcome::NotSent { .. }));
}

#[test]
fn what_cannot_work_is_named_with_its_key() {
    let keys = |text: &str| -> Vec<&'static str> {
        faults(&config(text)).into_iter().map(|(key, _)| key).collect()
    };
    let cases: [(&str, &[&str]); 12] = [
        ("kind = \"pagerduty\"\nsecret = { env = \"X\" }", &[]),
        ("kind = \"pagerduty\"", &["secret"]),
        ("kind = \"slack\"\nurl = \"https://hooks.example/x\"", &["url", "secret"]),
        ("kind = \"ntfy\"\nurl = \"http://ntfy.example/x\"", &["url"]),
        ("kind = \"ntfy\"\nurl = \"http://ntfy.example/x\"\ninsecure = \"i know\"", &[]),
        ("kind = \"email\"", &["to"]),
        ("kind = \"email\"\nto = [\"-oQ/tmp@x\"]", &["to"]),
        ("kind = \"email\"\nto = [\"a@b\\nBcc: c@d\"]", &["to"]),
        ("kind = \"email\"\nto = [\"a@b\"]\ncommand = []", &["command"]),
        ("kind = \"email\"\nto = [\"a@b\"]\ntries = 0\ntakes = []", &["takes", "tries"]),
        ("kind = \"email\"\nto = [\"a@b\"]\nlink = \"javascript:x\"", &["link"]),
        ("kind = \"email\"\nto = [\"a@b\"]\nevents = [\"test\"]", &["events"]),
    ];
    for (text, want) in cases {
        assert_eq!(keys(text), want, "{text}");
    }
    let mut named = config("kind = \"email\"\nto = [\"a@b\"]");
    named.name = "a b".to_owned();
    assert_eq!(faults(&named).first().map(|(key, _)| *key), Some("name"));
}
