//! docs/connect.md unchanged against a real Prometheus that scrapes every 5, 15, 30 and 60 seconds:
//! with a past everything is there at once, and without one within the page's five minutes.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::child::{Running, output};
use crate::foreign::documented_config;
use crate::foreign_shop::Story;
use crate::product::{json, run, tillwatch, told};
use crate::servers::{Server, home, host, job};
use crate::skip::program;
use crate::stub::Stub;
use crate::wait::{Deadline, eventually, pause, secs, unix_now};

/// Seconds of past that the recorded cases have.
const PAST: i64 = 3 * 3600;
/// The five minutes of the page.
const FIVE_MINUTES: u64 = 300;

struct Place {
    prometheus: Server,
    shop: Stub,
}

/// The foreign shop in a good hour, scraped every `every` seconds, with or without its past.
fn place(every: i64, past: bool) -> Option<Place> {
    let promtool = program("promtool")?;
    let now = unix_now();
    let story = Story { born: now - PAST, broken: now + 86_400 };
    let shop = Stub::start(move |asked| {
        let text = match asked.path.split('?').next().unwrap_or_default() {
            "/metrics" => story.exposition(unix_now()),
            "/repos/acme/web/deployments" => "[]".to_owned(),
            _ => return (404, "application/json", b"{}".to_vec()),
        };
        let kind = if text.starts_with('[') { "application/json" } else { "text/plain" };
        (200, kind, text.into_bytes())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    if past {
        let file = folder.path().join("past.om");
        std::fs::write(&file, story.openmetrics(now, every)).expect("written");
        let mut blocks = Command::new(promtool);
        blocks.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&file).arg(&data);
        let made = output(blocks);
        assert!(made.status.success(), "{}", told(&made));
    }
    let jobs = job("pages", &[host(&shop.url)]) + "    honor_labels: true\n";
    let prometheus = Server::prometheus_every(&jobs, &data, &format!("{every}s"))?;
    Some(Place { prometheus, shop })
}

fn config(place: &Place, home: &Path, more: &str) -> String {
    let text = documented_config()
        .replace("http://127.0.0.1:9090", &place.prometheus.url)
        .replace("https://api.github.com", &place.shop.url)
        .replace("lookback = \"6h\"\n", &format!("lookback = \"6h\"\n{more}"));
    let path = home.join("tillwatch.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

/// What a check says of the page's config; `more` is written into the source of the metrics.
fn checked(place: &Place, more: &str) -> String {
    let home = home();
    let config = config(place, home.path(), more);
    let output = run(home.path(), &["check", "--config", &config]);
    told(&output)
}

/// Observations that a line of a check counts.
fn observations(said: &str, source: &str) -> usize {
    let line = said.lines().find(|l| l.starts_with("source") && l.contains(source));
    let line = line.unwrap_or_else(|| panic!("no line of {source}: {said}"));
    let before = line.split(" observations").next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn good(place: &Place, every: i64) {
    let said = checked(place, "");
    // Eight places of two metrics over three hours, six counts over one; a few windows may miss.
    assert!(observations(&said, "metrics:") >= 16 * 170, "{every}: {said}");
    assert!(observations(&said, "business:") >= 6 * 55, "{every}: {said}");
    assert!(!said.contains("no data"), "{every}: {said}");
    assert_eq!(said.contains("is a mean over"), every > 20, "{every}: {said}");
}

#[test]
fn connect_09_the_page_works_with_each_scrape_interval() {
    for every in [5, 15, 30, 60] {
        let Some(place) = place(every, true) else { return };
        eventually("a live scrape", secs(90), || {
            (!place.prometheus.query("acme_payback_days").is_empty()).then_some(())
        });
        good(&place, every);
        if every == 60 {
            let said = checked(&place, "scrape = \"15s\"\n");
            assert!(said.contains("samples come every 1m, the config says 15s"), "{said}");
            assert!(observations(&said, "metrics:") >= 16 * 170, "it works all the same: {said}");
        }
    }
}

/// The first cells of a shop that has no past, from the start of its Prometheus on.
fn first_cells(every: i64) {
    let Some(place) = place(every, false) else { return };
    let home = home();
    let config = config(&place, home.path(), "");
    let _watcher = Running::start(tillwatch(home.path(), &["watch", "--config", &config]));
    let look = ["once", "--json", "--as", "observer", "--config", &config];
    let deadline = Deadline::after(secs(FIVE_MINUTES));
    let wanted = ["lcp", "page_load_success", "orders", "sessions"];
    loop {
        let output = output(tillwatch(home.path(), &look));
        let board = if output.stdout.is_empty() { Value::Null } else { json(&output) };
        let cells = board["cells"].as_array().cloned().unwrap_or_default();
        let there = |metric: &&str| {
            cells.iter().any(|c| c["metric"] == **metric && c["value"].as_f64().is_some())
        };
        if wanted.iter().all(there) {
            return;
        }
        let seen = (&board["sources"], cells.len());
        assert!(!deadline.passed(), "every {every} s: {seen:#?}");
        pause(secs(2));
    }
}

#[test]
fn connect_09_without_a_past_the_first_cells_come_within_the_five_minutes() {
    first_cells(5);
}

/// `./measure scrapes`
#[test]
#[ignore = "each takes up to five minutes of real time"]
fn scrapes_of_15_30_and_60_seconds_without_a_past() {
    for every in [15, 30, 60] {
        first_cells(every);
    }
}
