//! Prometheus as real servers speak: annotations by version, slow scrapes, nulls, cut answers.
//! Each test names the case it stands for.

use super::*;

fn with(more: &str) -> crate::source::answer::HttpAnswer {
    let row = "{\"metric\":{},\"values\":[[1795207980,\"1.5\"],[1795208040,null]]}";
    let body = format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{row}]}}{more}}}"
    );
    let headers = [("content-type".to_owned(), "application/json".to_owned())].into();
    crate::source::answer::HttpAnswer { status: 200, headers, body: body.into_bytes() }
}

#[test]
fn prometheus_06_advice_makes_no_answer_partial_in_whatever_list_it_stands() {
    let advice = "\"PromQL info: metric might not be a counter, name does not end in \
                  _total/_sum/_count/_bucket: \\\"sessions\\\" (1:14)\"";
    let lacks = "\"No StoreAPIs matched for this query\"";
    for (more, partial, words) in [
        (format!(",\"warnings\":[{advice}]"), false, "the server remarks: PromQL info"),
        (format!(",\"infos\":[{advice}]"), false, "the server remarks: PromQL info"),
        (",\"warnings\":[\"PromQL warning: mix\"]".to_owned(), false, "PromQL warning"),
        (format!(",\"warnings\":[{lacks}]"), true, "lacks something: No StoreAPIs"),
        (format!(",\"warnings\":[{advice},{lacks}]"), true, "lacks something: No StoreAPIs"),
        (",\"warnings\":null,\"infos\":[]".to_owned(), false, ""),
        (",\"warnings\":[\"results truncated due to limit\"]".to_owned(), false, "truncated"),
    ] {
        let read = wire::decode(&with(&more)).expect("decoded");
        assert_eq!(read.partial, partial, "{more}");
        let first = read.says.first().map_or("", String::as_str);
        assert!(first.contains(words), "{more}: {:?}", read.says);
    }
}

#[tokio::test]
async fn prometheus_06_the_remark_is_told_and_the_source_is_whole() {
    let server = Server::start(|_| {
        Reply::json(
            "{\"status\":\"success\",\"warnings\":[\"PromQL info: metric might not be a \
             counter\"],\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\
             \"values\":[[1795207980,\"3\"]]}]}}",
        )
    })
    .await;
    let mut source = build(&config(&server.url, ORDERS), Span::from_mins(1)).expect("source");
    let out = source.poll(NOW).await.expect("harvest");
    assert!(!out.partial && out.observations.iter().all(|o| !o.quality.partial), "{out:?}");
    assert!(out.notes.iter().any(|n| n.contains("metric might not be a counter")), "{out:?}");
}

#[tokio::test]
async fn prometheus_10_a_null_is_missing_and_told_with_its_number() {
    let server = Server::start(|_| matrix("[1795207920,\"2\"],[1795207980,null]")).await;
    let mut source = build(&config(&server.url, ORDERS), Span::from_mins(1)).expect("source");
    let out = source.poll(NOW).await.expect("harvest");
    let last = out.observations.last().expect("two windows");
    assert_eq!(last.value, Value::Missing(Missing::NotANumber));
    assert!(out.notes.iter().any(|n| n.contains("1 of 2 values are no numbers")), "{out:?}");
}

/// A server whose one counter gets 2 a second, scraped every `scrape` seconds.
async fn scraped(scrape: i64) -> Server {
    Server::start(move |seen| {
        let query = field(&seen.body, "query");
        let number = |name| field(&seen.body, name).parse::<f64>().expect("a number") as i64;
        let times = (number("start")..=number("end")).step_by(number("step") as usize);
        let newest = |t: i64| t - t.rem_euclid(scrape);
        let point = |t: i64| -> Option<String> {
            if query.starts_with("topk(1, count_over_time(orders[") {
                return Some(format!("[{t},\"9\"]"));
            }
            if query.starts_with("timestamp(orders{") {
                return Some(format!("[{t},\"{}\"]", newest(t)));
            }
            let range = query.split('[').nth(1)?.split('s').next()?.parse::<i64>().ok()?;
            let first = newest(t - range) + scrape;
            let held = (newest(t) - first) / scrape + 1;
            (held >= 2).then(|| format!("[{t},\"{}\"]", 2 * range))
        };
        let points: Vec<String> = times.filter_map(point).collect();
        let row = format!("{{\"metric\":{{\"pod\":\"a\"}},\"values\":[{}]}}", points.join(","));
        let rows = if points.is_empty() { String::new() } else { row };
        Reply::json(&format!(
            "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{rows}]}}}}"
        ))
    })
    .await
}

