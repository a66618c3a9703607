//! Metrics pages: recorded ones of blackbox_exporter and Uptime Kuma, and counters over time.

use super::*;
use crate::domain::check::CheckOutcome;
use crate::domain::observation::Value;
use crate::source::config::Kind;
use crate::source::fixture::contract_text;
use crate::source::replay;

fn config(queries: &str) -> SourceConfig {
    let text =
        format!("name = \"p\"\nkind = \"exposition\"\nurl = \"http://127.0.0.1:1\"\n{queries}");
    toml::from_str(&text).expect("config")
}

const PROBE: &str = "[[query]]\nkind = \"check\"\nexpr = \"probe_success\"\n\
    journey = \"checkout\"\n\
    duration = \"probe_duration_seconds\"\nstatus = \"probe_http_status_code\"\n";

#[test]
fn recorded_probes_pass_and_fail_for_the_right_reason() {
    for (name, expected) in [
        ("probe_http_ok", None),
        ("probe_http_redirect", None),
        ("probe_http_timeout", Some("timeout")),
        ("probe_http_503", Some("status")),
    ] {
        let Some(text) = contract_text(&format!("blackbox_exporter/{name}.json")) else { return };
        let out = replay(&config(PROBE), &text).expect(name);
        let [check] = &out.checks[..] else { panic!("{name}: {:?}", out.checks) };
        match expected {
            None => assert!(check.outcome == CheckOutcome::Pass && check.duration_ms.is_some()),
            Some(kind) => {
                assert_eq!(check.outcome, CheckOutcome::Fail(kind.to_owned()), "{name}");
                assert_eq!(check.duration_ms, None, "{name}");
            }
        }
    }
    let text = contract_text("blackbox_exporter/probe_missing_target.json").expect("file");
    assert!(matches!(replay(&config(PROBE), &text), Err(SourceError::GiveUp { .. })));
}

#[test]
fn uptime_kuma_is_up_down_pending_or_in_maintenance() {
    let queries = "[[query]]\nkind = \"check\"\nexpr = \"monitor_status\"\nunit = \"ms\"\n\
        duration = \"monitor_response_time\"\njourney_label = \"monitor_name\"\n";
    let mut seen = std::collections::BTreeSet::new();
    for name in ["metrics", "metrics_maintenance_nan_spelled_Nan"] {
        let Some(text) = contract_text(&format!("uptime_kuma/{name}.json")) else { return };
        let out = replay(&config(queries), &text).expect(name);
        assert!(!out.notes.iter().any(|n| n.contains("lines not read")), "{:?}", out.notes);
        for check in out.checks {
            let passed = check.outcome == CheckOutcome::Pass;
            assert!(passed || check.duration_ms.is_none(), "{check:?}");
            seen.insert(format!("{:?} {:?}", check.outcome, check.duration_ms));
        }
    }
    assert!(seen.contains("Pass Some(231.0)"), "{seen:?}");
    assert!(seen.iter().any(|s| s.starts_with("Fail")), "{seen:?}");
    assert!(seen.contains("Unknown None"), "{seen:?}");
}

#[test]
fn counters_become_counts_ratios_and_histograms_of_full_buckets() {
    let queries = r#"
        [[query]]
        metric = "orders"
        kind = "count"
        expr = 'orders_total{env="prod"}'
        [[query]]
        metric = "js_error_rate"
        kind = "ratio"
        hits = "errors_total"
        trials = "views_total"
        absent_hits = "zero"
        [[query]]
        metric = "lcp"
        kind = "histogram"
        expr = "lcp_seconds"
        unit = "s"
        labels = { device = "dev" }
        [[query]]
        metric = "cac_payback"
        kind = "gauge"
        expr = "cac"
        unit = "days"
    "#;
    let mut reader = Reader::new(&config(queries), Span::from_mins(1)).expect("reader");
    let page = |k: f64| {
        read(&format!(
            "orders_total{{env=\"prod\"}} {}\norders_total{{env=\"dev\"}} 9e9\nviews_total {}\n\
             lcp_seconds_bucket{{dev=\"m\",le=\"2.5\"}} {}\n\
             lcp_seconds_bucket{{dev=\"m\",le=\"+Inf\"}} {}\n\
             lcp_seconds_count{{dev=\"m\"}} 1\ncac 41\n",
            100.0 + 6.0 * k,
            1000.0 + 60.0 * k,
            3.0 * k,
            5.0 * k,
        ))
    };
    let t0 = Timestamp::from_secs(1_795_207_980);
    let first = reader.take(&page(0.0), t0);
    assert!(first.observations.iter().all(|o| matches!(o.value, Value::Gauge(_))));
    let mut out = Harvest::default();
    for k in 1..=5 {
        out.absorb(reader.take(&page(f64::from(k)), t0.plus(Span::from_secs(i64::from(k) * 30))));
    }
    let values: Vec<_> = out
        .observations
        .iter()
        .filter(|o| o.window.end == t0.plus(Span::from_mins(2)))
        .map(|o| o.value.clone())
        .collect();
    let [orders, errors, lcp, cac] = &values[..] else { panic!("{values:?}") };
    assert_eq!(orders, &Value::Count(12.0));
    assert_eq!(errors, &Value::Ratio { hits: 0.0, trials: 120.0 });
    assert!(matches!(lcp, Value::Dist(h) if h.counts == [6.0, 4.0] && h.bounds[0] == 2500.0));
    assert_eq!(cac, &Value::Gauge(41.0));
}

#[test]
fn pages_that_are_none_are_refused() {
    let page = |body: &str| {
        page(&Answer { status: 200, body: body.as_bytes().to_vec(), ..Answer::default() })
    };
    assert!(matches!(page("<html>"), Err(SourceError::Denied { .. })));
    assert!(matches!(page(""), Err(SourceError::Malformed { .. })));
    assert!(matches!(page("{\"a\":1}"), Err(SourceError::Malformed { .. })));
    assert_eq!(SourceConfig::bare(Kind::Exposition).cap(), 32 << 20);
}
