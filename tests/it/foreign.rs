//! A shop with other names connects by configuration alone: the TOML of docs/connect.md against a
//! real Prometheus that holds the past of a shop we never heard of.

use std::process::Command;

use serde_json::Value;

use crate::child::{Running, output};
use crate::foreign_shop::Story;
use crate::product::{json, open, tillwatch, told};
use crate::rust_text::root;
use crate::servers::{Server, home, host, job};
use crate::skip::program;
use crate::stub::Stub;
use crate::wait::{Deadline, eventually, pause, secs, unix_now};

const MINUTE: i64 = 60;
/// Prometheus' own scrape interval in the past; the questions ask for whole minutes.
const SCRAPE: i64 = 15;
const DAY: i64 = 86_400;

/// The first TOML block of docs/connect.md: what a new user copies.
pub fn documented_config() -> String {
    let page = std::fs::read_to_string(root().join("docs/connect.md")).expect("docs/connect.md");
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("a TOML block").to_owned()
}

struct Foreign {
    prometheus: Server,
    shop: Stub,
    story: Story,
}

/// Prometheus with two days of the foreign shop's past, scraping it live; none after a skip.
fn foreign(broken_for: i64) -> Option<Foreign> {
    let promtool = program("promtool")?;
    let now = unix_now();
    let story = Story { born: now - 2 * DAY, broken: now - broken_for };
    let shop = Stub::start(move |asked| {
        let text = match asked.path.split('?').next().unwrap_or_default() {
            "/metrics" => story.exposition(unix_now()),
            "/repos/acme/web/deployments" => story.deployments(),
            "/repos/acme/web/deployments/42/statuses" => story.statuses(42),
            "/repos/acme/web/deployments/41/statuses" => story.statuses(41),
            _ => return (404, "application/json", b"{}".to_vec()),
        };
        let kind = if text.starts_with('[') { "application/json" } else { "text/plain" };
        (200, kind, text.into_bytes())
    });
    let past = tempfile::tempdir().expect("a folder");
    let file = past.path().join("past.om");
    std::fs::write(&file, story.openmetrics(now, SCRAPE)).expect("written");
    let mut blocks = Command::new(promtool);
    blocks.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&file);
    let made = output({
        blocks.arg(past.path().join("data"));
        blocks
    });
    assert!(made.status.success(), "{}", told(&made));
    let jobs = job("pages", &[host(&shop.url)]) + "    honor_labels: true\n";
    let prometheus = Server::prometheus_with_past(&jobs, &past.path().join("data"))?;
    eventually("a live scrape", secs(20), || {
        (!prometheus.query("acme_payback_days").is_empty()).then_some(())
    });
    Some(Foreign { prometheus, shop, story })
}

fn board(foreign: &Foreign) -> Value {
    let home = home();
    let config = documented_config()
        .replace("http://127.0.0.1:9090", &foreign.prometheus.url)
        .replace("https://api.github.com", &foreign.shop.url);
    let path = home.path().join("tillwatch.toml");
    std::fs::write(&path, config).expect("written");
    let path = path.display().to_string();
    let _watcher = Running::start(tillwatch(home.path(), &["watch", "--config", &path]));
    let look = ["once", "--json", "--as", "observer", "--config", &path];
    let mut last = Value::Null;
    let deadline = Deadline::after(secs(150));
    while !deadline.passed() {
        let output = crate::child::output(tillwatch(home.path(), &look));
        if output.status.code() == Some(11) {
            last = json(&output);
            if open(&last).iter().any(|i| i["severity"] == 1) {
                break;
            }
        }
        pause(secs(1));
    }
    last
}

#[test]
fn the_documented_config_is_short() {
    assert!(documented_config().lines().count() <= 60);
}

