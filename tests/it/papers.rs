//! The journal's own commands and the documents made of it, as a user meets them: exit codes,
//! refusals, and a copy of a journal while other processes write to it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::product::{json, run, told};
use crate::servers::home;

/// One record of every kind there is, an incident from its opening on.
const RECORDS: &str = include_str!("../../src/incident/tests/records_v1.ndjson");
const ID: &str = "inc-7k2m9q";

fn tillwatch(home: &Path, journal: &str, args: &[&str]) -> std::process::Output {
    let url = format!("sqlite:{}/{journal}/tillwatch.db", home.display());
    run(home, &[&["--journal", url.as_str()], args].concat())
}

fn ends(home: &Path, journal: &str, args: &[&str], code: i32) -> String {
    let output = tillwatch(home, journal, args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", told(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// A journal with an open incident of which everything was told but its end.
fn imported(home: &Path, journal: &str) -> String {
    let open = RECORDS.lines().filter(|line| {
        let ends = ["resolved", "reviewed", "cancelled", "mitigated", "cleared"];
        !ends.iter().any(|kind| line.contains(&format!("\"type\":\"{kind}\"")))
    });
    let mut open: Vec<&str> = open.collect();
    // the second form of an opening: an incident opens once
    open.remove(1);
    let file = home.join("open.ndjson").display().to_string();
    std::fs::write(&file, open.join("\n")).expect("written");
    ends(home, journal, &["journal", "import", &file], 0);
    file
}

#[test]
fn what_is_exported_is_imported_again_and_only_into_an_empty_journal() {
    let home = home();
    let home = home.path();
    let file = imported(home, "a");
    let out = ends(home, "a", &["journal", "export"], 0);
    let want = std::fs::read_to_string(&file).expect("file");
    assert_eq!(out.trim(), want.trim(), "line by line as they were");
    ends(home, "a", &["journal", "import", &file], 1);
    let copy = home.join("out.ndjson").display().to_string();
    std::fs::write(&copy, &out).expect("written");
    ends(home, "b", &["journal", "import", &copy], 0);
    assert_eq!(ends(home, "b", &["journal", "export"], 0), out);
    std::fs::write(&copy, format!("{out}{{\"v\":1}}\n")).expect("written");
    ends(home, "c", &["journal", "import", &copy], 1);
    ends(home, "c", &["journal", "verify"], 5);
    ends(home, "a", &["--as", "observer", "journal", "import", &file], 1);
    assert_eq!(ends(home, "a", &["journal", "export", "--incident", "INC-NONE"], 0), "");
    ends(home, "a", &["journal", "export", "--since", "yesterday"], 2);
    ends(home, "nowhere", &["journal", "export"], 5);
}

#[test]
fn a_copy_of_a_journal_that_others_write_to_is_whole_and_has_what_was_stored() {
    let home = home();
    let home = home.path();
    imported(home, "live");
    let (done, stored) = (AtomicBool::new(false), AtomicUsize::new(0));
    let writer = || {
        while !done.load(Ordering::Relaxed) {
            ends(home, "live", &["note", ID, "one more"], 0);
            stored.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(writer);
        scope.spawn(writer);
        for n in 0..8 {
            let before = stored.load(Ordering::Relaxed);
            ends(home, "live", &["journal", "verify"], 0);
            let folder = home.join(format!("copy{n}"));
            std::fs::create_dir(&folder).expect("folder");
            let to = folder.join("tillwatch.db").display().to_string();
            ends(home, "live", &["--as", "observer", "journal", "backup", &to], 0);
            ends(home, "live", &["journal", "backup", &to], 1);
            ends(home, "live", &["journal", "backup", &to, "--force"], 0);
            let name = format!("copy{n}");
            let audit = json(&tillwatch(home, &name, &["journal", "verify", "--json"]));
            assert_eq!(audit["ok"], true, "{audit}");
            let out = ends(home, &name, &["journal", "export"], 0);
            let notes = out.lines().filter(|l| l.contains("one more")).count();
            assert!(notes >= before, "{notes} of {before}");
        }
        done.store(true, Ordering::Relaxed);
    });
    let all = ends(home, "live", &["journal", "export"], 0);
    let notes = all.lines().filter(|l| l.contains("one more")).count();
    assert_eq!(notes, stored.load(Ordering::Relaxed));
}

#[test]
fn documents_of_a_closed_incident_of_any_age_and_its_review() {
    let home = home();
    let home = home.path();
    imported(home, "a");
    ends(home, "a", &["reviewed", ID, "--verdict", "true", "--reason", "early"], 1);
    let open = ends(home, "a", &["handover"], 0);
    assert!(open.contains("# Handover") && open.contains(ID), "{open}");
    ends(home, "a", &["resolve", ID, "--reason", "done"], 0);
    ends(home, "a", &["--as", "observer", "reviewed", ID, "--verdict", "true", "--reason", "x"], 1);
    ends(home, "a", &["reviewed", ID, "--verdict", "maybe", "--reason", "x"], 2);
    let reason = "a | `b`\nc";
    ends(home, "a", &["reviewed", ID, "--verdict", "false", "--reason", reason], 0);
    let paper = ends(home, "a", &["--as", "observer", "postmortem", ID], 0);
    assert!(paper.contains("a false alarm: a \\| \\`b\\` c"), "{paper}");
    let document = json(&tillwatch(home, "a", &["postmortem", ID, "--json"]));
    assert_eq!(document["schema"], "tillwatch/postmortem/1");
    assert_eq!((&document["state"], &document["verdict"]), (&"reviewed".into(), &"false".into()));
    assert_eq!(document["review"], reason);
    ends(home, "a", &["postmortem", "INC-NONE"], 1);
    let args = ["review", "--since", "2026-11-17T00:00:00Z", "--until", "2026-11-30T00:00:00Z"];
    let review = ends(home, "a", &args, 0);
    assert!(review.contains("# Observability review"), "{review}");
    let review = json(&tillwatch(home, "a", &["review", "--week", "2026-W47", "--json"]));
    assert_eq!(review["schema"], "tillwatch/review/1");
    assert_eq!(review["counts"]["opened"], 1);
    assert_eq!(review["guardrails"][0]["false_alarms"], 1);
    ends(home, "a", &["review", "--week", "2026-48"], 2);
    ends(home, "a", &["review"], 0);
}
