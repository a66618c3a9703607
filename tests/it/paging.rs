//! Somebody is woken: the program pages a PagerDuty-shaped receiver once for a Sev 1, whoever
//! watches; an acknowledgement and the end of it arrive there too. And `page-test` by its codes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::child::Running;
use crate::configs::{demo_sources, frame, write};
use crate::product::{json, open, run, tillwatch, told};
use crate::rust_text::root;
use crate::servers::home;
use crate::shopd::Shop;
use crate::stub::Stub;
use crate::wait::{eventually, secs};

const ROUTING: &str = "R0123456789abcdefghijklmnopqrstu";

/// A receiver that keeps what it is told and answers with `status`.
struct Receiver {
    stub: Stub,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    fn start(status: u16) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeps = Arc::clone(&heard);
        let stub = Stub::start(move |asked| {
            let body = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
            keeps.lock().unwrap().push(body);
            let said = "{\"status\":\"success\",\"message\":\"Event processed\"}";
            (status, "application/json", said.as_bytes().to_vec())
        });
        Self { stub, heard }
    }

    fn actions(&self, id: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let own = heard.iter().filter(|b| b["dedup_key"] == id);
        own.filter_map(|b| b["event_action"].as_str().map(str::to_owned)).collect()
    }
}

fn key_file(home: &Path) -> String {
    let path = home.join("routing.key");
    std::fs::write(&path, ROUTING).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("mode");
    path.display().to_string()
}

fn sink(home: &Path, url: &str) -> String {
    let key = key_file(home);
    format!(
        "[[sink]]\nname = \"pd\"\nkind = \"pagerduty\"\nurl = \"{url}/v2/enqueue\"\n\
         secret = {{ file = \"{key}\" }}\nseverities = [1]\ntimeout = \"2s\"\n\n"
    )
}

/// The default guardrails, clear after a minute.
fn soon_clear() -> String {
    let text = std::fs::read_to_string(root().join("config.example.toml")).expect("the example");
    let rows = text.split("\n[[guardrail]]").skip(1);
    let own = |row: &str| {
        let end = row.find("\n[").unwrap_or(row.len());
        let row = row[..end].replace("clear = \"5m\"", "clear = \"1m\"");
        format!("[[guardrail]]{row}\n")
    };
    rows.map(own).collect()
}

/// The suspect is rolled back as soon as that is possible.
fn rolled_back(home: &Path, config: &str, id: &str) {
    let token = eventually("a way back", secs(300), || {
        let plan = sev1(&board(home, config)?)?["rollback"].clone();
        (plan["ready"] == true).then(|| plan["confirm_token"].as_str().map(str::to_owned))?
    });
    let back = run(home, &["rollback", id, "--confirm", &token, "--config", config]);
    assert_eq!(back.status.code(), Some(0), "{}", told(&back));
}

fn board(home: &Path, config: &str) -> Option<Value> {
    let output = run(home, &["once", "--json", "--as", "observer", "--config", config]);
    (!output.stdout.is_empty()).then(|| json(&output))
}

fn sev1(board: &Value) -> Option<Value> {
    open(board).first().map(|i| (*i).clone()).filter(|i| i["severity"] == 1)
}

