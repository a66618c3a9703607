//! Recorded shop days read in place: what is wrong is found, named and blamed; what is not wrong is
//! left alone; and nothing that is written about the morning depends on the afternoon.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::product::{run, told};
use crate::servers::home;
use crate::skip::shared;

/// The incidents `backtest shop` writes about a day, one JSON object each.
fn incidents(day: &Path, history: &Path) -> Vec<Value> {
    let home = home();
    let out = home.path().join("out.jsonl");
    let [day, history, target] = [day, history, &out].map(|p| p.display().to_string());
    let args = ["backtest", "shop", "--run", &day, "--history", &history, "--out", &target];
    let done = run(home.path(), &args);
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
    let text = std::fs::read_to_string(&out).expect("incidents");
    text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

fn truth(day: &Path) -> Value {
    let text = std::fs::read_to_string(day.join("truth.json")).expect("a truth");
    serde_json::from_str(&text).expect("JSON")
}

/// The state at the end of the day: what the newest update says.
fn at_end<'a>(incident: &'a Value, field: &str) -> &'a Value {
    let updates = incident["updates"].as_array();
    let last = updates.and_then(|u| u.last()).unwrap_or(incident);
    last.get(field).unwrap_or(&incident[field])
}

/// Found before its deadline, with class, severity, place and release as the truth has them.
fn answers(size: &str, day: &str) {
    let Some(root) = shared(&format!("detection/shop/{size}")) else { return };
    let run = root.join(day);
    let truth = truth(&run);
    let found = incidents(&run, &root.join("history"));
    let real = truth["incidents"].as_array().expect("incidents");
    assert_eq!(found.len(), real.len(), "{day}: {found:#?}");
    for (found, real) in found.iter().zip(real) {
        let text = |v: &Value, field: &str| v[field].as_str().unwrap_or_default().to_owned();
        assert!(text(found, "opened_at") > text(real, "onset"), "{day}: before the onset");
        assert!(text(found, "opened_at") <= text(real, "deadline"), "{day}: {found:#}");
        assert_eq!(at_end(found, "suspect_release"), &real["suspect_release"], "{day}: {found:#}");
        assert_eq!(at_end(found, "class"), &real["class"], "{day}: {found:#}");
        let worst = found["updates"].as_array().into_iter().flatten().chain([found]);
        let worst = worst.filter_map(|u| u["severity"].as_u64()).min();
        assert_eq!(worst, real["severity"].as_u64(), "{day}: {found:#}");
    }
}

#[test]
fn a_payment_outage_is_sev_1_and_blames_nobody() {
    answers("M", "payment_outage-21");
}

#[test]
fn a_slow_region_of_a_small_shop_is_found() {
    answers("S", "cdn_region_slow-22");
}

#[test]
fn a_campaign_and_a_low_traffic_day_open_nothing() {
    for day in ["campaign_mix_shift-22", "low_traffic_noise-22"] {
        answers("S", day);
    }
}

/// A copy of a day that ends at `end` (RFC 3339, the start of a bucket).
fn cut(day: &Path, end: &str, to: &Path) {
    for name in ["scenario.json", "releases.json", "calendar.json"] {
        std::fs::copy(day.join(name), to.join(name)).expect("copied");
    }
    let before = |line: &String| line.starts_with("t,") || line.as_str() < end;
    let plain = std::fs::read_to_string(day.join("synthetic.csv")).expect("checks");
    let kept: Vec<String> = plain.lines().map(str::to_owned).filter(before).collect();
    std::fs::write(to.join("synthetic.csv"), kept.join("\n") + "\n").expect("written");
    for name in ["rum.csv.gz", "business.csv.gz"] {
        let file = std::fs::File::open(day.join(name)).expect("a day");
        let target = std::fs::File::create(to.join(name)).expect("a file");
        let mut out = GzEncoder::new(target, Compression::fast());
        let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
        for line in lines.map_while(Result::ok).filter(before) {
            writeln!(out, "{line}").expect("written");
        }
        out.finish().expect("written");
    }
}

/// All that is said up to `end`, as text.
fn said(incidents: &[Value], end: &str) -> Vec<String> {
    let early = |v: &Value, field: &str| v[field].as_str().is_some_and(|t| t <= end);
    let mut out = Vec::new();
    for one in incidents.iter().filter(|i| early(i, "opened_at")) {
        let mut first = one.clone();
        first["updates"] = Value::Null;
        if !early(&first, "closed_at") {
            first["closed_at"] = Value::Null;
        }
        out.push(first.to_string());
        let updates = one["updates"].as_array().into_iter().flatten();
        out.extend(updates.filter(|u| early(u, "at")).map(Value::to_string));
    }
    out
}

#[test]
fn a_day_cut_at_noon_tells_the_same_morning() {
    let Some(root) = shared("detection/shop/S") else { return };
    let (day, history) = (root.join("cdn_region_slow-22"), root.join("history"));
    let end = "2025-03-08T12:00:00Z";
    let home = home();
    cut(&day, end, home.path());
    let whole = said(&incidents(&day, &history), end);
    assert!(!whole.is_empty(), "nothing happened before noon");
    assert_eq!(said(&incidents(home.path(), &history), end), whole);
}
