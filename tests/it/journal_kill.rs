//! `kill -9` during an acknowledged incident with a running timer: after every restart it is the
//! same incident with the same owner and the same deadlines, and nothing stored is lost.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::child::Running;
use crate::configs::shop_config;
use crate::product::{json, open, run, tillwatch, told};
use crate::servers::home;
use crate::shopd::Shop;
use crate::wait::{eventually, pause, secs};

const KILLS: u64 = 100;

fn watch(home: &Path, config: &str) -> Running {
    Running::start(tillwatch(home, &["watch", "--config", config]))
}

/// The board as an observer of the same journal reads it.
fn board(home: &Path, config: &str) -> Value {
    let output = run(home, &["once", "--json", "--as", "observer", "--config", config]);
    if output.stdout.is_empty() { Value::Null } else { json(&output) }
}

/// The Sev 1 on the board of the watcher with this process id; none until it has published.
fn sev1(home: &Path, config: &str, pid: i32) -> Option<Value> {
    let board = board(home, config);
    let ours = board["watcher"]["pid"] == pid;
    let worst = board.get("incidents").and_then(|_| open(&board).first().map(|i| (*i).clone()));
    worst.filter(|i| ours && i["severity"] == 1)
}

fn order(home: &Path, config: &str, args: &[&str]) {
    let output = run(home, &[args, &["--config", config]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?} {}", told(&output));
}

/// What must never change from kill to kill.
fn promise(incident: &Value) -> Value {
    let keys = ["id", "acked_by", "acked_at", "ack_due_at", "decide_due_at", "timer_due_at"];
    keys.iter()
        .map(|k| ((*k).to_owned(), incident[*k].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_hundred_kills_lose_nothing() {
    let home = home();
    let args = ["--scenario", "checkout-outage", "--seed", "7", "--speed", "60"];
    let shop = Shop::start(home.path(), &args);
    let config = shop_config(home.path(), &shop);
    let mut watcher = watch(home.path(), &config);
    let pid = watcher.pid().as_raw_nonzero().get();
    let first = eventually("a Sev 1", secs(90), || sev1(home.path(), &config, pid));
    let id = first["id"].as_str().expect("an id").to_owned();
    order(home.path(), &config, &["ack", &id]);
    order(home.path(), &config, &["timer", &id, "--start", "4h"]);
    let acked = eventually("ack and timer on the board", secs(20), || {
        sev1(home.path(), &config, pid)
            .filter(|i| i["acked_by"].is_string() && i["timer_due_at"].is_string())
    });
    let promised = promise(&acked);
    let mut stored = 0;
    for round in 0..KILLS {
        stored += u64::from(note_under_fire(home.path(), &config, &id, round));
        watcher.kill();
        watcher = watch(home.path(), &config);
        if round % 10 == 9 {
            let pid = watcher.pid().as_raw_nonzero().get();
            let now =
                eventually("the board after a kill", secs(30), || sev1(home.path(), &config, pid));
            assert_eq!(promise(&now), promised, "after kill {round}");
        }
    }
    let notes = notes(home.path(), &config);
    assert!(notes >= stored, "{stored} notes were confirmed, {notes} are in the journal");
    assert!(stored > 0, "no note was ever confirmed");
}

/// Starts a note and kills it a little later; true when it was confirmed as stored before that.
fn note_under_fire(home: &Path, config: &str, id: &str, round: u64) -> bool {
    let text = format!("note {round}");
    let mut writer = Running::start(tillwatch(home, &["note", id, &text, "--config", config]));
    pause(Duration::from_millis(round * 37 % 150));
    let confirmed = writer.exited().is_some_and(|s| s.success());
    writer.kill();
    confirmed
}

/// The incident as a restart would find it: a fold over the stored records.
fn stored(home: &Path, id: &str) -> (Value, usize) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("tokio");
    let url = format!("sqlite:{}", home.join("journal.db").display());
    runtime.block_on(async {
        let journal = Journal::open(&url, Access::Read).await.expect("the journal opens");
        let records = journal.since(0, 1_000_000).await.expect("records");
        let ours: Vec<Record> =
            records.into_iter().map(|(_, r)| r).filter(|r| r.incident.as_str() == id).collect();
        let notes = ours.iter().filter(|r| matches!(r.event, Event::Noted { .. })).count();
        let incident = fold::fold(&ours).expect("the incident");
        let facts = format!("{:?} {:?}", incident.ack, incident.clocks);
        (Value::from(facts), notes)
    })
}

#[test]
fn the_products_own_connection_is_durable() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day"]);
    let config = shop_config(home.path(), &shop);
    let output = run(home.path(), &["check", "--config", &config]);
    let text = told(&output).to_lowercase();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("wal") && text.contains("synchronous") && text.contains("full"),
        "{text}"
    );
}
