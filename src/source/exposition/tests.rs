//! Metrics pages: recorded ones of blackbox_exporter and Uptime Kuma, and counters over time.

use super::*;
use crate::domain::check::CheckOutcome;
use crate::domain::observation::Value;
use crate::source::config::SourceKind;
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
    let mut reader = ScrapeReader::new(&config(queries), Span::from_mins(1)).expect("reader");
    let page = |k: f64| {
        read(&format!(
            "orders_total{{env=\"prod\"}} {}\norders_total{{env=\"dev\"}} 9e9\nviews_total {}\n\
             lcp_seconds_bucket{{dev=\"m\",le=\"2.5\"}} {}\n\
             lcp_seconds_bucket{{dev=\"m\",le=\"+Inf\"}} {}\n\
             lcp_seconds_count{{dev=\"m\"}} {}\ncac 41\n",
            100.0 + 6.0 * k,
            1000.0 + 60.0 * k,
            3.0 * k,
            5.0 * k,
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
        page(&HttpAnswer { status: 200, body: body.as_bytes().to_vec(), ..HttpAnswer::default() })
    };
    assert!(matches!(page("<html>"), Err(SourceError::Denied { .. })));
    assert!(matches!(page(""), Err(SourceError::Malformed { .. })));
    assert!(matches!(page("{\"a\":1}"), Err(SourceError::Malformed { .. })));
    assert_eq!(SourceConfig::bare(SourceKind::Exposition).cap(), 32 << 20);
}

/// What a reader makes of `pages`, half a minute apart.
fn told(queries: &str, pages: impl IntoIterator<Item = String>) -> Harvest {
    let mut reader = ScrapeReader::new(&config(queries), Span::from_mins(1)).expect("reader");
    let t0 = Timestamp::from_secs(1_795_207_980);
    let mut out = Harvest::default();
    for (n, page) in (0_i64..).zip(pages) {
        out.absorb(reader.take(&read(&page), t0.plus(Span::from_secs(30 * n))));
    }
    out
}

const SPEED: &str = "[[query]]\nmetric = \"lcp\"\nkind = \"histogram\"\nunit = \"s\"\n\
    expr = \"lcp_seconds\"\n";

#[test]
fn exposition_01_a_run_or_reading_of_three_hours_ago_is_none_of_now() {
    let t0 = Timestamp::from_secs(1_795_207_980);
    let old = t0.minus(Span::from_hours(3)).millis();
    let queries = "[[query]]\nkind = \"check\"\nexpr = \"probe_success\"\n\
        journey_label = \"instance\"\n[[query]]\nmetric = \"service_queue\"\nkind = \"gauge\"\n\
        expr = \"queue\"\nsegment = { service = \"cart\" }\n";
    let page = |_| format!("probe_success{{instance=\"pay\"}} 1 {old}\nqueue 7 {old}\n");
    let out = told(queries, (0..6).map(page));
    assert!(out.checks.is_empty() && out.observations.is_empty(), "{out:?}");
    let stale = |f: &&Flaw| matches!(f, Flaw::Times { stale, .. } if *stale > 0);
    assert!(out.flaws.iter().filter(stale).count() >= 2, "{:?}", out.flaws);
    let ahead = t0.plus(Span::from_hours(1)).millis();
    let page = |_| format!("probe_success{{instance=\"pay\"}} 1 {ahead}\nqueue 7 {ahead}\n");
    let out = told(queries, (0..3).map(page));
    assert!(out.checks.is_empty() && out.observations.is_empty(), "{out:?}");
    assert!(out.flaws.iter().any(|f| matches!(f, Flaw::Times { ahead, .. } if *ahead > 0)));
    // Two minutes old and stuck: a run of then, told once, and a number of then.
    let then = t0.minus(Span::from_mins(2)).millis();
    let page = |_| format!("probe_success{{instance=\"pay\"}} 1 {then}\nqueue 7 {then}\n");
    let out = told(queries, (0..4).map(page));
    assert!(out.checks.iter().all(|c| c.at.millis() == then), "{:?}", out.checks);
    let ends = out.observations.iter().map(|o| o.window.end);
    assert!(ends.clone().count() > 0 && ends.clone().all(|e| e.millis() <= then), "{out:?}");
}

#[test]
fn exposition_04_without_an_end_the_count_says_how_many_there_were() {
    let page = |k: i32| {
        let k = f64::from(k);
        format!(
            "lcp_seconds_bucket{{le=\"1\"}} {}\nlcp_seconds_bucket{{le=\"2.5\"}} {}\n\
             lcp_seconds_count {}\n",
            50.0 * k,
            60.0 * k,
            100.0 * k
        )
    };
    let out = told(SPEED, (1..8).map(page));
    let dists = out.observations.iter().map(|o| match &o.value {
        Value::Dist(h) => (h.total(), h.quantile(0.75).map(|q| q.low)),
        other => panic!("{other:?}"),
    });
    let dists: Vec<_> = dists.collect();
    assert!(!dists.is_empty() && dists.iter().all(|d| *d == (200.0, Some(2500.0))), "{dists:?}");
}

#[test]
fn exposition_04_parts_that_disagree_are_told_and_not_judged() {
    let with = |end: &'static str| {
        move |k: i32| {
            let k = f64::from(k);
            let end = end.replace('N', &(100.0 * k).to_string());
            format!(
                "lcp_seconds_bucket{{le=\"1\"}} {}\nlcp_seconds_bucket{{le=\"2.5\"}} {}\n{end}",
                50.0 * k,
                60.0 * k
            )
        }
    };
    for end in ["", "lcp_seconds_bucket{le=\"+Inf\"} N\nlcp_seconds_count 7\n"] {
        let out = told(SPEED, (1..8).map(with(end)));
        let judged = out.observations.iter().filter(|o| matches!(o.value, Value::Dist(_)));
        assert_eq!(judged.count(), 0, "{end}");
        assert!(out.notes.iter().any(|n| n.contains("not judged")), "{end}: {:?}", out.notes);
    }
    // A bucket that alone falls back is no restart of the whole.
    let page = |k: i32| {
        let first = if k == 4 { 30 } else { 50 * k };
        format!(
            "lcp_seconds_bucket{{le=\"1\"}} {first}\nlcp_seconds_bucket{{le=\"+Inf\"}} {}\n",
            51 * k
        )
    };
    let out = told(SPEED, (1..12).map(page));
    for o in &out.observations {
        let fast = matches!(&o.value, Value::Dist(h) if h.total() > 110.0);
        assert!(!fast, "{o:?}");
    }
}

