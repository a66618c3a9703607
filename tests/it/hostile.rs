//! Outside text is hostile: strings made to seize a terminal arrive as template, release, author
//! and error text. No byte of theirs may reach the terminal; what must stay readable does.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::hostile_strings::{Hostile, strings};
use crate::pty::Session;
use crate::servers::home;
use crate::stub::{Asked, Said, Stub};
use crate::terminal_rule::offenders;
use crate::wait::{pause, secs, unix_now};

/// As many as fit on one 60-row page without scrolling.
const BATCH: usize = 38;
const PLAIN: &str = "plain-template";

/// One batch in all four places, as an http_json shop and sources that only fail.
fn answer(batch: &[Hostile], asked: &Asked) -> Said {
    let texts = || batch.iter().map(Hostile::text);
    let now = unix_now();
    let body = match asked.path.split('?').next().unwrap_or_default() {
        "/rum" => {
            let names: Vec<String> = texts().chain([PLAIN.to_owned()]).collect();
            let row = |at: i64, name: &str| {
                let bins = [40, 30, 30];
                json!({ "t": at, "template": name, "device": "mobile", "bins": bins })
            };
            let minutes = (1..=3).map(|n| (now / 60 - n) * 60);
            let rows = minutes.flat_map(|at| names.iter().map(move |n| row(at, n)));
            json!({ "bounds": [1000, 2000, 4000], "rows": rows.collect::<Vec<Value>>() })
        }
        "/changes" => {
            let row = |(n, text): (usize, String)| {
                let at = now - 600 - i64::try_from(n).expect("small");
                json!({ "id": text, "author": text, "service": text, "at": at })
            };
            Value::from(texts().enumerate().map(row).collect::<Vec<_>>())
        }
        "/checks" => {
            let at = now - 30;
            let row =
                |s: String| json!({ "t": at, "journey": "checkout", "ok": false, "message": s });
            Value::from(texts().map(row).collect::<Vec<_>>())
        }
        path => return failure(batch, path),
    };
    (200, "application/json", body.to_string().into_bytes())
}

/// `/fail/N` refuses with string N as Prometheus would word it; odd ones as raw bytes.
fn failure(batch: &[Hostile], path: &str) -> Said {
    let number = path.split('/').nth(2).and_then(|n| n.parse::<usize>().ok());
    let Some(one) = number.and_then(|n| batch.get(n)) else {
        return (404, "text/plain", b"no such page".to_vec());
    };
    let wrapped = json!({ "status": "error", "errorType": "bad_data", "error": one.text() });
    (400, "application/json", wrapped.to_string().into_bytes())
}

