//! The checkers: each takes sources and returns one line per offender, `file:line: what`.
//! The tables below are the rules; ARCHITECTURE.md explains them. No assertions here.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust_text::Source;

/// Ranked rooms import lower ranks only.
const RANKS: [(&str, u8); 15] = [
    ("domain", 0),
    ("policy", 1),
    ("verdict", 2),
    ("detect", 3),
    ("incident", 4),
    ("board", 5),
    ("watch", 6),
    ("desk", 6),
    ("present", 7),
    ("report", 7),
    ("render", 8),
    ("config", 9),
    ("shell", 10),
    ("cli", 10),
    ("main", 11),
];

/// Ranked rooms that few may import: whoever else needs what judging says reads `verdict`.
const RESERVED: [(&str, &[&str]); 1] = [("detect", &["watch", "report", "shell", "cli"])];

/// Rooms with rooms inside: those import lower ones only, and each is imported by higher ones only.
const SUBROOMS: [(&str, &[(&str, u8)]); 1] = [(
    "detect",
    &[
        ("maths", 0),
        ("evidence", 1),
        ("baseline", 2),
        ("cube", 3),
        ("learning", 4),
        ("scan", 5),
        ("univariate", 5),
        ("detectors", 6),
        ("attribution", 7),
        ("cases", 8),
        ("judgement", 9),
        ("engine", 10),
    ],
)];

/// Leaves import exactly these; who may import a leaf is the second list.
const LEAVES: [(&str, &[&str], &[&str]); 4] = [
    ("source", &["domain"], &["config", "shell", "cli"]),
    ("sink", &["domain", "incident", "source"], &["config", "shell", "cli"]),
    ("journal", &["domain", "incident", "board"], &["config", "shell", "cli"]),
    ("shop", &["domain"], &["shell", "cli"]),
];

/// Rooms that talk to the outside: sockets, files, async. All others are pure.
const OUTSIDE: [&str; 7] = ["source", "sink", "journal", "shop", "config", "shell", "cli"];

/// Rooms that may name ratatui.
const PICTURES: [&str; 3] = ["render", "shell", "cli"];

/// Files that are one table each, with the reason.
const TABLES: [(&str, &str); 0] = [];

/// Same rank, different room: allowed one way only.
const PEERS: [(&str, &str); 1] = [("cli", "shell")];

const LINES_MAX: usize = 400;
const FUNCTION_MAX: usize = 60;
const COLUMNS_MAX: usize = 100;

fn rank(room: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == room).map(|(_, rank)| *rank)
}

fn leaf(
    room: &str,
) -> Option<&'static (&'static str, &'static [&'static str], &'static [&'static str])> {
    LEAVES.iter().find(|(name, _, _)| *name == room)
}

fn reserved(from: &str, to: &str) -> bool {
    RESERVED.iter().any(|(room, users)| *room == to && !users.contains(&from))
}

/// May `from` import `to`?
pub fn may_import(from: &str, to: &str) -> bool {
    if from == to || PEERS.contains(&(from, to)) {
        return true;
    }
    match (leaf(from), leaf(to), rank(from), rank(to)) {
        (Some((_, uses, _)), _, _, _) => uses.contains(&to),
        (None, Some((_, _, users)), _, _) => users.contains(&from) || from == "main",
        (None, None, Some(own), Some(other)) => other < own && !reserved(from, to),
        _ => false,
    }
}

/// `(file:line, importing room, imported room)` for every path that starts at the crate root.
fn crate_paths(sources: &[Source]) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for source in sources {
        let Some(room) = source.room().filter(|r| *r != "lib") else { continue };
        for (n, line) in source.product_lines() {
            for target in targets(line).into_iter().chain(climbs(source, line)) {
                found.push((format!("{}:{n}", source.path), room.to_owned(), target));
            }
        }
    }
    found
}

/// Rooms named after `crate::` (or `tillwatch::` in main.rs), braces after it included.
fn targets(line: &str) -> Vec<String> {
    ["crate::", "tillwatch::"].iter().flat_map(|mark| named(line, mark)).collect()
}

