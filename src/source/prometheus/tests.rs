//! Prometheus: recorded answers, the questions asked, history, and servers that are not well.

use super::*;
use crate::domain::metric::Metric;
use crate::domain::observation::{Missing, Value};
use crate::domain::segment::Dim;
use crate::source::config::SourceKind;
use crate::source::fixture::{Reply, Server, contract_text};
use crate::source::{build, replay};

const NOW: Timestamp = Timestamp::from_secs(1_795_208_010);

fn recorded(name: &str) -> Option<Result<Harvest, SourceError>> {
    let folder = if name.contains('/') { "" } else { "prometheus/" };
    let text = contract_text(&format!("{folder}{name}.json"))?;
    Some(replay(&SourceConfig::bare(SourceKind::Prometheus), &text))
}

#[test]
fn no_numbers_are_missing_with_their_reason_and_label_text_survives() {
    let Some(out) = recorded("query_nan_and_inf") else { return };
    let out = out.expect("harvest");
    let values: Vec<_> = out.observations.iter().map(|o| o.value.clone()).collect();
    for value in [
        Value::Gauge(0.0312),
        Value::Gauge(1e-9),
        Value::Missing(Missing::NotANumber),
        Value::Missing(Missing::Infinite(false)),
        Value::Missing(Missing::Infinite(true)),
    ] {
        assert!(values.contains(&value), "{value:?}");
    }
    assert_eq!(values.len(), 5);
    let odd = out.observations.iter().find(|o| o.value == Value::Gauge(1e-9)).expect("row");
    assert_eq!(odd.segment.get(Dim::Template).as_str(), "landing/été-☀");
    assert_eq!(odd.segment.get(Dim::Customer).as_str(), "new \"vip\"");
}

#[test]
fn nothing_is_no_data_and_not_an_error() {
    for name in ["query_empty_vector", "range_empty", "victoriametrics/query_empty"] {
        let Some(out) = recorded(name) else { return };
        let out = out.expect(name);
        assert!(out.is_empty() && out.notes.iter().any(|n| n.ends_with("no data")), "{name}");
    }
}

#[test]
fn a_range_is_aligned_by_time() {
    let Some(out) = recorded("range_p75_by_template_device") else { return };
    let out = out.expect("harvest");
    assert_eq!(out.observations.len(), 30);
    let worst = out.observations.iter().filter_map(|o| match o.value {
        Value::Gauge(v) => Some((v, o.segment.to_string(), o.window.length())),
        _ => None,
    });
    let worst = worst.max_by(|a, b| a.0.total_cmp(&b.0)).expect("values");
    assert!(worst.0 > 6700.0 && worst.1.contains("checkout") && worst.1.contains("mobile"));
    assert_eq!(worst.2, Span::from_secs(3));
}

#[test]
fn native_histograms_are_distributions() {
    for name in ["query_native_histogram_vector", "range_native_histograms"] {
        let Some(out) = recorded(name) else { return };
        let out = out.expect(name);
        let last = out.observations.last().expect(name);
        let Value::Dist(h) = &last.value else { panic!("{name}: {last:?}") };
        assert_eq!((last.metric, h.total()), (Metric::Inp, 350.0), "{name}");
    }
}

#[test]
fn each_recorded_failure_says_what_to_do() {
    let class = |name: &str| {
        let error = recorded(name)?.expect_err(name);
        Some(match error {
            SourceError::Starting { .. } => "starting",
            SourceError::GiveUp { .. } => "give up",
            SourceError::Retry { .. } => "retry",
            SourceError::Malformed { .. } => "malformed",
            SourceError::Denied { .. } => "denied",
        })
    };
    for (name, expected) in [
        ("error_503_starting_plain_text", "starting"),
        ("v3_error_tsdb_not_ready", "starting"),
        ("error_404_unknown_path", "give up"),
        ("error_422_many_to_many", "give up"),
        ("error_400_parse", "give up"),
        ("victoriametrics/error_parse", "give up"),
        ("error_400_too_many_points", "give up"),
        ("error_503_timeout", "retry"),
    ] {
        let Some(found) = class(name) else { return };
        assert_eq!(found, expected, "{name}");
    }
    let many = recorded("error_422_many_to_many").and_then(Result::err).expect("error");
    assert!(many.why().contains("found duplicate series"), "{many}");
}

#[test]
fn warnings_are_partial_and_infos_are_not() {
    let Some(out) = recorded("partial_response_warnings") else { return };
    let out = out.expect("harvest");
    assert!(out.partial && out.observations.iter().all(|o| o.quality.partial));
    let infos = recorded("infos_only_is_not_partial").expect("file").expect("harvest");
    assert!(!infos.partial && infos.observations.iter().all(|o| !o.quality.partial));
}

#[test]
fn other_recorded_answers_decode() {
    for (name, rows) in [
        ("query_scalar", 1),
        ("query_vector_p75_by_template_device", 6),
        ("query_vector_probe_success", 4),
        ("post_form_query", 3),
        ("v3_query_vector", 2),
        ("victoriametrics/query_vector", 4),
        ("victoriametrics/query_prometheus_prefix", 1),
    ] {
        let Some(out) = recorded(name) else { return };
        let out = out.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(out.observations.len() + out.checks.len() >= 1, "{name}");
        let found = out.observations.len() + out.checks.len();
        assert!(found <= rows, "{name}: {found}");
    }
}

