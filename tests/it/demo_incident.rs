//! The main job as one session: a live Sev 1 on the first screen, acknowledged, decided, rolled
//! back with the typed token, healed. And what must not fire: every shorter way to the rollback.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::product::{json, open, run};
use crate::pty::Session;
use crate::servers::home;
use crate::wait::{Deadline, eventually, pause, secs};

/// Longer than the 700 ms in which a fresh dialog takes no key.
const DIALOG_GUARD: Duration = Duration::from_millis(900);

/// A person looks once more before Enter; a paste does not.
const ENTER_AFTER: Duration = Duration::from_millis(600);

struct Demo {
    home: tempfile::TempDir,
    keep: PathBuf,
    session: Session,
}

impl Demo {
    fn start(scenario: &str, speed: &str) -> Self {
        let home = home();
        let keep = home.path().join("keep");
        let kept = keep.display().to_string();
        let args = ["demo", scenario, "--seed", "7", "--speed", speed, "--keep", kept.as_str()];
        let session = Session::tillwatch(home.path(), &args, (80, 24));
        Self { home, keep, session }
    }

    /// The board as every other viewer of the same journal sees it; none until there is one.
    fn board(&self) -> Option<Value> {
        board(self.home.path(), &self.keep)
    }

    /// The worst open incident, or none.
    fn incident(&self) -> Option<Value> {
        let board = self.board()?;
        open(&board).first().map(|i| (*i).clone())
    }

    fn wait_state(&self, id: &str, states: &[&str], limit: Duration) -> Value {
        eventually(&format!("{id} in {states:?}"), limit, || {
            let board = self.board()?;
            let rows = board["incidents"].as_array().cloned().unwrap_or_default();
            rows.into_iter().find(|i| {
                i["id"] == id && states.contains(&i["state"].as_str().unwrap_or_default())
            })
        })
    }
}

fn board(home: &Path, keep: &Path) -> Option<Value> {
    let journal = format!("sqlite:{}", keep.join("journal.db").display());
    let output = run(home, &["once", "--json", "--as", "observer", "--journal", &journal]);
    (!output.stdout.is_empty()).then(|| json(&output))
}

/// What the first screen still lacks for the first decision.
fn lacking(screen: &str, release: &str) -> Vec<&'static str> {
    let lower = screen.to_lowercase();
    let row = screen.lines().find(|l| l.contains("Sev 1 checkout")).unwrap_or_default();
    let clocks = row.split_whitespace().filter(|word| is_clock(word)).count();
    let wants = [
        (screen.contains("Sev 1"), "severity"),
        (lower.contains("checkout"), "journey"),
        (lower.contains("owner"), "owner column"),
        (lower.contains("ack") && lower.contains("decide"), "names of the clocks"),
        (clocks >= 2, "both clocks in the row"),
        (lower.contains("eur/min"), "money per minute"),
        (!release.is_empty() && screen.contains(release), "guilty release"),
    ];
    wants.into_iter().filter(|(there, _)| !there).map(|(_, what)| what).collect()
}

/// `4m12s`, `-15m32s`, `59s`: a time that is left or over.
fn is_clock(word: &str) -> bool {
    let digits = word.trim_start_matches('-');
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.contains(['m', 's', 'h'])
}

fn has_action(incident: &Value) -> bool {
    !incident["action"].is_null()
}

#[test]
fn a_sev1_is_seen_acknowledged_rolled_back_and_healed() {
    let mut demo = Demo::start("checkout-outage", "60");
    demo.session.wait_for("Sev 1", secs(60));
    let incident = eventually("a Sev 1 with a suspect", secs(60), || {
        demo.incident().filter(|i| i["severity"] == 1 && i["suspect"]["release"].is_string())
    });
    let id = incident["id"].as_str().expect("an id").to_owned();
    let release = incident["suspect"]["release"].as_str().expect("a release").to_owned();
    let screen = demo.session.wait_until("everything for the first decision", secs(30), |s| {
        lacking(s, &release).is_empty()
    });
    assert_eq!(lacking(&screen, &release), Vec::<&str>::new(), "{screen}");

    demo.session.keys("a");
    demo.session
        .wait_until("the acknowledgement", secs(30), |s| s.to_lowercase().contains("acknowledged"));
    let acked = demo.wait_state(&id, &["acknowledged"], secs(10));
    let owner = acked["acked_by"].as_str().expect("who acknowledged").to_owned();
    demo.session.wait_for(&owner, secs(30));

    let token = acked["rollback"]["confirm_token"].as_str().expect("a token").to_owned();
    nothing_shorter_fires(&mut demo, &id, &token);
    demo.session.keys("R");
    demo.session.wait_for(&token, secs(30));
    pause(DIALOG_GUARD);
    demo.session.type_by_hand(&token);
    pause(ENTER_AFTER);
    demo.session.type_by_hand("\r");
    let deadline = Deadline::after(secs(10));
    let sent = loop {
        if let Some(incident) = demo.incident().filter(has_action) {
            break incident;
        }
        assert!(!deadline.passed(), "nothing was sent; screen:\n{}", demo.session.screen());
    };
    assert_eq!(sent["action"]["to"], incident["rollback"]["to"], "{sent:#}");
    demo.wait_state(&id, &["verifying", "mitigated", "resolved"], secs(30));
    let healed = demo.wait_state(&id, &["mitigated", "resolved"], secs(120));
    assert_eq!(healed["action"]["state"], "verified", "{healed:#}");
    let told = healed["timeline"].to_string();
    assert!(told.contains("recovery proven"), "{told}");

    demo.session.keys("q");
    assert!(demo.session.wait_exit(secs(30)).success());
}

/// Every way to the rollback that is shorter than the typed token, one after the other.
fn nothing_shorter_fires(demo: &mut Demo, id: &str, token: &str) {
    let mut almost = token.to_owned();
    almost.pop();
    let pasted = format!("\x1b[200~{token}\r\x1b[201~");
    let slow = [vec!["\r"], vec!["y", "\r"], vec![almost.as_str(), "\r"]];
    for tries in slow {
        demo.session.keys("R");
        demo.session.wait_for(token, secs(30));
        pause(DIALOG_GUARD);
        for keys in tries {
            demo.session.type_by_hand(keys);
        }
        leave(demo, token);
    }
    for burst in [pasted, format!("{token}\r")] {
        demo.session.keys("R");
        demo.session.wait_for(token, secs(30));
        pause(DIALOG_GUARD);
        demo.session.keys(&burst);
        leave(demo, token);
    }
    let incident = demo.incident().expect("still open");
    assert_eq!(incident["id"], id);
    assert!(!has_action(&incident), "a shorter sequence fired: {incident:#}");
}

fn leave(demo: &mut Demo, token: &str) {
    pause(DIALOG_GUARD);
    for _ in 0..3 {
        if demo.session.screen().contains(token) {
            demo.session.keys("\x1b");
            pause(DIALOG_GUARD);
        }
    }
    demo.session.wait_until("the dialog closed", secs(30), |s| !s.contains(token));
}
