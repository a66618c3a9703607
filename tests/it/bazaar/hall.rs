//! The bazaar's own Prometheus: Debian's, told by remote write what it would have scraped every
//! five seconds, so that hours are loaded in seconds. Asked by PromQL at any time of the past.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use super::ledger::{self, PHASES, Series};
use super::mill::{Day, STEP};
use super::past::Past;
use super::story::Story;
use super::wire::{Pipe, ask};
use super::world::PODS;
use crate::child::Running;
use crate::http;
use crate::servers::free_port;
use crate::skip::program;
use crate::wait::{eventually, secs};

/// Slots of a played day in one go.
const SLICE: usize = 60;

/// A running server with everything loaded.
pub struct Hall {
    pub url: String,
    _process: Running,
    _dir: tempfile::TempDir,
}

impl Hall {
    /// None after a loud skip.
    pub fn open(past: &Past, day: &Day, (story, scrape): (&Story, i64)) -> Option<Self> {
        let program = program("prometheus")?;
        let dir = tempfile::tempdir().expect("a folder");
        let config = dir.path().join("prometheus.yml");
        std::fs::write(&config, "global:\n  scrape_interval: 5s\n").expect("written");
        let port = free_port();
        let mut command = Command::new(program);
        command.current_dir(dir.path()).args([
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=10y",
            // one block for weeks: what is written may begin weeks ago
            "--storage.tsdb.min-block-duration=2000h",
            "--storage.tsdb.max-block-duration=2000h",
            "--web.enable-remote-write-receiver",
            "--query.timeout=10m",
            "--log.level=warn",
        ]);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let process = Running::start(command);
        let url = format!("http://127.0.0.1:{port}");
        eventually("prometheus is ready", secs(30), || {
            http::get(&format!("{url}/-/ready")).ok().filter(|a| a.status == 200)
        });
        let hall = Self { url, _process: process, _dir: dir };
        hall.load(past, day, (story, scrape));
        Some(hall)
    }

    fn load(&self, past: &Past, day: &Day, (story, scrape): (&Story, i64)) {
        let counters = ledger::counters();
        let mut pipe = Pipe::to(&self.url);
        let long = past.times.len();
        let mut stack = vec![0.0; long];
        for (n, series) in counters.iter().enumerate() {
            let own = &past.counts[n * long..][..long];
            for (sum, value) in stack.iter_mut().zip(own) {
                *sum = if series.stacked { *sum + value } else { *value };
            }
            let stamps = past.times.iter().map(|t| t * 1000);
            pipe.put(&series.labels, stamps.zip(stack.iter().copied()));
        }
        let restarts = restarts(story, day);
        let mut totals: Vec<f64> = (0..counters.len()).map(|n| past.last(n)).collect();
        let numbers = ledger::numbers();
        for from in (0..day.slots).step_by(SLICE) {
            let slots: Vec<usize> = (from..day.slots.min(from + SLICE)).collect();
            let kept: Vec<bool> = slots.iter().map(|s| written(day, (story, scrape), *s)).collect();
            let points = |series: &Series, values: Vec<f64>| {
                let phase = series.phase;
                let all = slots.iter().zip(values).zip(&kept).filter(|(_, kept)| **kept);
                all.map(|((s, v), _)| (stamp(day, *s, phase), v)).collect::<Vec<_>>()
            };
            let mut stack = vec![0.0; slots.len()];
            for (n, series) in counters.iter().enumerate() {
                let none = Vec::new();
                let pod = series.labels.iter().find(|(name, _)| *name == "pod");
                let anew = pod.and_then(|(_, p)| restarts.get(p)).unwrap_or(&none);
                for (slot, sum) in slots.iter().zip(stack.iter_mut()) {
                    let kept = if anew.contains(slot) { 0.0 } else { totals[n] };
                    totals[n] = kept + f64::from(day.counts[n * day.slots + slot]);
                    *sum = if series.stacked { *sum + totals[n] } else { totals[n] };
                }
                pipe.put(&series.labels, points(series, stack.clone()).into_iter());
            }
            for (n, series) in numbers.iter().enumerate() {
                let value = |s: &usize| f64::from(day.numbers[n * day.slots + s]);
                let values = slots.iter().map(value).collect();
                pipe.put(&series.labels, points(series, values).into_iter());
            }
            pipe.flush();
        }
        pipe.flush();
    }

    /// An instant or range question; rows of labels with their points.
    pub fn range(&self, expr: &str, (from, to, step): (i64, i64, i64)) -> Vec<Row> {
        let query: String = url::form_urlencoded::byte_serialize(expr.as_bytes()).collect();
        let path = format!("/api/v1/query_range?query={query}&start={from}&end={to}&step={step}");
        let (_, body) = ask(&self.url, &path);
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(answer["status"], "success", "{expr}: {answer}");
        let rows = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        rows.iter().map(row).collect()
    }
}

/// Labels and points of a series in an answer.
pub struct Row {
    pub labels: BTreeMap<String, String>,
    pub points: Vec<(i64, f64)>,
}

fn row(found: &Value) -> Row {
    let labels = found["metric"].as_object().into_iter().flatten();
    let labels = labels.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()));
    let points = found["values"].as_array().into_iter().flatten().filter_map(|p| {
        let value = p[1].as_str()?.parse().ok()?;
        Some((p[0].as_f64()? as i64, value))
    });
    Row { labels: labels.collect(), points: points.collect() }
}

/// What is before the start is kept at 15 s, the rest as it is scraped.
fn written(day: &Day, (story, scrape): (&Story, i64), slot: usize) -> bool {
    let at = day.from + slot as i64 * STEP;
    let every = if at >= story.start - 300 { scrape } else { 15 };
    slot as i64 * STEP % every == 0
}

/// When the scrape was that told what `slot` counted, in milliseconds.
fn stamp(day: &Day, slot: usize, phase: usize) -> i64 {
    (day.from + (slot as i64 + 1) * STEP) * 1000 + PHASES[phase]
}

/// The slots in which pods began anew, by pod: each deploy replaces them one after the other.
fn restarts(story: &Story, day: &Day) -> BTreeMap<String, Vec<usize>> {
    let mut all: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let shipped = story.changes.iter().filter(|c| ["deploy", "rollback"].contains(&c.kind));
    for change in shipped.filter(|c| c.at > day.from) {
        for pod in 0..PODS {
            let slot = (change.at - day.from) / STEP + pod as i64 * 2;
            all.entry(format!("{}-{pod}", change.service)).or_default().push(slot as usize);
        }
    }
    all
}