fn config(url: &str, queries: &str) -> SourceConfig {
    let text = format!(
        "name = \"p\"\nkind = \"prometheus\"\nurl = \"{url}\"\nscrape = \"15s\"\n{queries}"
    );
    toml::from_str(&text).expect("config")
}

const ORDERS: &str = "[[query]]\nmetric = \"orders\"\nkind = \"count\"\n\
                      expr = \"sum(increase(orders[$window]))\"\n";

fn matrix(points: &str) -> Reply {
    let result = format!("{{\"metric\":{{}},\"values\":[{points}]}}");
    let body = "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[";
    Reply::json(&format!("{body}{result}]}}}}"))
}

fn field(body: &str, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    pairs.into_owned().find(|(k, _)| k == name).map(|(_, v)| v).unwrap_or_default()
}

#[tokio::test]
async fn questions_are_aligned_and_overlap_the_last_full_window() {
    let mut server = Server::start(|_| matrix("[1795207980,\"3\"]")).await;
    let config = config(&format!("{}/prefix", server.url), ORDERS);
    let mut source = build(&config, Span::from_mins(1)).expect("source");
    let out = source.poll(NOW).await.expect("harvest");
    assert_eq!(out.observations[0].value, Value::Count(3.0));
    assert_eq!(out.observations[0].window.end, NOW.floor(Span::from_mins(1)));
    source.poll(NOW.plus(Span::from_mins(2))).await.expect("second");
    let seen = server.requests();
    assert_eq!(seen[0].line, "POST /prefix/api/v1/query_range");
    let of = |i: usize, name| field(&seen[i].body, name);
    assert_eq!(of(0, "query"), "sum(increase(orders[60s]))");
    assert_eq!((of(0, "start"), of(0, "end")), ("1795204380.000".into(), "1795207980.000".into()));
    assert_eq!((of(1, "start"), of(1, "end")), ("1795207920.000".into(), "1795208100.000".into()));
    assert_eq!(of(1, "step"), "60");
}

#[tokio::test]
async fn lookbacks_of_many_large_questions_come_one_poll_after_the_other() {
    let mut server = Server::start(|seen| {
        let number = |name| field(&seen.body, name).parse::<f64>().expect("a number") as i64;
        let times = (number("start")..=number("end")).step_by(60);
        let points: Vec<String> = times.map(|t| format!("[{t},\"1\"]")).collect();
        let points = points.join(",");
        let row = |i: i32| format!("{{\"metric\":{{\"page\":\"{i}\"}},\"values\":[{points}]}}");
        let rows: Vec<String> = (0..700).map(row).collect();
        let body = "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[";
        Reply::json(&format!("{body}{}]}}}}", rows.join(",")))
    })
    .await;
    let views = |metric: &str| {
        format!(
            "[[query]]\nmetric = \"{metric}\"\nkind = \"count\"\nexpr = \"x\"\n\
             labels = {{ template = \"page\" }}\n"
        )
    };
    let both = config(&server.url, &(views("page_views") + &views("sessions")));
    let mut source = build(&both, Span::from_mins(1)).expect("source");
    let windows = |seen: &[crate::source::fixture::SeenRequest]| -> Vec<i64> {
        let number = |s: &str| s.split('.').next().and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
        let of = |s: &crate::source::fixture::SeenRequest| {
            (number(&field(&s.body, "end")) - number(&field(&s.body, "start"))) / 60 + 1
        };
        seen.iter().map(of).collect()
    };
    source.poll(NOW).await.expect("first");
    assert_eq!(windows(&server.requests()), [61, 4], "the second has no room for its hour");
    source.poll(NOW.plus(Span::from_mins(1))).await.expect("second");
    assert_eq!(windows(&server.requests()), [3, 58], "as far as 40,000 values reach");
    source.poll(NOW.plus(Span::from_mins(2))).await.expect("third");
    assert_eq!(windows(&server.requests()), [3, 3]);
}

#[tokio::test]
async fn one_refused_query_does_not_spoil_the_others() {
    let server = Server::start(|seen| {
        if field(&seen.body, "query").contains("bad") {
            let body = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse\"}";
            return Reply::new(400, "content-type: application/json\r\n", body);
        }
        matrix("[1795207980,\"3\"]")
    })
    .await;
    let bad = "[[query]]\nmetric = \"sessions\"\nkind = \"count\"\nexpr = \"bad\"\n";
    let both = config(&server.url, &format!("{bad}{ORDERS}"));
    let mut source = build(&both, Span::from_mins(1)).expect("source");
    let out = source.poll(NOW).await.expect("harvest");
    assert!(out.partial && out.observations.len() == 1);
    assert!(out.notes.iter().any(|n| n.contains("query refused: bad_data: parse")), "{out:?}");
    let mut alone = build(&config(&server.url, bad), Span::from_mins(1)).expect("source");
    assert!(matches!(alone.poll(NOW).await, Err(SourceError::GiveUp { .. })));
}

mod real;

#[test]
fn a_large_matrix_decodes_without_a_tree_of_values() {
    let mut body =
        String::from("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[");
    for series in 0..6000 {
        if series > 0 {
            body.push(',');
        }
        let row =
            format!("{{\"metric\":{{\"i\":\"{series}\"}},\"values\":[[1795207980,\"1.5\"]]}}");
        body.push_str(&row);
    }
    body.push_str("]}}");
    let answer = crate::source::answer::HttpAnswer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: body.into_bytes(),
    };
    let read = wire::decode(&answer).expect("decoded");
    assert_eq!((read.lines.len(), read.truncated), (5000, true));
}
