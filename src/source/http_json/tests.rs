//! JSON APIs: the demo's records, Gatus, doubts about rows, questions asked, history in chunks.

use super::*;
use crate::domain::change::ChangeKind;
use crate::domain::check::CheckOutcome;
use crate::domain::metric::Metric;
use crate::domain::observation::{Missing, Value};
use crate::domain::past::PastState;
use crate::source::config::SourceKind;
use crate::source::fixture::{Reply, Server, contract_text};
use crate::source::{build, replay};

const NOW: Timestamp = Timestamp::from_secs(1_795_208_010);

fn config(record: &str) -> SourceConfig {
    let mut config = SourceConfig::bare(SourceKind::HttpJson);
    config.url = "http://127.0.0.1:1".to_owned();
    config.record.push(toml::from_str(record).expect("record"));
    config
}

fn read(record: &str, body: &str) -> Result<Harvest, SourceError> {
    let reader = RecordReader::new(&config(record).record[0])?;
    let answer = HttpAnswer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: body.as_bytes().to_vec(),
    };
    decode(&answer, &reader, &"s".into(), (Span::from_mins(1), NOW))
}

const RUM: &str = r#"
kind = "observation"
path = "/api/rum?from={from}&to={to}&step={step}"
rows = "rows"
time = "t"
bounds = "bounds_ms"
segment = { template = "template", device = "device" }
metric = [
    { metric = "page_views", kind = "count", value = "views" },
    { metric = "js_error_rate", kind = "ratio", hits = "errors", trials = "views" },
    { metric = "lcp", kind = "histogram", value = "lcp", unit = "ms" },
]"#;

#[test]
fn rows_become_observations_and_what_is_not_there_is_missing() {
    let body = r#"{"generated_at":"x","bounds_ms":[100,2500,4000],"rows":[
        {"t":1795207920,"template":"pdp","device":"mobile","views":12,"errors":3,
         "lcp":[[0,2],[1,9],[7,1]]},
        {"t":1795207920,"template":"cart","device":"","views":0,"lcp":null},
        {"template":"no time"}, {"t":1795999999,"template":"future"}]}"#;
    let out = read(RUM, body).expect("harvest");
    assert_eq!(out.observations.len(), 6);
    let [views, errors, lcp, ..] = &out.observations[..] else { panic!() };
    assert_eq!((views.metric, views.value.clone()), (Metric::PageViews, Value::Count(12.0)));
    assert_eq!(views.segment.to_string(), "pdp · mobile");
    assert_eq!(views.window.end.since(views.window.start), Span::from_mins(1));
    assert_eq!(errors.value, Value::Ratio { hits: 3.0, trials: 12.0 });
    let Value::Dist(h) = &lcp.value else { panic!("{lcp:?}") };
    assert_eq!(
        (&h.bounds[..], &h.counts[..]),
        (&[100.0, 2500.0, 4000.0, f64::INFINITY][..], &[2.0, 9.0, 0.0, 1.0][..])
    );
    let rest: Vec<_> = out.observations[3..].iter().map(|o| o.value.clone()).collect();
    let none = Value::Missing(Missing::NoData);
    assert_eq!(rest, [Value::Count(0.0), none.clone(), none]);
    assert_eq!(out.observations[3].segment.to_string(), "cart · (unknown)");
    assert!(
        out.notes.iter().any(|n| n.contains("1 rows without a usable time")),
        "{:?}",
        out.notes
    );
    assert!(out.notes.iter().any(|n| n.contains("1 rows from the future")), "{:?}", out.notes);
}

#[test]
fn documents_that_are_not_the_expected_one_are_refused() {
    for (body, expected) in [
        ("{}", "no rows where the config says"),
        ("{\"error\":\"quota\"}", "error with http 200: quota"),
        ("{\"rows\":{}}", "rows are no list"),
        ("{\"rows\":[1,", "cut off"),
        ("{\"rows\":[]} x", "no valid JSON"),
        ("[]", "no rows where the config says"),
        ("", "empty answer"),
        ("<html>", "login page"),
    ] {
        let error = read(RUM, body).expect_err(body);
        assert!(error.why().contains(expected), "{body}: {error}");
    }
    for body in ["{\"rows\":[]}", "{\"rows\":null}"] {
        let out = read(RUM, body).expect(body);
        assert!(out.is_empty() && out.notes == ["/api/rum: no data"], "{body}");
    }
}