fn config(home: &Path, url: &str, batch: &[Hostile]) -> String {
    let mut text = format!(
        "[[source]]\nname = \"shop\"\nkind = \"http_json\"\nurl = \"{url}\"\nevery = \"1s\"\n\
         [[source.record]]\nkind = \"observation\"\npath = \"/rum\"\n\
         rows = \"rows\"\ntime = \"t\"\n\
         window = \"60s\"\nbounds = \"bounds\"\nsegment = {{ template = \"template\", \
         device = \"device\" }}\n\
         metric = [{{ metric = \"lcp\", kind = \"histogram\", value = \"bins\" }}]\n\
         [[source.record]]\nkind = \"change\"\npath = \"/changes\"\n\
         change = {{ id = \"id\", author = \"author\", service = \"service\", \
         started_at = \"at\" }}\n\
         [[source.record]]\nkind = \"check\"\npath = \"/checks\"\ntime = \"t\"\n\
         check = {{ journey = \"journey\", ok = \"ok\", message = \"message\" }}\n"
    );
    for n in 0..batch.len() {
        write!(
            text,
            "[[source]]\nname = \"f{n}\"\nkind = \"prometheus\"\nurl = \"{url}/fail/{n}\"\n\
             query = [{{ metric = \"orders\", kind = \"count\", expr = \"x\" }}]\n"
        )
        .ok();
    }
    let path = home.join("tillwatch.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

/// Looks at every page; returns each screen, by key.
fn tour(session: &mut Session) -> Vec<(&'static str, String)> {
    let keys = ["2", "3", "4", "5", "6", "7", "8", "9", "?", "\x1b", "1", "\r"];
    let look = |key: &'static str| {
        session.keys(key);
        pause(std::time::Duration::from_millis(400));
        (key, session.screen())
    };
    keys.map(look).into()
}

/// What of one string must stay readable.
struct Needed {
    /// Its place in the batch, which is the number of the source that fails with it.
    n: usize,
    id: String,
    text: String,
    /// It stands in front: no narrow column may cut it off either.
    front: bool,
}

impl Needed {
    /// Where it cannot be read: as release, as error text in its own row, as template.
    fn lost(&self, screens: &[(&'static str, String)]) -> Vec<String> {
        let page = |key| screens.iter().find(|(k, _)| *k == key).map_or("", |(_, s)| s.as_str());
        let own = format!("f{}", self.n);
        let row = page("6").lines().find(|l| l.split_whitespace().next() == Some(&own));
        let places = [
            ("release", true, page("3")),
            ("error text", true, row.unwrap_or_default()),
            ("template", self.front, page("2")),
        ];
        let lost =
            places.iter().filter(|(_, needed, shown)| *needed && !shown.contains(&self.text));
        lost.map(|(what, ..)| format!("{}: {what} `{}` is not readable", self.id, self.text))
            .collect()
    }
}

fn check_batch(batch: Vec<Hostile>) -> Vec<String> {
    let home = home();
    let needed = |(n, h): (usize, &Hostile)| {
        let text = h.must_show.clone()?;
        let front = h.text().starts_with(&text);
        Some(Needed { n, id: h.id.clone(), text, front })
    };
    let must: Vec<Needed> = batch.iter().enumerate().filter_map(needed).collect();
    let batch = std::sync::Arc::new(batch);
    let served = std::sync::Arc::clone(&batch);
    let stub = Stub::start(move |asked| answer(&served, asked));
    let config = config(home.path(), &stub.url, &batch);
    let mut session = Session::tillwatch(home.path(), &["--config", &config], (200, 60));
    session.keys("2");
    session.wait_for(PLAIN, secs(20));
    let screens = tour(&mut session);
    let mut found: Vec<String> = offenders(&session.bytes());
    found.extend(must.iter().flat_map(|m| m.lost(&screens)));
    session.keys("q");
    session.wait_exit(secs(30));
    found
}

#[test]
fn hostile_text_reaches_no_terminal_and_stays_readable() {
    let Some(mut all) = strings() else { return };
    assert_eq!(all.len(), 113);
    let mut found = Vec::new();
    while !all.is_empty() {
        let rest = all.split_off(all.len().min(BATCH));
        found.extend(check_batch(all));
        all = rest;
    }
    assert!(found.is_empty(), "{} offenders:\n{}", found.len(), found.join("\n"));
}

#[test]
fn hostile_text_in_a_document_comes_out_as_escapes() {
    let Some(all) = strings() else { return };
    let home = home();
    let batch: Vec<Hostile> = all.into_iter().filter(|h| h.bytes.len() < 4_000).collect();
    let names: Vec<String> = batch.iter().map(Hostile::text).collect();
    let served = std::sync::Arc::new(batch);
    let stub = Stub::start(move |asked| answer(&served, asked));
    let config = config(home.path(), &stub.url, &[]);
    let args = ["once", "--json", "--wait", "5", "--config", config.as_str()];
    let output = crate::product::run(home.path(), &args);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "a raw control character in the document");
    let board: Value = serde_json::from_str(&text).expect("one document");
    let releases = board["releases"].as_array().expect("releases");
    assert!(!names.is_empty() && !releases.is_empty(), "{board:#}");
}

/// What a terminal obeys or hides, in plain text that may end on one.
fn obeyed(text: &str) -> Vec<String> {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(*c as u32, 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f)
            || matches!(*c as u32, 0xfeff | 0xe0000..=0xe0fff)
    };
    text.chars().filter(bad).map(|c| format!("{:04x}", c as u32)).collect()
}

#[test]
fn hostile_text_in_a_pipe_is_as_clean_as_on_a_terminal() {
    let Some(all) = strings() else { return };
    let home = home();
    let batch: Vec<Hostile> = all.into_iter().filter(|h| h.bytes.len() < 4_000).collect();
    let served = std::sync::Arc::new(batch);
    let (asked, count) = (std::sync::Arc::clone(&served), served.len());
    let stub = Stub::start(move |a| answer(&asked, a));
    let config = config(home.path(), &stub.url, &served);
    let log = home.path().join("log").display().to_string();
    let mut seen = 0;
    for command in [&["once", "--wait", "5"][..], &["check"], &["check", "--source", "\x1b[2J"]] {
        let whole = [command, &["--config", &config, "--log", &log]].concat();
        let output = crate::product::run(home.path(), &whole);
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(bytes);
            seen += text.lines().count();
            assert_eq!(obeyed(&text), Vec::<String>::new(), "{command:?}\n{text}");
        }
    }
    assert!(seen > count, "every source says something: {seen} lines");
    let log = std::fs::read_to_string(log).expect("a log");
    assert_eq!(obeyed(&log), Vec::<String>::new(), "the log");
}
