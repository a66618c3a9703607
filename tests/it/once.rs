//! `once --json` and the exit codes: what scripts rely on.
//! The fields are those of docs/board.md; that page and the program must name the same ones.

use serde_json::Value;

use crate::configs::shop_config;
use crate::product::{json, open, run, told};
use crate::rust_text::root;
use crate::servers::home;
use crate::shopd::Shop;
use crate::stub::Stub;
use crate::wait::unix_now;

const TOP: [&str; 22] = [
    "schema",
    "generated_at",
    "site",
    "watcher",
    "incidents",
    "cells",
    "releases",
    "impacts",
    "journeys",
    "guardrails",
    "funnel",
    "checklist",
    "sources",
    "notices",
    "speed",
    "kill_switch",
    "judged_until",
    "learning",
    "fresh_for",
    "policy",
    "standing",
    "says",
];

#[test]
fn a_calm_shop_ends_with_0_and_one_whole_document() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day", "--seed", "3"]);
    let config = shop_config(home.path(), &shop);
    let output = run(home.path(), &["once", "--json", "--config", &config]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let board = json(&output);
    assert_eq!(board["schema"], "tillwatch/board/1");
    let fields: Vec<&str> =
        board.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, TOP);
    for list in ["cells", "releases", "sources", "guardrails", "funnel", "journeys"] {
        assert!(board[list].as_array().is_some_and(|l| !l.is_empty()), "no {list}");
    }
    assert!(open(&board).is_empty());
    // at the quiet hours of this shop a row may need minutes more to see a fall
    let says = board["says"].as_str().unwrap_or_default();
    let rows = board["guardrails"].as_array().expect("rows");
    let few = rows.iter().any(|g| g["exposure"] == "high" && g["judged"] == "undecided");
    let expected = if few { "unsure" } else { "calm" };
    assert_eq!(board["standing"], expected, "{says}");
    assert_eq!(says.contains("there is no verdict on "), few, "{says}");
    times_are_utc(&board);
}

/// Every field that ends in `_at` is RFC 3339 in UTC, or null.
fn times_are_utc(value: &Value) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            if key.ends_with("_at") && !inner.is_null() {
                let text = inner.as_str().unwrap_or_default();
                assert!(chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{key}: {inner}");
                assert!(text.ends_with('Z'), "{key}: {inner}");
            }
            times_are_utc(inner);
        }),
        Value::Array(list) => list.iter().for_each(times_are_utc),
        _ => {}
    }
}

#[test]
fn an_outage_is_a_sev_1_ends_with_11_and_jq_can_list_it() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day", "--seed", "7"]);
    shop.inject("checkout-outage");
    let config = shop_config(home.path(), &shop);
    let output = loop_until_sev1(home.path(), &config);
    let board = json(&output);
    let worst = open(&board)[0].clone();
    let fields =
        ["id", "state", "headline", "ack_due_at", "decide_due_at", "opened_at", "onset_at"];
    assert!(fields.iter().all(|f| worst[f].is_string()), "{worst:#}");
    let money = &worst["revenue_at_risk"];
    assert!(money["low"].as_f64() <= money["high"].as_f64(), "{money}");
    assert_eq!(money["currency"], "EUR");
    assert!(
        worst["findings"].as_array().is_some_and(|f| f.iter().any(|f| f["verdict"] == "breach"))
    );
    jq(&output.stdout, ".incidents[].headline, .cells[].metric, .releases[].id, .sources[].state");
}

/// `once --wait` ends with the first open incident, which may still grow: it is asked again until
/// the outage is the Sev 1 it is. Each answer on the way has the exit code of what it prints.
fn loop_until_sev1(home: &std::path::Path, config: &str) -> std::process::Output {
    let args = ["once", "--json", "--wait", "100", "--config", config];
    crate::wait::eventually("a Sev 1", crate::wait::secs(300), || {
        let output = run(home, &args);
        let board = json(&output);
        assert_eq!(output.status.code(), Some(exit_code(&board)), "{}", told(&output));
        Some(output).filter(|_| worst(&board) == Some(1))
    })
}

fn worst(board: &Value) -> Option<u64> {
    open(board).iter().filter_map(|i| i["severity"].as_u64()).min()
}

/// Of several codes one is told: 11 before 4 before 10 before 0.
fn exit_code(board: &Value) -> i32 {
    let sources = board["sources"].as_array().expect("sources");
    let blind = sources.is_empty() || sources.iter().any(|s| s["state"] == "blind");
    match worst(board) {
        Some(1 | 2) => 11,
        _ if blind => 4,
        Some(_) => 10,
        None => 0,
    }
}