#[test]
fn json_14_each_where_rows_was_meant_is_an_error_with_a_hint() {
    let record = |place: &str| {
        format!(
            "kind = \"change\"\npath = \"/c\"\n{place}\ntime = \"at\"\nchange = {{ id = \"id\" }}"
        )
    };
    let body = r#"{"items":[{"id":"a","at":1795207920},{"id":"b","at":1795207930}]}"#;
    let error = read(&record("each = \"items\""), body).expect_err("no rows inside");
    assert!(error.why().contains("write that path as `rows`, without `each`"), "{error}");
    let out = read(&record("rows = \"items\""), body).expect("harvest");
    assert_eq!(out.changes.len(), 2);
    let nested = r#"{"apps":[{"runs":[{"id":"a","at":1795207920}]},{"runs":[]}]}"#;
    let out = read(&record("each = \"apps\"\nrows = \"runs\""), nested).expect("harvest");
    assert_eq!(out.changes.len(), 1);
}

#[test]
fn item_floods_are_cut_and_marked() {
    let rows = vec!["{\"t\":1795207920,\"template\":\"a\",\"views\":1}"; rows::ROWS + 10];
    let record = "kind = \"observation\"\npath = \"/x\"\nrows = \"rows\"\ntime = \"t\"\n\
                  metric = [{ metric = \"page_views\", kind = \"count\", value = \"views\" }]";
    let out = read(record, &format!("{{\"rows\":[{}]}}", rows.join(","))).expect("harvest");
    assert_eq!(out.observations.len(), rows::ROWS);
    assert!(out.partial && out.observations.iter().all(|o| o.quality.truncated));
    assert!(out.notes.iter().any(|n| n.contains("50000 of 50010 rows")), "{:?}", out.notes);
}

#[test]
fn units_sentinels_and_texts_are_read_as_declared() {
    let record = r#"
        kind = "observation"
        path = "/x"
        time = "at"
        time_is = "end"
        window = "5m"
        segment = { template = "'checkout'" }
        metric = [
            { metric = "lcp", kind = "gauge", value = "lcp_us", unit = "us", sentinels = [-1] },
            { metric = "cls", kind = "gauge", value = "cls" },
            { metric = "api_success", kind = "gauge", value = "up", unit = "percent" },
        ]"#;
    let body = r#"[{"at":"2026-11-20T10:00:00+01:00","lcp_us":2400000,"cls":"0.11","up":99.5},
                   {"at":"2026-11-20T10:00:00Z","lcp_us":-1,"cls":"NaN","up":"n/a"},
                   {"at":"0001-01-01T00:00:00Z","lcp_us":1}]"#;
    let out = read(record, body).expect("harvest");
    let values: Vec<_> = out.observations.iter().map(|o| o.value.clone()).collect();
    let missing = |reason| Value::Missing(reason);
    assert_eq!(values[..3], [Value::Gauge(2400.0), Value::Gauge(0.11), Value::Gauge(0.995)]);
    let nan = missing(Missing::NotANumber);
    assert_eq!(values[3..], [missing(Missing::Sentinel), nan.clone(), nan]);
    assert_eq!(out.observations[0].window.end.to_string(), "2026-11-20T09:00:00.000Z");
    assert_eq!(out.observations[0].segment.to_string(), "checkout");
}