/// The first names of the paths that go on after a mark, braces after it included.
fn named(line: &str, mark: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices(mark).filter(|(at, _)| !line[..*at].ends_with("super::")) {
        let rest = &line[at + mark.len()..];
        let inside = rest.strip_prefix('{').and_then(|r| r.split('}').next());
        let all = inside.unwrap_or(rest).split(if inside.is_some() { ',' } else { '\0' });
        names.extend(all.map(|n| first_word(n.trim())).filter(|n| !n.is_empty()));
    }
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// A `super::` chain that climbs out of its room reads as an import of what follows.
fn climbs(source: &Source, line: &str) -> Vec<String> {
    let depth = source.path.matches('/').count();
    let chain = "super::".repeat(depth);
    let hits = line.match_indices(&chain).map(|(at, _)| first_word(&line[at + chain.len()..]));
    hits.filter(|name| rank(name).is_some() || leaf(name).is_some()).collect()
}

/// The part of a path that names the room inside `room`: `src/detect/cube/store.rs` is of `cube`.
fn subroom<'a>(source: &'a Source, room: &str) -> Option<&'a str> {
    let inside = source.path.strip_prefix("src/")?.strip_prefix(room)?.strip_prefix('/')?;
    let name = inside.split('/').next()?;
    Some(name.strip_suffix(".rs").unwrap_or(name))
}

/// Rooms inside a room: all have a rank, and none imports its like or a higher one.
pub fn subroom_imports(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (room, ranks) in SUBROOMS {
        let rank = |name: &str| ranks.iter().find(|(n, _)| *n == name).map(|(_, rank)| *rank);
        for source in sources {
            let Some(own) = subroom(source, room).filter(|own| *own != "tests") else { continue };
            let Some(mine) = rank(own) else {
                found.push(format!("{}: {own} has no rank in {room}", source.path));
                continue;
            };
            for (n, line) in source.product_lines() {
                let up = "super::".repeat(source.path.matches('/').count() - 1);
                let here = named(line, &format!("crate::{room}::"));
                let wrong = here
                    .into_iter()
                    .chain(named(line, &up))
                    .filter(|to| *to != own && rank(to).is_some_and(|other| other >= mine));
                let told =
                    wrong.map(|to| format!("{}:{n}: {own} must not import {to}", source.path));
                found.extend(told);
            }
        }
    }
    found
}

pub fn imports(sources: &[Source]) -> Vec<String> {
    let known = |name: &str| rank(name).is_some() || leaf(name).is_some();
    let paths = crate_paths(sources).into_iter().filter(|(_, _, to)| known(to));
    let wrong = paths.filter(|(_, from, to)| !may_import(from, to));
    wrong.map(|(place, from, to)| format!("{place}: {from} must not import {to}")).collect()
}

pub fn mutual_pairs(sources: &[Source]) -> Vec<String> {
    let mut arrows: BTreeMap<(String, String), String> = BTreeMap::new();
    for (place, from, to) in crate_paths(sources) {
        arrows.entry((from, to)).or_insert(place);
    }
    let pairs = arrows.iter().filter_map(|((from, to), place)| {
        let back = arrows.get(&(to.clone(), from.clone()))?;
        (from < to).then(|| format!("{place} and {back}: {from} and {to} import each other"))
    });
    pairs.collect()
}

pub fn unranked(sources: &[Source]) -> Vec<String> {
    let rooms: BTreeSet<&str> =
        sources.iter().filter_map(Source::room).filter(|r| *r != "lib").collect();
    rooms
        .into_iter()
        .filter(|r| rank(r).is_none() && leaf(r).is_none())
        .map(str::to_owned)
        .collect()
}

pub fn heads(sources: &[Source]) -> Vec<String> {
    let count = |s: &Source| s.raw.iter().take_while(|l| l.starts_with("//!")).count();
    let least = |s: &Source| if s.path.ends_with("/tests.rs") { 1 } else { 2 };
    let bad = sources.iter().filter(|s| !(least(s)..=6).contains(&count(s)));
    bad.map(|s| format!("{}:1: {} lines of head", s.path, count(s))).collect()
}

pub fn long_files(sources: &[Source]) -> Vec<String> {
    let exempt = |s: &Source| TABLES.iter().any(|(path, _)| *path == s.path);
    let long = sources.iter().filter(|s| s.raw.len() > LINES_MAX && !exempt(s));
    long.map(|s| format!("{}: {} lines", s.path, s.raw.len())).collect()
}

pub fn long_functions(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for f in source.functions().iter().filter(|f| f.code_lines > FUNCTION_MAX) {
            found.push(format!("{}:{}: {} has {}", source.path, f.line + 1, f.name, f.code_lines));
        }
    }
    found
}

pub fn wide_lines(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (n, line) in source.raw.iter().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX {
                found.push(format!("{}:{}: {columns} columns", source.path, n + 1));
            }
        }
    }
    found
}

/// Lines outside tests that contain one of the words, in files that pass the filter.
fn containing(sources: &[Source], words: &[&str], of: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|s| of(s)) {
        for (n, line) in source.product_lines() {
            for word in words.iter().filter(|w| contains_word(line, w)) {
                found.push(format!("{}:{n}: {word}", source.path));
            }
        }
    }
    found
}