#[tokio::test]
async fn prometheus_09_the_range_follows_the_scrapes_measured_or_told() {
    for scrape in [5, 15, 30, 60, 120, 300] {
        for told in ["", "scrape = \"15s\"\n", &format!("scrape = \"{scrape}s\"\n")] {
            let server = scraped(scrape).await;
            let text = format!(
                "name = \"p\"\nkind = \"prometheus\"\nurl = \"{}\"\n{told}{ORDERS}",
                server.url
            );
            let config: SourceConfig = toml::from_str(&text).expect("config");
            let mut source = build(&config, Span::from_mins(1)).expect("source");
            let out = source.poll(NOW).await.expect("harvest");
            assert!(out.observations.len() >= 60, "{scrape} {told}: {:?}", out.notes);
            let all = out.observations.iter().all(|o| o.value == Value::Count(120.0));
            assert!(all, "{scrape} {told}: {:?}", out.observations.last());
            let notes = out.notes.join("\n");
            let wrong = scrape > 20 && told.contains("15s");
            let said = source.remarks().await.join("\n") + &notes;
            assert_eq!(said.contains("write scrape ="), wrong, "{scrape} {told}: {said}");
        }
    }
}

#[tokio::test]
async fn prometheus_09_what_matches_nothing_is_named() {
    let empty = "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}";
    let server = Server::start(move |_| Reply::json(empty)).await;
    let mut source = build(&config(&server.url, ORDERS), Span::from_mins(1)).expect("source");
    let out = source.poll(NOW).await.expect("harvest");
    assert!(out.notes.iter().any(|n| n.contains("no series matches orders")), "{:?}", out.notes);
}

#[tokio::test]
async fn prometheus_09_one_failed_run_of_a_slow_probe_is_one_failure() {
    let mut server = Server::start(|_| matrix("[1795207980,\"0\"]")).await;
    let probe = "[[query]]\nkind = \"check\"\nexpr = \"probe_success\"\njourney = \"checkout\"\n";
    let text = format!(
        "name = \"p\"\nkind = \"prometheus\"\nurl = \"{}\"\nscrape = \"5m\"\n{probe}",
        server.url
    );
    let config: SourceConfig = toml::from_str(&text).expect("config");
    let mut source = build(&config, Span::from_mins(1)).expect("source");
    source.poll(NOW).await.expect("harvest");
    assert_eq!(field(&server.requests()[0].body, "step"), "300");
}

#[tokio::test]
async fn config_11_an_address_that_was_pasted_from_a_page_or_the_api_works() {
    let mut server = Server::start(|_| matrix("[1795207980,\"3\"]")).await;
    let host = server.url.clone();
    let bare = host.trim_start_matches("http://").to_owned();
    for (url, path) in [
        (format!("{host}/prometheus/api/v1"), "/prometheus"),
        (format!("{host}/prometheus/api/v1/query_range?query=up"), "/prometheus"),
        (format!("{host}/prometheus/graph"), "/prometheus"),
        (format!("{host}/prometheus/graph?g0.expr=up&g0.tab=1"), "/prometheus"),
        (format!("{host}/query"), ""),
        (format!("{host}/classic/graph"), ""),
        (format!("{host}/prometheus/"), "/prometheus"),
        (format!("{host}/prometheus"), "/prometheus"),
        (bare.clone(), ""),
        (format!("{bare}/prometheus/"), "/prometheus"),
    ] {
        let mut source = build(&config(&url, ORDERS), Span::from_mins(1)).expect("source");
        let out = source.poll(NOW).await.unwrap_or_else(|e| panic!("{url}: {e}"));
        assert_eq!(out.observations.len(), 1, "{url}");
        let line = format!("POST {path}/api/v1/query_range");
        assert!(server.requests().iter().all(|s| s.line == line), "{url}");
    }
}