#[test]
fn checks_and_changes_are_read() {
    let record = r#"
        kind = "check"
        path = "/api/checks"
        rows = "rows"
        time = "at"
        [check]
        journey = "journey"
        location = "location"
        ok = "ok"
        status = "status"
        duration = "duration_ms"
        message = "error""#;
    let body = r#"{"rows":[
        {"at":"2026-11-20T20:00:00Z","journey":"checkout","location":"fra","ok":true,
         "status":200,"duration_ms":812.5,"error":null},
        {"at":1795207920,"journey":"checkout","location":"fra","ok":false,
         "status":503,"duration_ms":30,"error":"http 503"},
        {"at":1795207920,"journey":"home","location":"fra","ok":false,
         "status":0,"duration_ms":10000,"error":"timeout"},
        {"at":1795207920,"journey":"home","location":"lon","ok":null},
        {"at":1795207920,"location":"lon","ok":true}]}"#;
    let out = read(record, body).expect("harvest");
    let seen: Vec<_> = out.checks.iter().map(|c| (c.outcome.clone(), c.duration_ms)).collect();
    let fail = |kind: &str| (CheckOutcome::Fail(kind.to_owned()), None);
    let pass = (CheckOutcome::Pass, Some(812.5));
    assert_eq!(seen, [pass, fail("status"), fail("timeout"), (CheckOutcome::Unknown, None)]);
    let record = r#"
        kind = "change"
        path = "/api/changes"
        rows = "rows[?kind != 'holiday']"
        time = "started_at"
        [change]
        id = "id"
        kind = "kind"
        started_at = "started_at"
        ended_at = "ended_at"
        templates = "templates"
        share = "share""#;
    let body = r#"{"rows":[{"id":"c1","kind":"campaign","ended_at":null,
        "started_at":"2026-11-20T08:00:00Z","templates":["pdp"],"share":0.3},
        {"id":"h","kind":"holiday","started_at":"2026-11-20T08:00:00Z"},
        {"id":"q","kind":"quiz","started_at":"2026-11-20T08:00:00Z","templates":"a, b"},
        {"id":"r","kind":"release","started_at":"2026-11-20T09:00:00Z"}]}"#;
    let out = read(record, body).expect("harvest");
    let kinds: Vec<_> = out.changes.iter().map(|c| (c.id.as_str(), c.kind)).collect();
    let read = [
        ("c1", ChangeKind::Campaign),
        ("q", ChangeKind::Config),
        ("r", ChangeKind::Deploy), // nothing takes a config back, and a release is no config
    ];
    assert_eq!(kinds, read);
    let told: Vec<_> = out.notes.iter().filter(|n| n.contains("change kind")).collect();
    assert!(told.len() == 1 && told[0].contains("`quiz` is not known"), "{told:?}");
    assert_eq!(out.changes[0].share_at(NOW), 0.3);
    assert_eq!(out.changes[1].templates.len(), 2);
}

#[test]
fn a_recorded_gatus_answer_reads_through_its_outer_rows() {
    let record = r#"
        kind = "check"
        path = "/api/v1/endpoints/statuses"
        each = "@"
        rows = "results"
        time = "timestamp"
        [check]
        journey = "^.name"
        location = "^.group"
        ok = "success"
        status = "status"
        duration = "duration"
        unit = "ns"
        message = "errors""#;
    let Some(text) = contract_text("gatus/statuses_pagination_first_result.json") else { return };
    let zero = replay(&config(record), &text).expect("year 1 is no time");
    assert!(zero.checks.is_empty() && !zero.notes.is_empty());
    let text = text.replace("0001-01-01", "2026-11-20");
    let out = replay(&config(record), &text).expect("harvest");
    assert_eq!(out.checks[0].outcome, CheckOutcome::Fail("assertion".to_owned()));
    assert_eq!(
        (out.checks[0].journey.as_str(), out.checks[0].location.as_str()),
        ("name", "group")
    );
    assert_eq!(out.checks[0].message, "error-1; error-2");
}

