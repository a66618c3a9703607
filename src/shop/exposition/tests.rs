//! The text formats, read back by a strict little checker.
//! Only tests and their helpers live here.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::time::Span;
use crate::shop::tests::{START, shop};

/// One sample line.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
    at: Option<i64>,
}

/// Reads `{a="b",...}` strictly; gives the labels and the rest of the line.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut map = BTreeMap::new();
    let Some(mut rest) = text.strip_prefix('{') else { return (map, text) };
    loop {
        let (name, after) = rest.split_once("=\"").expect("label name");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "label {name}");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().expect("closing quote") {
                (i, '"') => break i + 1,
                (_, '\\') => match chars.next().expect("escape").1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    c => panic!("bad escape {c}"),
                },
                (_, c) => value.push(c),
            }
        };
        assert!(map.insert(name.to_owned(), value).is_none(), "label twice: {name}");
        let tail = &after[end..];
        if let Some(tail) = tail.strip_prefix('}') {
            return (map, tail);
        }
        rest = tail.strip_prefix(',').expect("comma");
    }
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect("a value");
    let (name, rest) = line.split_at(end);
    let (labels, rest) = labels(rest);
    let mut words = rest.strip_prefix(' ').expect("one blank").split(' ');
    let value = words.next().and_then(|v| v.parse().ok()).expect("a number");
    let at = words.next().map(|t| t.parse().expect("a time"));
    assert_eq!(words.next(), None, "{line}");
    Sample { name: name.to_owned(), labels, value, at }
}

/// Checks a whole text: families contiguous and typed, names fit types, series unique (or growing
/// in time), counters never fall, histograms cumulative with `+Inf` equal to the count.
fn check(text: &str, open_metrics: bool) -> Vec<Sample> {
    let mut done: BTreeSet<String> = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    let mut last: BTreeMap<String, (i64, f64)> = BTreeMap::new();
    let mut samples = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" {
            assert!(open_metrics && lines.peek().is_none(), "EOF comes last");
            return samples;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().expect("name").to_owned();
            assert!(done.insert(family.clone()), "family twice: {family}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, k) = rest.split_once(' ').expect("type");
            assert_eq!(name, family);
            k.clone_into(&mut kind);
        } else {
            let s = sample(line);
            let tail = s.name.strip_prefix(&family).expect("sample of another family");
            let fits = match (kind.as_str(), open_metrics) {
                ("counter", true) => tail == "_total",
                ("counter", false) => tail.is_empty() && family.ends_with("_total"),
                ("gauge", _) => tail.is_empty(),
                ("histogram", _) => ["_bucket", "_sum", "_count"].contains(&tail),
                _ => false,
            };
            assert!(fits, "{line} in {kind} {family}");
            assert_eq!(s.at.is_some(), open_metrics);
            let series = line[..line.rfind('}').map_or(s.name.len(), |i| i + 1)].to_owned();
            let at = s.at.unwrap_or(0);
            if let Some((before, value)) = last.insert(series, (at, s.value)) {
                assert!(open_metrics && before < at, "series twice: {line}");
                assert!(kind == "gauge" || value <= s.value, "counter falls: {line}");
            }
            samples.push(s);
        }
    }
    assert!(!open_metrics, "no EOF");
    samples
}

fn histograms_add_up(samples: &[Sample]) {
    let mut at: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for s in samples.iter().filter(|s| s.at.is_none()) {
        let mut labels = s.labels.clone();
        let le = labels.remove("le");
        let key = format!("{labels:?}");
        if s.name == "shop_lcp_seconds_bucket" {
            let bound: f64 = le.expect("le").replace("+Inf", "inf").parse().expect("bound");
            let (last, count) = at.insert(key, (bound, s.value)).unwrap_or((0.0, 0.0));
            assert!(bound > last && s.value >= count, "{s:?}");
        } else if s.name == "shop_lcp_seconds_count" {
            assert_eq!(at.get(&key).map(|(_, n)| *n), Some(s.value));
        }
    }
    assert!(at.len() > 150);
}