#[test]
fn a_sev1_pages_once_over_a_killed_watcher_and_its_ack_and_end_arrive() {
    let home = home();
    let shop = Shop::start(home.path(), &["--scenario", "calm-day", "--seed", "7"]);
    let receiver = Receiver::start(202);
    let text = frame(home.path(), &shop.url)
        + "[response]\nmitigate_after = \"10s\"\nresolve_after = \"10s\"\n\n"
        + &sink(home.path(), &receiver.stub.url)
        + &soon_clear()
        + &demo_sources(&shop.url);
    let config = write(home.path(), &text);
    shop.inject("checkout-outage");
    let watch = || Running::start(tillwatch(home.path(), &["watch", "--config", &config]));
    let mut watcher = watch();
    let delivered = |b: &Value| sev1(b).filter(|i| i["notifications"][0]["state"] == "delivered");
    let found =
        eventually("a Sev 1 that was told", secs(300), || delivered(&board(home.path(), &config)?));
    let id = found["id"].as_str().expect("an id").to_owned();
    assert_eq!(receiver.actions(&id), ["trigger"]);
    let told_ = &found["notifications"][0];
    assert_eq!((&told_["sink"], &told_["event"]), (&"pd".into(), &"opened".into()), "{told_:#}");
    watcher.kill();
    let again = watch();
    let pid = i64::from(again.pid().as_raw_nonzero().get());
    eventually("the next watcher's board", secs(60), || {
        board(home.path(), &config).filter(|b| b["watcher"]["pid"] == pid && delivered(b).is_some())
    });
    let acked = run(home.path(), &["ack", &id, "--config", &config]);
    assert_eq!(acked.status.code(), Some(0), "{}", told(&acked));
    eventually("acknowledge", secs(60), || {
        receiver.actions(&id).contains(&"acknowledge".to_owned()).then_some(())
    });
    rolled_back(home.path(), &config, &id);
    eventually("resolve", secs(600), || {
        receiver.actions(&id).contains(&"resolve".to_owned()).then_some(())
    });
    let actions = receiver.actions(&id);
    let late = actions.iter().filter(|a| *a == "trigger").count();
    let lates = board(home.path(), &config)
        .and_then(|b| b["incidents"].as_array().cloned())
        .and_then(|all| all.into_iter().find(|i| i["id"] == id.as_str()))
        .and_then(|i| i["notifications"].as_array().cloned())
        .unwrap_or_default();
    let asked = lates.iter().filter(|n| n["event"] != "acknowledged" && n["event"] != "resolved");
    assert_eq!(late, asked.count(), "each message once: {actions:?} {lates:#?}");
    assert_eq!(lates.iter().filter(|n| n["event"] == "opened").count(), 1, "{lates:#?}");
    for watcher in [&watcher, &again] {
        assert!(!watcher.said().contains(ROUTING), "the routing key is in its output");
    }
}

#[test]
fn page_test_says_what_each_sink_said_and_ends_by_it() {
    let home = home();
    for (status, word, code) in
        [(202, "accepted", 0), (400, "refused", 1), (429, "refused", 1), (503, "unknown", 3)]
    {
        let receiver = Receiver::start(status);
        let text =
            frame(home.path(), "http://127.0.0.1:1") + &sink(home.path(), &receiver.stub.url);
        let config = write(home.path(), &text);
        let output = run(home.path(), &["page-test", "--json", "--config", &config]);
        assert_eq!(output.status.code(), Some(code), "{status}: {}", told(&output));
        let document = json(&output);
        let row = &document["sinks"][0];
        assert_eq!((&row["name"], &row["outcome"]), (&"pd".into(), &word.into()), "{row:#}");
        let sent = receiver.heard.lock().unwrap().clone();
        assert_eq!(sent.len(), 1);
        let summary = sent[0]["payload"]["summary"].as_str().expect("a summary");
        assert!(summary.starts_with("TEST by "), "{summary}");
        assert!(!told(&output).contains(ROUTING));
    }
    let receiver = Receiver::start(202);
    let text = frame(home.path(), "http://127.0.0.1:1") + &sink(home.path(), &receiver.stub.url);
    let config = write(home.path(), &text);
    for (args, code) in [
        (vec!["page-test", "--sink", "nobody"], 2),
        (vec!["page-test", "--as", "observer"], 1),
        (vec!["page-test", "--sink", "pd"], 0),
    ] {
        let output = run(home.path(), &[args.as_slice(), &["--config", &config]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?} {}", told(&output));
    }
    assert_eq!(receiver.heard.lock().unwrap().len(), 1);
    let bare = write(home.path(), &frame(home.path(), "http://127.0.0.1:1"));
    let output = run(home.path(), &["page-test", "--config", &bare]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}
