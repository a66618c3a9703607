//! What answers with a good status mean: pages, failures in words, repeats, and what the config
//! counts as success. Over the wire, so that the outcome is the one that is stored.

use super::*;

async fn answered(status: u16, headers: &'static str, body: &'static str) -> Outcome {
    bench(move |_| Reply::new(status, headers, body)).await.send(false).await
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
        Outcome::NotSent { .. } => "not sent",
    }
}

#[tokio::test]
async fn a_page_is_not_an_acceptance() {
    let cases = [
        ("", "<!doctype html><title>Sign in</title>"),
        ("content-type: text/html\r\n", "Sign in to continue"),
        ("content-type: application/xhtml+xml\r\n", "\u{feff}  <html><body>x</body></html>"),
        ("content-type: application/json\r\n", "<html>"),
        ("content-type: text/plain\r\n", "\n\n<?xml version=\"1.0\"?><ok/>"),
    ];
    for (headers, body) in cases {
        let sent = answered(200, headers, body).await;
        let Outcome::Unknown { detail, status: 200, .. } = &sent else {
            panic!("{body}: {sent:?}")
        };
        assert!(detail.contains("sign-in page"), "{detail}");
    }
    for (headers, body) in [
        ("content-type: text/html\r\n", "OK"),
        ("content-type: text/html\r\n", "{\"status\":\"queued\"}"),
        ("content-type: text/html\r\n", ""),
    ] {
        assert_eq!(name(&answered(202, headers, body).await), "accepted", "{body}");
    }
}

#[tokio::test]
async fn a_failure_in_words_is_a_refusal() {
    let refused = [
        r#"{"ok":false,"error":"no such target"}"#,
        r#"{"status":"failed"}"#,
        r#"{"success":false}"#,
        r#"{"error":"denied"}"#,
        r#"{"errors":[{"message":"Field x"}]}"#,
        r#"{"data":null,"errors":[{"message":"x"}]}"#,
        r#"{"data":{"rollback":{"ok":false}}}"#,
        r#"{"result":{"State":"REJECTED"}}"#,
        r#"{"statusCode":403,"body":"{\"message\":\"Forbidden\"}"}"#,
        r#"{"errorMessage":"boom","errorType":"Error"}"#,
        r#"[{"status":"failed"}]"#,
        "\"failed\"",
        "false",
        "error: no such target",
        "FAILED",
        "ok=false&error=nope",
        "status: failed",
        r#"{"status":"not_found"}"#,
    ];
    for body in refused {
        let sent = answered(200, "", body).await;
        assert!(matches!(&sent, Outcome::Refused { status: 200, .. }), "{body}: {sent:?}");
    }
}