fn jq(document: &[u8], filter: &str) {
    let Some(program) = crate::skip::program("jq") else { return };
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), document).expect("written");
    let mut command = std::process::Command::new(program);
    command.args(["-e", filter]).arg(file.path());
    let output = crate::child::output(command);
    assert!(output.status.success(), "{}", told(&output));
}

#[test]
fn a_dead_source_ends_with_4() {
    let home = home();
    let config = {
        let shop = Shop::start(home.path(), &["--scenario", "calm-day"]);
        shop_config(home.path(), &shop)
    };
    let output = run(home.path(), &["once", "--json", "--wait", "2", "--config", &config]);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    let board = json(&output);
    let sources = board["sources"].as_array().expect("sources");
    assert!(sources.iter().all(|s| s["state"] != "live" && s["error"].is_string()), "{sources:#?}");
}

#[test]
fn what_cannot_be_understood_ends_with_2_and_names_the_line() {
    let home = home();
    let path = home.path().join("bad.toml");
    std::fs::write(&path, "[shop]\ncurency = \"EUR\"\n").expect("written");
    let path = path.display().to_string();
    for args in [["once", "--config", &path], ["check", "--config", &path]] {
        let output = run(home.path(), &args);
        let text = told(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
        assert!(text.contains("bad.toml:2") && text.contains("curency"), "{text}");
        assert!(text.contains("currency"), "no suggestion: {text}");
    }
    assert_eq!(run(home.path(), &["no-such-command"]).status.code(), Some(2));
    let gone = home.path().join("none.toml").display().to_string();
    assert_eq!(run(home.path(), &["once", "--config", &gone]).status.code(), Some(2));
}

#[test]
fn a_journal_out_of_reach_ends_with_5() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day"]);
    let config = shop_config(home.path(), &shop);
    let journal = "sqlite:/proc/no/such/journal.db";
    let output = run(home.path(), &["ack", "INC-1", "--config", &config, "--journal", journal]);
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
}

#[test]
fn without_a_config_it_says_so_and_offers_the_demo() {
    let home = home();
    let output = run(home.path(), &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    let first = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("").to_owned();
    assert!(text.contains("tillwatch demo") && text.contains("tillwatch init"), "{text}");
    assert!(first.contains("config"), "{text}");
}

#[test]
fn the_documented_fields_are_the_real_ones() {
    let page = std::fs::read_to_string(root().join("docs/board.md")).expect("docs/board.md");
    for field in TOP {
        let named = page.contains(&format!("`{field}`")) || page.contains(&format!("`{field}[]`"));
        assert!(named, "docs/board.md does not name `{field}`");
    }
}

/// Half an answer is no good answer: `check` says which part did not come and ends with 1.
#[test]
fn a_check_whose_question_was_refused_fails() {
    let server = Stub::start(|asked| {
        let refused = r#"{"status":"error","errorType":"bad_data","error":"no such function"}"#;
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        let row = serde_json::json!({ "metric": {}, "values": [[unix_now() - 60, "7"]] });
        let data = serde_json::json!({ "resultType": "matrix", "result": [row] });
        let series = serde_json::json!({ "status": "success", "data": data }).to_string();
        let (code, body) = match (asked.path.as_str(), asked.body.as_str()) {
            (path, body) if path.contains("nonsense") || body.contains("nonsense") => {
                (400, refused.to_owned())
            }
            (path, _) if path.contains("query_range") => (200, series),
            _ => (200, vector.to_owned()),
        };
        (code, "application/json", body.into_bytes())
    });
    let home = home();
    let path = home.path().join("tillwatch.toml");
    let config = |second: &str| {
        format!(
            "[[source]]\nname = \"p\"\nkind = \"prometheus\"\nurl = \"{}\"\npast = \"0s\"\n\
             scrape = \"15s\"\nquery = [\n  {{ metric = \"orders\", kind = \"count\", expr = \
             'increase(a[$window])' }},\n{second}]\n",
            server.url
        )
    };
    let sessions =
        "  { metric = \"sessions\", kind = \"count\", expr = 'nonsense(a[$window])' },\n";
    for (second, code) in [("", 0), (sessions, 1)] {
        std::fs::write(&path, config(second)).expect("written");
        let output = run(home.path(), &["check", "--config", &path.display().to_string()]);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!(said.contains("a part of what it was asked did not come"), code == 1, "{said}");
    }
}
