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

const GITLAB: &str = r#"{"id":287,"iid":144,"sha":"50f0acb","ref":"main","status":"pending",
    "source":"trigger","before_sha":"0000000","tag":false,"yaml_errors":null,
    "user":{"username":"bot","state":"active","locked":false},"started_at":null,
    "finished_at":null,"detailed_status":{"text":"Pending","label":"pending"},"archived":false}"#;
const ARGO_CD: &str = r#"{"metadata":{"name":"shop"},"spec":{"project":"default","syncPolicy":
    {"automated":{"prune":false}}},"status":{"sync":{"status":"OutOfSync"},
    "health":{"status":"Degraded"},"operationState":{"phase":"Running","message":"",
    "operation":{"sync":{"revision":"v1"},"retry":{"limit":5}}}}}"#;
const FLAG: &str = r#"{"name":"New checkout","kind":"boolean","key":"checkout","description":
    "Off when logins fail or errors rise","_version":9,"archived":false,"deprecated":false,
    "temporary":true,"environments":{"production":{"on":false,"archived":false}}}"#;

/// Nothing was done, or nobody can tell from these words.
const NOTHING_DONE: [&str; 44] = [
    r#"{"exit_code":1}"#,
    r#"{"exitCode":1,"stdout":"","stderr":"boom"}"#,
    r#"{"return_code":1}"#,
    r#"{"rc":"2"}"#,
    r#"{"result":{"exit-status":127}}"#,
    r#"{"__type":"AccessDeniedException","Message":"not authorized"}"#,
    r#"{"__type":"AccessDeniedException"}"#,
    r#"{"status":"login_required"}"#,
    r#"{"redirect":"/login"}"#,
    r#"{"redirectUrl":"https://sso.example/start"}"#,
    "Please log in",
    "window.location='/login'",
    r#"{"deployed":false}"#,
    r#"{"data":{"is_rolled_back":false}}"#,
    r#"{"rollback":false}"#,
    r#"{"updated":0}"#,
    r#"{"status":"locked"}"#,
    r#"{"msg":"deployment is locked by bob"}"#,
    r#"{"status":"expired"}"#,
    r#"{"status":"pending_approval"}"#,
    r#"{"state":"waiting for approval"}"#,
    r#"{"dry_run":true,"status":"ok"}"#,
    r#"{"dryRun":"true","status":"queued"}"#,
    r#"{"warning":"nothing to roll back"}"#,
    r#"{"warnings":["already on v1"],"status":"ok"}"#,
    r#"{"text":"failed"}"#,
    r#"{"status":"ok","message":"an error occurred"}"#,
    "upstream connect error or disconnect/reset before headers. reset reason: overflow",
    "no healthy upstream",
    "nothing to do",
    "default backend - 404 page not found",
    "Rollback is not enabled",
    "exit code: 1",
    "dry_run=true&status=ok",
    "null",
    "0",
    "-1",
    r#"{"status":1}"#,
    r#"{"code":-32601}"#,
    r#""please sign in""#,
    r#"{"skipped":true}"#,
    r#"{"ok":true,"timed_out":true}"#,
    r#"{"success":true,"detail":"deploys are frozen until Monday"}"#,
    r#"{"status":"ok","locked":true}"#,
];

