//! Faults live through a real Prometheus (scrape 5 s): seconds to the incident and to the page,
//! interruptions, release and place named, money. Prints the table of docs/detection.md, section
//! "Live through Prometheus":
//!     cargo test --profile quick --test it live:: -- --ignored --nocapture
//! `TILLWATCH_FAULTS` (comma list) runs a part of it.

mod stand;

use std::collections::BTreeMap;

use serde_json::Value;
use tillwatch::domain::time::Timestamp;

use self::stand::{Past, Stand};
use crate::wait::{Deadline, pause, secs, unix_now};

/// A fault: the shop's scenario, its words, and what the rules there needed.
struct Fault {
    scenario: &'static str,
    theirs: &'static str,
}

const fn fault(scenario: &'static str, theirs: &'static str) -> Fault {
    Fault { scenario, theirs }
}

/// What a Prometheus and Alertmanager of the usual rules needed: seconds to the first alert / to
/// the page.
const FAULTS: [Fault; 9] = [
    fault("checkout-outage", "68-112 / 78-122"),
    fault("mobile-pdp-inp", "186-188 / 195-198"),
    fault("payment-drop", "284-328 / 293-338"),
    fault("cdn-region-slow", "165 / 174"),
    fault("two-at-once", "190 / 199"),
    fault("paid-mobile-conversion", "never"),
    fault("innocent-release", "98 / 106"),
    fault("telemetry-drop", "282-291 / ticket 290-299"),
    fault("campaign-mix-shift", "281-289 / 2 false pages"),
];

/// So many stands run side by side: a small machine must not be what is measured.
const SIDE_BY_SIDE: usize = 5;
/// How long a fault is watched, in seconds from its injection.
const WATCHED: u64 = 540;

/// When an incident was first on the board, and first as a page.
#[derive(Default)]
struct Times {
    opened: Option<i64>,
    paged: Option<i64>,
    last: Value,
}

/// A fault under way in its stand.
struct Case {
    fault: &'static Fault,
    stand: Stand,
    injected: i64,
    seen: BTreeMap<String, Times>,
}

fn wanted() -> Vec<&'static Fault> {
    let only = std::env::var("TILLWATCH_FAULTS").ok();
    let named = |f: &&Fault| only.as_ref().is_none_or(|o| o.split(',').any(|n| n == f.scenario));
    FAULTS.iter().filter(named).collect()
}

#[test]
#[ignore = "half an hour on wall time; prints the table of docs/detection.md"]
fn faults_through_a_real_prometheus() {
    let Some(past) = Past::draw() else { return };
    let mut rows = Vec::new();
    for batch in wanted().chunks(SIDE_BY_SIDE) {
        let mut cases: Vec<Case> = batch.iter().filter_map(|f| Case::start(f, &past)).collect();
        for case in &mut cases {
            case.stand.calm();
        }
        for case in &mut cases {
            case.inject();
        }
        let deadline = Deadline::after(secs(WATCHED));
        while !deadline.passed() {
            for case in &mut cases {
                case.look();
            }
            pause(secs(2));
        }
        for case in &cases {
            let row = case.row();
            println!("{row}\n{}", case.told());
            rows.push(row);
        }
    }
    println!(
        "\n| fault | rules: first alert / page, s | incident, s from onset | page, s from onset | \
         interruptions | release | place | EUR a minute |\n|---|---|---|---|---|---|---|---|"
    );
    println!("{}", rows.join("\n"));
}

impl Case {
    fn start(fault: &'static Fault, past: &Past) -> Option<Self> {
        let stand = Stand::build(past)?;
        Some(Self { fault, stand, injected: 0, seen: BTreeMap::new() })
    }

    fn inject(&mut self) {
        self.stand.shop.inject(self.fault.scenario);
        self.injected = unix_now();
    }

    fn look(&mut self) {
        let board = self.stand.board();
        let now = unix_now();
        for incident in board["incidents"].as_array().into_iter().flatten() {
            let id = incident["id"].as_str().unwrap_or_default().to_owned();
            let opened = secs_of(&incident["opened_at"]);
            let times = self.seen.entry(id).or_default();
            times.opened = times.opened.or(opened);
            if incident["severity"].as_u64().is_some_and(|s| s <= 2) && times.paged.is_none() {
                // paged from the start unless it was seen milder before
                times.paged = if times.last.is_null() { opened } else { Some(now) };
            }
            times.last = incident.clone();
        }
    }

    fn row(&self) -> String {
        let truth = self.stand.shop.truth();
        let onsets = truth["incidents"].as_array().cloned().unwrap_or_default();
        let onset = onsets.first().and_then(|i| secs_of(&i["onset"])).unwrap_or(self.injected);
        let span = |at: Option<i64>| at.map_or("-".to_owned(), |t| (t - onset).to_string());
        let of = |pick: fn(&Times) -> Option<i64>| {
            let times: Vec<String> = self.seen.values().map(|t| span(pick(t))).collect();
            if times.is_empty() { "none".to_owned() } else { times.join(", ") }
        };
        let each = |pick: fn(&Value) -> String| {
            let all: Vec<String> = self.seen.values().map(|t| pick(&t.last)).collect();
            if all.is_empty() { "-".to_owned() } else { all.join("; ") }
        };
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            self.fault.scenario,
            self.fault.theirs,
            of(|t| t.opened),
            of(|t| t.paged),
            self.seen.len(),
            each(|i| i["suspect"]["release"].as_str().unwrap_or("none").to_owned()),
            each(place),
            each(money),
        )
    }

    /// The truth beside what was seen, for reading.
    fn told(&self) -> String {
        let truth = self.stand.shop.truth();
        let mut lines = vec![format!("  injected {}, truth {}", self.injected, truth["incidents"])];
        for times in self.seen.values() {
            let i = &times.last;
            lines.push(format!(
                "  Sev {} {} [{}] opened {} onset {} {}",
                i["severity"],
                i["headline"],
                place(i),
                i["opened_at"],
                i["onset_at"],
                i["evidence_for"]
            ));
        }
        lines.join("\n")
    }
}

fn secs_of(time: &Value) -> Option<i64> {
    time.as_str()?.parse::<Timestamp>().ok().map(Timestamp::secs)
}

fn place(incident: &Value) -> String {
    let segments = incident["segments"].as_array().cloned().unwrap_or_default();
    let one = |segment: &Value| {
        let dims = segment.as_object().into_iter().flatten();
        let values = dims.flat_map(|(_, v)| v.as_array().cloned().unwrap_or_default());
        let words: Vec<String> = values.filter_map(|v| v.as_str().map(str::to_owned)).collect();
        if words.is_empty() { "all".to_owned() } else { words.join(" ") }
    };
    segments.iter().map(one).collect::<Vec<_>>().join(" + ")
}

fn money(incident: &Value) -> String {
    let risk = &incident["revenue_at_risk"];
    match (risk["low"].as_f64(), risk["high"].as_f64()) {
        (Some(low), Some(high)) => format!("{low:.0}-{high:.0}"),
        _ => "none".to_owned(),
    }
}
