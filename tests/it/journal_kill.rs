//! `kill -9` during an acknowledged incident with a running timer: after every restart it is the
//! same incident with the same owner and the same deadlines, and nothing stored is lost.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tillwatch::incident::event::Record;
use tillwatch::incident::fold;
use tillwatch::journal::{Access, Journal};

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

/// The open Sev 1 on the board of the watcher with this process id; none until it has published.
fn sev1(home: &Path, config: &str, watcher: &Running) -> Option<Value> {
    let output = run(home, &["once", "--json", "--as", "observer", "--config", config]);
    let board = if output.stdout.is_empty() { return None } else { json(&output) };
    let ours = board["watcher"]["pid"] == watcher.pid().as_raw_nonzero().get();
    let worst = open(&board).first().map(|i| (*i).clone());
    worst.filter(|i| ours && i["severity"] == 1)
}

fn order(home: &Path, config: &str, args: &[&str]) {
    let output = run(home, &[args, &["--config", config]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?} {}", told(&output));
}

/// What must never change from kill to kill, as the board says it.
fn promise(board: &Value) -> Vec<Value> {
    let keys = ["id", "acked_by", "acked_at", "ack_due_at", "decide_due_at", "timer_due_at"];
    keys.iter().map(|key| board[*key].clone()).collect()
}

#[test]
fn a_hundred_kills_lose_nothing() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day", "--seed", "7"]);
    let config = shop_config(home.path(), &shop);
    shop.inject("checkout-outage");
    let mut watcher = watch(home.path(), &config);
    let first = eventually("a Sev 1", secs(300), || sev1(home.path(), &config, &watcher));
    let id = first["id"].as_str().expect("an id").to_owned();
    order(home.path(), &config, &["ack", &id]);
    order(home.path(), &config, &["timer", &id, "--start", "4h"]);
    let acked = eventually("ack and timer on the board", secs(20), || {
        sev1(home.path(), &config, &watcher)
            .filter(|i| i["acked_by"].is_string() && i["timer_due_at"].is_string())
    });
    let (kept, _) = stored(home.path(), &id);
    let mut confirmed = 0;
    for round in 0..KILLS {
        confirmed += usize::from(note_under_fire(home.path(), &config, &id, round));
        watcher.kill();
        let (now, notes) = stored(home.path(), &id);
        assert_eq!(now, kept, "after kill {round}");
        assert!(notes >= confirmed, "{confirmed} notes were confirmed, {notes} are stored");
        watcher = watch(home.path(), &config);
        if round % 20 == 19 {
            let now = eventually("the board after a kill", secs(60), || {
                sev1(home.path(), &config, &watcher)
            });
            assert_eq!(promise(&now), promise(&acked), "after kill {round}");
        }
    }
    assert!(confirmed > 0, "no note was ever confirmed");
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

/// The incident as a restart would find it, a fold over the stored records, and its notes.
fn stored(home: &Path, id: &str) -> (String, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let url = format!("sqlite:{}", home.join("journal.db").display());
    runtime.expect("tokio").block_on(async {
        let journal = Journal::open(&url, Access::Read).await.expect("the journal opens");
        let records = journal.since(0, 1_000_000).await.expect("records");
        let ours = records.records.into_iter().map(|stored| stored.record);
        let ours: Vec<Record> = ours.filter(|r| r.incident.as_str() == id).collect();
        let incident = fold::fold(&ours).expect("the incident");
        let clocks = (incident.ack_due_at, incident.decide_due_at, incident.timer);
        (format!("{:?} {:?} {clocks:?}", incident.id, incident.acks), incident.notes.len())
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