#[tokio::test]
async fn an_answer_that_did_nothing_is_not_an_acceptance() {
    for body in NOTHING_DONE {
        for kind in ["", "content-type: application/json\r\n", "content-type: text/plain\r\n"] {
            let sent = answered(200, kind, body).await;
            assert!(matches!(&sent, Outcome::Unknown { status: 200, .. }), "{body}: {sent:?}");
        }
    }
    let plain = answered(200, "", r#"{"ok":false,"message":"it is locked","exit_code":1}"#).await;
    assert_eq!(name(&plain), "refused", "beside a plain no, more words change nothing: {plain:?}");
}

#[tokio::test]
async fn what_names_no_failure_is_accepted() {
    let accepted = [
        "",
        "OK",
        "Triggered deploy 7",
        "no errors",
        "{}",
        "[]",
        r#"{"ok":true,"error":null,"errors":[]}"#,
        r#"{"status":"queued","failed":0,"error":""}"#,
        r#"{"status":"accepted","previous":{"status":"failed"}}"#,
        r#"{"status":200,"message":"Deploy failed over to region b"}"#,
        r#"{"id":7,"state":"baking"}"#,
        r#"{"data":{"rollback":{"id":"x"}}}"#,
        "ok",
        "OK\n",
        "accepted; errors=0",
        "errors=0&queued=true",
        r#"{"queued":true}"#,
        r#"{"errors":[]}"#,
        r#"{"error":null}"#,
        r#"{"failed":0}"#,
        r#"{"exit_code":0,"stdout":"done","stderr":""}"#,
        r#"{"message":"Rollback queued"}"#,
        r#"{"message":"Rollback queued: error rate was 5%","reason":"checkout fails"}"#,
        r#"{"status":"approved","name":"PaymentError"}"#,
        r#"{"message":"Rollback started, no errors so far"}"#,
        r#"{"warnings":["the api of v1 is deprecated"],"status":"queued"}"#,
        r#"{"dry_run":false,"deployed":true}"#,
        r#"{"type":"rollback.queued","redirect":"/deploys/7"}"#,
        GITLAB,
        ARGO_CD,
        FLAG,
        r#"{"id":17,"status":"created"}"#,
        r#"{"id":17,"status":"running"}"#,
        r#"{"id":4,"href":"https://rundeck.example/api/41/execution/4","status":"running",
            "job":{"name":"Roll back after errors","description":"when logins fail"}}"#,
    ];
    for body in accepted {
        let sent = answered(200, "", body).await;
        assert!(matches!(&sent, Outcome::Accepted { status: 200, .. }), "{body}: {sent:?}");
    }
    for status in [201, 204] {
        assert_eq!(name(&answered(status, "", "").await), "accepted", "Jenkins, GitHub Actions");
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

#[tokio::test]
async fn a_receiver_is_asked_by_the_run_that_its_answer_named() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start(|seen: &SeenRequest| match seen.line.as_str() {
        "POST /hook" => Reply::new(409, "", "{\"data\":{\"run_id\":4711},\"error\":\"busy\"}"),
        _ => Reply::new(200, "", "{\"status\":\"running\"}"),
    })
    .await;
    let more = format!("status_url = \"{}/runs/{{run}}\"\nrun_id = \"data.run_id\"", server.url);
    let hook = hook(folder.path(), &server.url, &more);
    let sent = hook.posted(&intent(false), stamp(&"INC-00001".into())).await;
    let Outcome::Unknown { run_id, detail, .. } = &sent else { panic!("{sent:?}") };
    assert_eq!(run_id.as_deref(), Some("4711"));
    assert!(detail.ends_with("run id: 4711, error: busy"), "{detail}");
    let id = "k7q2mzp4".into();
    let told = hook.ask_status(&id, run_id.as_deref(), WALL).await;
    assert!(matches!(told, Status::Running { .. }), "{told:?}");
    assert_eq!(server.requests()[1].line, "GET /runs/4711");
    let Status::NoAnswer { detail } = hook.ask_status(&id, None, WALL).await else {
        panic!("nobody can be asked")
    };
    assert_eq!(detail, "the receiver named no run that could be asked for");
    assert!(server.requests().is_empty(), "no request without a run");
}

#[test]
fn a_run_is_named_where_it_is_asked_for() {
    let action = |more: &str| -> ActionConfig {
        let text = format!(
            "name = \"r\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1/h\"\n\
             secret = {{ env = \"X\" }}\n{more}"
        );
        toml::from_str(&text).expect("config")
    };
    let cases = [
        ("status_url = \"http://127.0.0.1/{run}\"", "say where the answer names it"),
        ("run_id = \"data.id\"", "does nothing"),
        ("run_id = \"data.[\"\nstatus_url = \"http://127.0.0.1/{run}\"", "run_id"),
    ];
    for (more, words) in cases {
        let found = faults(&action(more));
        assert!(found.iter().any(|(k, why)| *k == "run_id" && why.contains(words)), "{found:?}");
    }
    let good = "run_id = \"data.id\"\nstatus_url = \"http://127.0.0.1/{run}\"";
    assert!(faults(&action(good)).is_empty());
}
