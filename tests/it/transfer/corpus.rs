//! Where series come from: the two public corpora, read in place, and the made-up kinds; each with
//! the family it belongs to, for families are what is left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use tillwatch::domain::metric::Bad;
use tillwatch::domain::time::Timestamp;

use super::kinds::KINDS;
use super::nab::Truth;
use super::worlds::{Way, World, make};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Corpus {
    Nab,
    Cloud,
    Made,
}

#[derive(Debug)]
pub struct Series {
    pub corpus: Corpus,
    pub family: String,
    pub bad: Bad,
    pub rows: Vec<(Timestamp, Option<f64>)>,
    pub truth: Truth,
}

type Windows = BTreeMap<String, Vec<(String, String)>>;

fn root() -> PathBuf {
    let shared = std::env::var("TILLWATCH_SHARED").unwrap_or_else(|_| "../shared".into());
    Path::new(&shared).join("detection")
}

fn seconds(text: &str) -> i64 {
    let time = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S");
    time.expect("a time").and_utc().timestamp()
}

/// Families: folders, and inside mixed folders the kind of number.
fn family(name: &str) -> String {
    let (folder, file) = name.split_once('/').unwrap_or(("", name));
    let inner: &[&str] = match folder {
        "realAWSCloudwatch" => &["ec2_cpu", "disk", "network", "asg", "rds"],
        "realAdExchange" => &["cpc", "cpm"],
        "realKnownCause" => &["rogue", "temperature", "latency"],
        _ => &[],
    };
    let kind = inner.iter().find(|kind| file.contains(**kind));
    kind.map_or_else(|| folder.to_owned(), |kind| format!("{folder} {kind}"))
}

/// The given half of a public corpus.
pub fn public(corpus: Corpus) -> Vec<Series> {
    let dir = root().join(if corpus == Corpus::Nab { "nab" } else { "cloudmon" });
    let read = |name: &str| std::fs::read_to_string(dir.join(name));
    let labels: Windows =
        serde_json::from_str(&read("labels.json").expect("labels")).expect("windows");
    let ways: BTreeMap<String, String> = read("direction.json")
        .ok()
        .map(|text| serde_json::from_str(&text).expect("directions"))
        .unwrap_or_default();
    let series = |(name, windows): (&String, &Vec<(String, String)>)| {
        let text = read(&format!("data/{name}")).expect("a series");
        let rows = text.lines().skip(1).filter(|l| !l.is_empty()).map(|line| {
            let (time, value) = line.split_once(',').expect("two fields");
            (seconds(time), value.trim().parse().ok())
        });
        let rows: Vec<(i64, Option<f64>)> = rows.collect();
        let windows: Vec<_> = windows.iter().map(|(a, b)| (seconds(a), seconds(b))).collect();
        let bad = match ways.get(name).map(String::as_str) {
            Some("up") => Bad::Up,
            Some("down") => Bad::Down,
            _ => Bad::Both,
        };
        whole(corpus, family(name), bad, &rows, &windows)
    };
    labels.iter().map(series).collect()
}

/// Every kind once for each seed.
pub fn made(seeds: impl Iterator<Item = u64> + Clone) -> Vec<Series> {
    let worlds = KINDS.iter().flat_map(|kind| seeds.clone().map(|seed| make(kind, seed)));
    worlds.map(|world| of_world(&world)).collect()
}

pub fn of_world(world: &World) -> Series {
    let bad = if world.way == Way::Up { Bad::Up } else { Bad::Both };
    whole(Corpus::Made, world.kind.to_owned(), bad, &world.rows, &world.windows)
}

fn whole(
    corpus: Corpus,
    family: String,
    bad: Bad,
    rows: &[(i64, Option<f64>)],
    windows: &[(i64, i64)],
) -> Series {
    let truth = Truth::new(rows.iter().map(|r| r.0).collect(), windows);
    let rows = rows.iter().map(|(at, x)| (Timestamp::from_secs(*at), *x)).collect();
    Series { corpus, family, bad, rows, truth }
}