/// The text occurs, not as the tail of a longer name.
fn contains_word(line: &str, word: &str) -> bool {
    let open = word.starts_with(|c: char| c.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !open || !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '\'')
    })
}

pub fn panics(sources: &[Source]) -> Vec<String> {
    let words = [
        "todo!",
        "unimplemented!",
        "unreachable!",
        "panic!",
        ".unwrap()",
        ".expect(",
        ".unwrap_err()",
        ".expect_err(",
    ];
    containing(sources, &words, |_| true)
}

/// Names of a shop's own metrics and dimensions: a list that only grows, so that a metric stays a
/// small value that is copied and compared (ARCHITECTURE, Decisions).
const INTERNER: &str = "src/domain/own.rs";

pub fn hidden_state(sources: &[Source]) -> Vec<String> {
    let words = [
        "static ",
        "thread_local!",
        "Arc<Mutex",
        "Arc<RwLock",
        "Rc<RefCell",
        "RefCell<",
        "OnceLock<",
        "LazyLock<",
        "OnceCell<",
    ];
    containing(sources, &words, |s| {
        let ranked = s.room().is_some_and(|r| rank(r).is_some_and(|n| n <= 9));
        ranked && s.path != INTERNER
    })
}

pub fn clocks(sources: &[Source]) -> Vec<String> {
    let words = ["SystemTime::now", "Instant::now", "Utc::now", "Local::now", "rand::rng()"];
    containing(sources, &words, |s| s.path != "src/shell/clock.rs")
}

pub fn outside_world(sources: &[Source]) -> Vec<String> {
    let pure = |s: &Source| s.room().is_some_and(|r| !OUTSIDE.contains(&r) && r != "main");
    let words = [
        "tokio::",
        "reqwest::",
        "sqlx::",
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "crossterm::",
        "println!",
        "eprintln!",
    ];
    let mut found = containing(sources, &words, pure);
    let no_pictures = |s: &Source| s.room().is_some_and(|r| !PICTURES.contains(&r));
    found.extend(containing(sources, &["ratatui::"], no_pictures));
    found
}

/// Ways to the outside, or to a secret, beside the files that mask what comes back.
pub fn unmasked(sources: &[Source]) -> Vec<String> {
    const DOORS: [&str; 8] = [
        "src/source/http.rs",
        "src/source/http/",
        "src/source/mask",
        "src/source/secret",
        "src/sink/wire.rs",
        "src/sink/sign.rs",
        "src/sink/webhook",
        "src/sink/pager",
    ];
    let words = [
        "reqwest::",
        "TcpStream",
        "expose_secret",
        "SecretString",
        ".resolve()",
        "hyper::",
        "ExposeSecret",
    ];
    let leaf = |s: &Source| s.room().is_some_and(|r| r == "source" || r == "sink");
    let inside = |s: &Source| DOORS.iter().any(|d| s.path.starts_with(d));
    let mut found = containing(sources, &words, |s| leaf(s) && !inside(s));
    // Only one file of the sinks sends; the webhook makes requests and reads what `wire` gives it.
    let sends = ["reqwest::Client", ".execute(", ".chunk()", ".send().await"];
    let one = |s: &Source| s.room() == Some("sink") && s.path != "src/sink/wire.rs";
    found.extend(containing(sources, &sends, one));
    found
}

pub fn allows(sources: &[Source]) -> Vec<String> {
    containing(sources, &["#[allow", "#![allow"], |_| true)
}

pub fn mod_files(sources: &[Source]) -> Vec<String> {
    let wrong = sources.iter().filter(|s| s.path.ends_with("/mod.rs"));
    wrong.map(|s| s.path.clone()).collect()
}

pub fn unfinished(sources: &[Source]) -> Vec<String> {
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let mut found = Vec::new();
    for source in sources {
        for (n, line) in source.raw.iter().enumerate() {
            for mark in marks.iter().filter(|m| contains_word(line, m)) {
                found.push(format!("{}:{}: {mark}", source.path, n + 1));
            }
        }
    }
    found
}

pub fn machine_paths(files: &[(String, String)]) -> Vec<String> {
    let marks = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/runner")];
    let mut found = Vec::new();
    for (path, text) in files {
        for (n, line) in text.lines().enumerate() {
            if marks.iter().any(|m| line.contains(m)) {
                found.push(format!("{path}:{}: {}", n + 1, line.trim()));
            }
        }
    }
    found
}