#[tokio::test]
async fn what_leaves_it_open_is_unknown() {
    let open = [
        r#"{"ok":false,"error":"Idempotency-Key reused with another body"}"#,
        r#"{"status":"duplicate"}"#,
        r#"{"status":"ignored"}"#,
        r#"{"ok":false,"error":"deploy service timed out"}"#,
        r#"{"success":true,"data":{"status":"failed"}}"#,
        r#"{"status":502}"#,
        r#"{"status":"unknown"}"#,
        r#"{"ok":tru"#,
        "\u{1}\u{2}binary",
    ];
    for body in open {
        let sent = answered(200, "", body).await;
        assert!(matches!(&sent, Outcome::Unknown { status: 200, .. }), "{body}: {sent:?}");
    }
    let bytes =
        [&b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"[..], &[0xff, 0xfe, 0, 0x80]].concat();
    let sent = bench(move |_| Reply::raw(bytes.clone(), Then::Close)).await.send(false).await;
    assert!(
        matches!(&sent, Outcome::Unknown { detail, .. } if detail.contains("no text")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn what_names_no_failure_is_accepted() {
    let accepted = [
        "",
        "OK",
        "Triggered deploy 7",
        "no errors",
        "null",
        "{}",
        "[]",
        r#"{"ok":true,"error":null,"errors":[]}"#,
        r#"{"status":"queued","failed":0,"error":""}"#,
        r#"{"status":"accepted","previous":{"status":"failed"}}"#,
        r#"{"status":200,"message":"Deploy failed over to region b"}"#,
        r#"{"id":7,"state":"baking"}"#,
        r#"{"data":{"rollback":{"id":"x"}}}"#,
    ];
    for body in accepted {
        let sent = answered(200, "", body).await;
        assert!(matches!(&sent, Outcome::Accepted { status: 200, .. }), "{body}: {sent:?}");
    }
}

#[tokio::test]
async fn what_speaks_of_the_key_keeps_the_key() {
    for (status, body) in [
        (409, "conflict"),
        (422, "this Idempotency-Key was used with another body"),
        (400, r#"{"error":{"type":"idempotency_error"}}"#),
        (403, "duplicate request"),
    ] {
        let bench = bench(move |_| Reply::new(status, "", body)).await;
        let sent = bench.send(false).await;
        let Outcome::Unknown { detail, status: told, .. } = &sent else { panic!("{sent:?}") };
        assert!(*told == status && detail.contains("may know this request"), "{detail}");
        assert!(!detail.contains("look for key"), "its status is asked: {detail}");
        let alone = hook(bench.folder.path(), &bench.server.url, "");
        let sent = alone.posted(&intent(false), stamp(&"INC-00001".into())).await;
        let Outcome::Unknown { detail, .. } = &sent else { panic!("{sent:?}") };
        assert!(detail.contains("look for key k7q2mzp4"), "{detail}");
    }
}

#[tokio::test]
async fn the_config_says_what_counts() {
    let at = "success = { path = \"result.state\", equals = [\"queued\", 7] }";
    let only = "success = { status = [202, 303] }";
    let both = "success = { status = [200], path = \"ok\" }";
    let cases = [
        (at, 200, r#"{"result":{"state":"queued"}}"#, "accepted"),
        (at, 200, r#"{"result":{"state":7.0}}"#, "accepted"),
        (at, 200, r#"{"result":{"state":"failed"}}"#, "refused"),
        (at, 200, r#"{"result":{}}"#, "unknown"),
        (at, 200, "", "unknown"),
        (at, 200, "<html>", "unknown"),
        (at, 404, "", "refused"),
        (at, 500, r#"{"result":{"state":"queued"}}"#, "unknown"),
        (only, 202, "<?xml version=\"1.0\"?><taken/>", "accepted"),
        (only, 202, "<html><title>Sign in</title></html>", "unknown"),
        (only, 303, "", "accepted"),
        (only, 200, r#"{"ok":true}"#, "unknown"),
        (only, 202, r#"{"ok":false}"#, "refused"),
        (both, 200, r#"{"ok":true}"#, "accepted"),
        (both, 202, r#"{"ok":true}"#, "unknown"),
        (both, 200, r#"{"ok":false}"#, "refused"),
        (both, 422, r#"{"ok":true}"#, "unknown"),
    ];
    for (rule, status, body, want) in cases {
        let folder = tempfile::tempdir().expect("folder");
        let server = Server::start(move |_| Reply::new(status, "", body)).await;
        let hook = hook(folder.path(), &server.url, rule);
        let sent = hook.posted(&intent(false), stamp(&"INC-00001".into())).await;
        assert_eq!(name(&sent), want, "{rule} {status} {body}: {sent:?}");
    }
}

#[test]
fn a_rule_that_cannot_work_is_a_fault_of_the_config() {
    let fault = |more: &str| {
        let text = format!(
            "name = \"r\"\nkind = \"webhook\"\nurl = \"https://x/hook\"\n\
             secret = {{ env = \"X\" }}\n{more}"
        );
        let config: ActionConfig = toml::from_str(&text).expect("config");
        faults(&config).into_iter().next()
    };
    assert_eq!(fault(""), None);
    for (more, key, words) in [
        ("success = { path = \"a.[\" }", "success", "success.path"),
        ("success = { equals = 1 }", "success", "success.status or success.path"),
        ("success = { status = [200], equals = 1 }", "success", "needs a path"),
        ("success = { status = [99] }", "success", "200 to 599"),
        ("dry_run_url = \"https://x/hook\"", "dry_run_url", "live url"),
        ("dry_run_url = \"http://deploy.internal/x\"", "dry_run_url", "plain http"),
        ("status_url = \"deploy/{id}\"", "status_url", "not an address"),
    ] {
        let (at, why) = fault(more).unwrap_or_else(|| panic!("{more} is a fault"));
        assert!(at == key && why.contains(words), "{more}: {at} {why}");
    }
}
