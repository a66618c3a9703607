//! Reading the past of a real Prometheus: never two ranges at a time, judged as soon as the newest
//! day is there, nothing lost where the server refuses what is long, all of it said on the board.
//! The large one prints the table of docs/detection.md, section "Reading the past":
//!     cargo test --profile quick --test it past:: -- --ignored --nocapture

mod door;
mod shop;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use self::door::Door;
use self::shop::{LARGE, SMALL, Shop, Size, sources};
use crate::child::Running;
use crate::configs::{frame, write};
use crate::product::{json, run, tillwatch, told};
use crate::servers::{Server, home, host, job};
use crate::stub::Stub;
use crate::wait::{Deadline, eventually, pause, secs, unix_now};

struct Stand {
    home: tempfile::TempDir,
    config: String,
    door: Door,
    prometheus: Server,
    series: usize,
    _page: Stub,
}

impl Stand {
    /// A Prometheus that holds `days` of the shop's past and goes on scraping it. `made`: blocks
    /// that were drawn before.
    fn build(
        size: Size,
        days: i64,
        (made, every): (Option<PathBuf>, &str),
        keys: &str,
    ) -> Option<Self> {
        let home = home();
        let shop = Arc::new(Shop::new(size));
        let data = match made {
            Some(data) => data,
            None => shop.blocks(unix_now(), days, &[], home.path())?,
        };
        let (pages, series) = (Arc::clone(&shop), shop.series());
        let page = Stub::start(move |_| (200, "text/plain", pages.page(unix_now()).into_bytes()));
        let jobs = job("shop", &[host(&page.url)]) + "    honor_labels: true\n";
        let prometheus = Server::prometheus_every(&jobs, &data, every)?;
        eventually("a live scrape", secs(60), || {
            (!prometheus.query("shop_steps_total").is_empty()).then_some(())
        });
        let door = Door::before(&host(&prometheus.url));
        let text = frame(home.path(), &page.url) + &sources(&door.url, size, keys);
        let config = write(home.path(), &text);
        Some(Self { home, config, door, prometheus, series, _page: page })
    }

    fn watch(&self) -> Running {
        Running::start(tillwatch(self.home.path(), &["watch", "--config", &self.config]))
    }

    fn board(&self) -> Value {
        let args = ["once", "--json", "--as", "observer", "--config", &self.config];
        let output = run(self.home.path(), &args);
        if output.stdout.is_empty() { Value::Null } else { json(&output) }
    }

    fn most(&self) -> usize {
        self.door.counts.most.load(Ordering::SeqCst)
    }
}

/// The pasts of all sources.
fn pasts(board: &Value) -> Vec<Value> {
    let sources = board["sources"].as_array().cloned().unwrap_or_default();
    sources.iter().flat_map(|s| s["past"].as_array().cloned().unwrap_or_default()).collect()
}

fn is_read(board: &Value) -> bool {
    let pasts = pasts(board);
    !pasts.is_empty() && pasts.iter().all(|p| p["state"] == "read")
}

/// Cells that stand beside what is usual.
fn known(board: &Value) -> usize {
    let cells = board["cells"].as_array().cloned().unwrap_or_default();
    cells.iter().filter(|c| c["baseline"].is_number()).count()
}

#[test]
fn a_server_with_tight_limits_is_read_whole_one_range_at_a_time() {
    let keys = "every = \"2s\"\ntimeout = \"2s\"\npast = \"3d\"";
    let Some(stand) = Stand::build(SMALL, 3, (None, "1s"), keys) else { return };
    stand.door.counts.limit.store(9, Ordering::SeqCst);
    let check = run(stand.home.path(), &["check", "--config", &stand.config]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(
        said.contains("past: lcp by template, device, region: 336 series x 72 hours"),
        "{said}"
    );
    let watcher = stand.watch();
    let board = eventually("the whole past", secs(90), || {
        let board = stand.board();
        (is_read(&board) && known(&board) > 0).then_some(board)
    });
    let pasts = pasts(&board);
    assert_eq!(pasts.len(), 8, "{pasts:#?}");
    assert!(pasts.iter().all(|p| p["hours"].as_u64() >= Some(70)), "{pasts:#?}");
    assert_eq!(stand.most(), 1, "ranges at the same time");
    let hours = stand.door.counts.hours.lock().expect("whole").clone();
    let refused = hours.iter().filter(|h| **h > 9).count();
    assert!((1..=24).contains(&refused), "what is too long is asked once or twice: {hours:?}");
    assert!(!watcher.said().contains("panicked"), "{}", watcher.said());
}

/// Resident memory in MB, by its name in /proc.
fn memory(watcher: &Running, field: &str) -> u64 {
    let path = format!("/proc/{}/status", watcher.pid().as_raw_nonzero());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[test]
#[ignore = "draws 28 days of 20,000 series; prints the table of docs/detection.md"]
fn twenty_thousand_series_of_four_weeks() {
    let keys = "every = \"15s\"\npast = \"28d\"";
    let made = std::env::var_os("TILLWATCH_PAST").map(PathBuf::from);
    let Some(stand) = Stand::build(LARGE, 28, (made, "15s"), keys) else { return };
    pause(secs(35));
    let check = run(stand.home.path(), &["check", "--config", &stand.config]);
    println!("{}", told(&check));
    let watcher = stand.watch();
    let (begun, mut judged, mut all) = (unix_now(), None, None);
    let deadline = Deadline::after(secs(1800));
    let mut last = String::new();
    while !deadline.passed() && all.is_none() {
        let (board, passed) = (stand.board(), unix_now() - begun);
        if judged.is_none() && !board["judged_until"].is_null() && known(&board) > 0 {
            judged = Some((passed, known(&board), memory(&watcher, "VmHWM")));
        }
        if is_read(&board) {
            all = Some((passed, known(&board)));
        }
        let line: Vec<String> = pasts(&board)
            .iter()
            .map(|p| format!("{} {}", p["metric"].as_str().unwrap_or_default(), p["days"]))
            .collect();
        if line.join(", ") != last {
            last = line.join(", ");
            println!("{passed:>5} s  {} MB  {last}", memory(&watcher, "VmRSS"));
        }
        pause(secs(2));
    }
    let counts = &stand.door.counts;
    println!(
        "\n| series | judging begins, s | with cells known | all read, s | ranges asked | refused \
         | most at a time | memory at its peak, MB | at the end, MB |\n\
         |---|---|---|---|---|---|---|---|---|"
    );
    println!(
        "| {} | {:?} | {:?} | {:?} | {} | {} | {} | {} | {} |",
        stand.series,
        judged.map(|j| j.0),
        judged.map(|j| j.1),
        all.map(|a| a.0),
        counts.ranges.load(Ordering::SeqCst),
        counts.refused.load(Ordering::SeqCst),
        stand.most(),
        memory(&watcher, "VmHWM"),
        memory(&watcher, "VmRSS"),
    );
    let (began, ..) = judged.expect("judging begins");
    assert!(began <= 60, "judging begins after {began} s");
    assert_eq!(stand.most(), 1, "ranges at the same time");
    assert!(all.is_some(), "the rest follows");
    assert!(memory(&watcher, "VmHWM") <= 200, "{} MB", memory(&watcher, "VmHWM"));
    drop(stand.prometheus);
}