#[test]
fn metrics_text_is_strictly_right_and_counts_every_view_once_a_cut() {
    let (shop, hand) = shop("checkout-outage", 300_000.0);
    hand.set(START.plus(Span::from_secs(400)));
    let text = text(&shop);
    let samples = check(&text, false);
    histograms_add_up(&samples);
    let sum = |name: &str, cut: &str| -> f64 {
        let of = |s: &&Sample| s.name == name && s.labels.get("cut").is_some_and(|c| c == cut);
        samples.iter().filter(of).map(|s| s.value).sum()
    };
    let views =
        ["source", "browser", "network", "release"].map(|c| sum("shop_page_views_total", c));
    assert!(views[0] > 1000.0 && views == [views[0]; 4], "{views:?}");
    assert_eq!(sum("shop_lcp_seconds_count", "source"), views[0]);
    assert_eq!(sum("shop_orders_total", "biz_source"), sum("shop_orders_total", "biz_browser"));
    let down = samples.iter().filter(|s| s.name == "shop_check_success" && s.value == 0.0);
    assert_eq!(down.filter(|s| s.labels["journey"] == "checkout").count(), 3);
    promtool(&text);
}

/// The real tool where it is installed.
fn promtool(text: &str) {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("promtool is not installed: the text was checked by the own checker only");
        return;
    };
    child.stdin.take().expect("stdin").write_all(text.as_bytes()).expect("pipe");
    let out = child.wait_with_output().expect("promtool");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{}", said.lines().take(5).collect::<Vec<_>>().join("\n"));
}

#[test]
fn label_values_are_escaped() {
    let set = label_set("source", ["a", "b", "c"], ["x\"y", "back\\slash", "line\nfeed"]);
    let line = format!("{{{set}}} 1");
    let (read, rest) = labels(&line);
    assert_eq!(rest, " 1");
    assert_eq!([&read["a"], &read["b"], &read["c"]], ["x\"y", "back\\slash", "line\nfeed"]);
}

#[test]
fn openmetrics_export_is_strictly_right() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("past.txt");
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let options = crate::shop::Options::new("calm-day", 7, START, secret);
    crate::shop::export_openmetrics(&options, &path, 1, Span::from_hours(6)).expect("export");
    let text = std::fs::read_to_string(&path).expect("file");
    let samples = check(&text, true);
    let names: BTreeSet<&str> = samples.iter().map(|s| s.name.as_str()).collect();
    for name in ["shop_page_views_total", "shop_inp_seconds_bucket", "shop_build_info"] {
        assert!(names.contains(name), "{name}");
    }
    let times: BTreeSet<i64> = samples.iter().filter_map(|s| s.at).collect();
    assert_eq!(times.len(), 4, "four steps of six hours");
    blocks(&path, dir.path());
}

/// Prometheus takes the file where its tool is installed.
fn blocks(file: &std::path::Path, dir: &std::path::Path) {
    let command = ["tsdb", "create-blocks-from", "openmetrics"];
    let target = dir.join("blocks");
    let tool = std::process::Command::new("promtool").args(command).arg(file).arg(&target).output();
    let Ok(out) = tool else {
        eprintln!("promtool is not installed: the export was checked by the own checker only");
        return;
    };
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(std::fs::read_dir(target).is_ok_and(|blocks| blocks.count() > 0));
}

#[test]
fn bounds_lie_on_bin_edges_and_name_the_inp_target() {
    assert!(INP_EDGES.map(bound_secs).contains(&0.2));
    let mut bins = [0; BINS];
    bins[7] = 3;
    bins[8] = 2;
    let (at, count, sum) = cumulate(&bins, INP_EDGES);
    assert_eq!((at[6], at[7], at[8], count), (0, 3, 5, 5));
    assert!((0.8..1.1).contains(&sum), "{sum}");
}