#[test]
fn exposition_02_an_order_counter_that_is_away_for_a_scrape_is_about_120_a_minute() {
    let orders = [Some(1_000_000), Some(1_000_060), None, Some(1_000_180), Some(1_000_240)];
    let page = |n: Option<i64>| {
        let orders = n.map_or_else(String::new, |n| format!("orders_total{{env=\"prod\"}} {n}\n"));
        format!("{orders}views_total 5000\n")
    };
    let query = "[[query]]\nmetric = \"orders\"\nkind = \"count\"\n\
        expr = 'orders_total{env=\"prod\"}'\n";
    let out = told(query, orders.map(page));
    let counts: Vec<_> = out.observations.iter().map(|o| o.value.clone()).collect();
    assert_eq!(counts, [Value::Count(120.0)], "the one minute seen from its start");
}

#[test]
fn a_series_whose_name_needs_quoting_can_be_selected() {
    for expr in [
        "{\"http.orders total\", env=\"prod\"}",
        "{ env = \"prod\", \"http.orders total\" }",
        "{\"http.orders total\", \"env\"=\"prod\"}",
        "{__name__=\"http.orders total\", \"env\"!=\"dev\"}",
    ] {
        let selector = Selector::parse(expr).expect(expr);
        let page = read(
            "{\"http.orders total\",env=\"prod\"} 3\n{\"http.orders total\",env=\"dev\"} 4\n\
             other{env=\"prod\"} 5\n",
        );
        let taken: Vec<f64> =
            page.samples.iter().filter(|s| selector.takes(s, "")).map(|s| s.value).collect();
        assert_eq!(taken, [3.0], "{expr}");
    }
}