#[tokio::test]
async fn questions_hold_their_range_and_history_shrinks_when_too_large() {
    let mut server = Server::start(|seen| {
        let at = |name: &str| {
            let text = seen.line.split(&format!("{name}=")).nth(1).unwrap_or_default();
            text.split('&').next().and_then(|t| t.parse::<i64>().ok()).unwrap_or(0)
        };
        let days = (at("to") - at("from")) / 86_400;
        let filler = "x".repeat(if days >= 2 { 200_000 } else { 0 });
        let row = format!("{{\"t\":{},\"template\":\"a\",\"views\":5}}", at("from"));
        Reply::json(&format!("{{\"rows\":[{row}],\"filler\":\"{filler}\",\"bounds_ms\":[1]}}"))
    })
    .await;
    let mut config = config(RUM);
    config.url.clone_from(&server.url);
    config.max_body = Some(100_000);
    let mut source = build(&config, Span::from_mins(1)).expect("source");
    source.poll(NOW).await.expect("first");
    source.poll(NOW.plus(Span::from_mins(1))).await.expect("second");
    let seen: Vec<_> = server.requests().into_iter().map(|s| s.line).collect();
    assert_eq!(seen[0], "GET /api/rum?from=1795204380&to=1795207980&step=60");
    assert_eq!(seen[1], "GET /api/rum?from=1795207860&to=1795208040&step=60");
    source.history(NOW, 3);
    let mut starts = Vec::new();
    let mut refused = 0;
    while let Some(chunk) = source.next_history(|| std::time::Duration::ZERO).await {
        match chunk {
            Ok(chunk) => starts.extend(chunk.observations.first().map(|o| o.window)),
            Err(error) => refused += usize::from(error.is_heavy()),
        }
    }
    assert_eq!(refused, 1, "two days at once were too large");
    assert!(starts.len() > 2, "{starts:?}");
    assert!(starts[0].start > starts[1].start && starts[0].length() == Span::from_hours(1));
    let past = source.pasts();
    assert!(past.iter().all(|p| p.state == PastState::Read && p.days == 3), "{past:?}");
}

/// The record of docs/config.md for a status page.
const STATUS_PAGE: &str = r#"
kind = "change"
path = "/api/v2/incidents.json"
rows = "incidents[?impact != 'none']"
time = "created_at"
[change]
id = "join('-', ['paypal', id])"
kind = "'provider'"
service = "'paypal'"
version = "name"
started_at = "started_at || created_at"
rolled_back_at = "resolved_at"
templates = "['checkout']"
url = "shortlink"
"#;

#[test]
fn a_status_page_tells_since_when_a_provider_is_in_trouble() {
    let body = r#"{"page":{"id":"vml90k62t1xy","name":"PayPal","url":"https://paypal.example",
        "time_zone":"Etc/UTC","updated_at":"2026-11-20T03:20:11.010Z"},"incidents":[
        {"id":"p31zjtct2jer","name":"Elevated API errors","status":"identified",
         "created_at":"2026-11-20T03:09:39.441Z","updated_at":"2026-11-20T03:20:11.004Z",
         "monitoring_at":null,"resolved_at":null,"impact":"major",
         "shortlink":"https://stspg.example/Q0E","started_at":"2026-11-20T03:02:00.000Z",
         "page_id":"vml90k62t1xy","incident_updates":[
           {"body":"We see more errors.","created_at":"2026-11-20T03:09:39.503Z",
            "id":"jbg5hvr4lmvl","incident_id":"p31zjtct2jer","status":"investigating"}],
         "components":[{"id":"tbmpz46wd4n5","name":"API","status":"partial_outage"}]},
        {"id":"gsjqfrq4yn21","name":"Slow webhooks","status":"resolved","impact":"minor",
         "created_at":"2026-11-18T10:00:00.000-06:00","resolved_at":"2026-11-18T11:30:00.000-06:00",
         "started_at":null,"shortlink":"https://stspg.example/Q0F","components":[]},
        {"id":"c0ffee000001","name":"We moved our office","status":"resolved","impact":"none",
         "created_at":"2026-11-17T10:00:00.000Z","resolved_at":"2026-11-17T11:30:00.000Z",
         "started_at":"2026-11-17T10:00:00.000Z","shortlink":"","components":[]}]}"#;
    let out = read(STATUS_PAGE, body).expect("harvest");
    assert_eq!(out.notes, Vec::<String>::new());
    let [now, past] = &out.changes[..] else { panic!("{:#?}", out.changes) };
    assert_eq!((now.kind, now.service.as_str()), (ChangeKind::Provider, "paypal"));
    assert_eq!(now.id.as_str(), "paypal-p31zjtct2jer");
    assert_eq!(now.version, "Elevated API errors");
    assert_eq!(now.effective_at().to_string(), "2026-11-20T03:02:00.000Z");
    assert!(now.templates.contains("checkout") && now.rolled_back_at.is_none());
    assert!(!now.is_release(), "nobody here can take it back");
    assert_eq!(past.effective_at().to_string(), "2026-11-18T16:00:00.000Z");
    assert_eq!(
        past.rolled_back_at.map(|t| t.to_string()).as_deref(),
        Some("2026-11-18T17:30:00.000Z")
    );
}
