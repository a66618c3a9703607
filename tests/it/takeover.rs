//! One watcher at a time: who follows takes over when the watcher dies, at once where its death can
//! be seen; who lost the lease while it was stopped follows and writes nothing any more.

use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::child::Running;
use crate::configs::shop_config;
use crate::product::{json, open, run, tillwatch, told};
use crate::pty::Session;
use crate::servers::home;
use crate::shopd::Shop;
use crate::wait::{eventually, pause, secs};

/// Shown beside the name while another process watches.
const FOLLOWS: &str = "(follows)";

fn watch(home: &Path, config: &str) -> Running {
    Running::start(tillwatch(home, &["watch", "--config", config]))
}

fn dashboard(home: &Path, config: &str) -> Session {
    Session::tillwatch(home, &["--config", config], (160, 40))
}

fn board(home: &Path, config: &str) -> Option<Value> {
    let output = run(home, &["once", "--json", "--as", "observer", "--config", config]);
    (!output.stdout.is_empty()).then(|| json(&output))
}

/// Waits until the stored board is the work of process `pid`.
fn watched_by(home: &Path, config: &str, pid: i64) {
    eventually(&format!("a board of process {pid}"), secs(40), || {
        board(home, config).filter(|b| b["watcher"]["pid"] == pid)
    });
}

fn id(pid: rustix::process::Pid) -> i64 {
    pid.as_raw_nonzero().get().into()
}

fn order(home: &Path, config: &str, args: &[&str]) {
    let output = run(home, &[args, &["--config", config]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?} {}", told(&output));
}

fn sev1(board: &Value) -> Option<Value> {
    open(board).first().map(|i| (*i).clone()).filter(|i| i["severity"] == 1)
}

/// What a takeover must not change.
fn promise(incident: &Value) -> Vec<Value> {
    let keys = ["id", "acked_by", "acked_at", "ack_due_at", "decide_due_at", "timer_due_at"];
    keys.iter().map(|key| incident[*key].clone()).collect()
}

#[test]
fn a_follower_takes_over_from_a_killed_watcher_with_the_same_incident() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day", "--seed", "7"]);
    let config = shop_config(home.path(), &shop);
    shop.inject("checkout-outage");
    let mut watcher = watch(home.path(), &config);
    let found = eventually("a Sev 1", secs(300), || sev1(&board(home.path(), &config)?));
    let name = found["id"].as_str().expect("an id").to_owned();
    order(home.path(), &config, &["ack", &name]);
    order(home.path(), &config, &["timer", &name, "--start", "4h"]);
    let before = eventually("ack and timer on the board", secs(20), || {
        sev1(&board(home.path(), &config)?)
            .filter(|i| i["acked_by"].is_string() && i["timer_due_at"].is_string())
    });
    let session = dashboard(home.path(), &config);
    session.wait_for(FOLLOWS, secs(20));
    session.wait_for(&name, secs(20));
    watcher.kill();
    // its lease would last for six seconds more at least
    session.wait_for("this process watches now", secs(30));
    session.wait_until("no following", secs(30), |s| !s.contains(FOLLOWS));
    watched_by(home.path(), &config, id(session.pid()));
    let after = eventually("the incident on the new watcher's board", secs(60), || {
        sev1(&board(home.path(), &config)?)
    });
    assert_eq!(promise(&after), promise(&before));
}

#[test]
fn a_watcher_that_was_stopped_too_long_follows_and_writes_nothing() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day"]);
    let config = shop_config(home.path(), &shop);
    let mut session = dashboard(home.path(), &config);
    watched_by(home.path(), &config, id(session.pid()));
    let mut other = watch(home.path(), &config);
    other.wait_text("standing by", secs(20));
    session.signal(Signal::STOP);
    watched_by(home.path(), &config, id(other.pid()));
    session.signal(Signal::CONT);
    session.wait_for(FOLLOWS, secs(20));
    for _ in 0..10 {
        let board = board(home.path(), &config).expect("a board");
        assert_eq!(board["watcher"]["pid"], id(other.pid()), "two writers");
        pause(std::time::Duration::from_millis(300));
    }
    assert!(other.exited().is_none(), "{}", other.said());
    rustix::process::kill_process(other.pid(), Signal::TERM).expect("sent");
    session.wait_for("this process watches now", secs(15));
    watched_by(home.path(), &config, id(session.pid()));
    session.keys("q");
    assert!(session.wait_exit(secs(30)).success());
}