#[test]
fn a_shop_with_other_names_gets_cells_findings_and_an_incident() {
    let Some(foreign) = foreign(10 * MINUTE) else { return };
    let board = board(&foreign);
    let cells = board["cells"].as_array().expect("cells");
    for metric in ["lcp", "page_load_success", "orders", "checkout_rate", "order_rate"] {
        assert!(cells.iter().any(|c| c["metric"] == metric), "no cell of {metric}: {cells:#?}");
    }
    let ours = |c: &&Value| c["segment"]["template"] == "checkout" && c["metric"] == "lcp";
    let cell = cells.iter().find(ours).expect("their page `pay` is our checkout");
    let p75 = cell["value"].as_f64().expect("a number");
    assert!((1_000.0..3_000.0).contains(&p75), "seconds became milliseconds: {cell:#}");
    let live = board["sources"].as_array().expect("sources");
    assert!(live.iter().all(|s| s["state"] == "live"), "{live:#?}");
    let worst = open(&board).first().map(|i| (*i).clone()).expect("an incident");
    assert_eq!(worst["severity"], 1, "{worst:#}");
    assert_eq!(worst["journey"], "checkout", "{worst:#}");
    assert!(worst["findings"].as_array().is_some_and(|f| !f.is_empty()), "{worst:#}");
    assert!(worst["revenue_at_risk"]["high"].as_f64().is_some_and(|m| m > 0.0), "{worst:#}");
    let named = worst["suspect"]["release"].as_str().unwrap_or_default();
    assert!(named.contains("2026.11.21-2") || named == "42", "{worst:#}");
    assert!(foreign.story.broken > foreign.story.born);
}

/// The whole block after the words, of docs/connect.md.
fn block_after(words: &str) -> String {
    let page = std::fs::read_to_string(root().join("docs/connect.md")).expect("docs/connect.md");
    let rest = page.split(words).nth(1).and_then(|rest| rest.split("```toml\n").nth(1));
    rest.and_then(|rest| rest.split("```").next()).expect("a TOML block").to_owned()
}

/// The questions of the block, and what each says of the raw counters, as a `promtool test`.
fn rule_test(rules: &str) -> String {
    let block: toml::Value =
        toml::from_str(&block_after("large: recording rules")).expect("the block is TOML");
    let queries = block["source"]["query"].as_array().expect("queries").clone();
    let expr = |i: usize, key: &str| {
        queries[i][key].as_str().expect("an expression").replace("$window", "3600s")
    };
    // two pods, four scrapes a minute, 1 and 3 events a second; a tenth of the pages fail
    let series = [
        ("acme_paint_seconds_bucket{page=\"item\",form_factor=\"phone\",le=\"2.5\",pod=\"a\"}", 15),
        ("acme_paint_seconds_bucket{page=\"item\",form_factor=\"phone\",le=\"2.5\",pod=\"b\"}", 45),
        ("acme_pages_total{page=\"item\",form_factor=\"phone\",outcome=\"ok\",pod=\"a\"}", 27),
        ("acme_pages_total{page=\"item\",form_factor=\"phone\",outcome=\"failed\",pod=\"a\"}", 3),
        ("acme_steps_total{step=\"visit\",pod=\"a\"}", 30),
        ("acme_steps_total{step=\"pay\",pod=\"a\"}", 15),
    ];
    let line = |(name, step): &(&str, i32)| {
        format!("      - series: '{name}'\n        values: '0+{step}x960'\n")
    };
    let input = series.iter().map(line).collect::<Vec<_>>().concat();
    let place = "form_factor=\"phone\", page=\"item\"";
    let told = [
        (expr(0, "expr"), format!("{{{place}, le=\"2.5\"}}"), 4 * 3600),
        (expr(1, "hits"), format!("{{{place}}}"), 9 * 720),
        (expr(1, "trials"), format!("{{{place}}}"), 2 * 3600),
        (expr(2, "expr"), "{step=\"visit\"}".to_owned(), 2 * 3600),
    ];
    let line = |(expr, labels, value): &(String, String, i32)| {
        format!(
            "      - expr: '{expr}'\n        eval_time: 3h30s\n        exp_samples:\n          \
             - labels: '{labels}'\n            value: {value}\n"
        )
    };
    let wanted = told.iter().map(line).collect::<Vec<_>>().concat();
    format!(
        "rule_files: ['{rules}']\nevaluation_interval: 1m\ntests:\n  - interval: 15s\n    \
         input_series:\n{input}    promql_expr_test:\n{wanted}"
    )
}

#[test]
fn the_recording_rules_answer_the_questions_that_are_documented_for_them() {
    let Some(promtool) = program("promtool") else { return };
    let rules = root().join("docs/recording-rules.yml").display().to_string();
    let home = home();
    let test = home.path().join("test.yml");
    std::fs::write(&test, rule_test(&rules)).expect("written");
    let mut check = Command::new(&promtool);
    check.args(["check", "rules", &rules]);
    let checked = output(check);
    assert!(checked.status.success(), "{}", told(&checked));
    let mut command = Command::new(promtool);
    command.args(["test", "rules"]).arg(&test);
    let tested = output(command);
    assert!(tested.status.success(), "{}", told(&tested));
}
