//! One word for one thing: no type name is defined twice, and a word that ARCHITECTURE.md reserves
//! names one type at most. Associated types and the helpers of tests do not count.

use std::collections::BTreeMap;

use crate::rust_text::Source;

/// Places whose types may still share a name with another, and why.
const STILL: [(&str, &str); 2] = [
    ("src/detect", "its names change with its sub-rooms"),
    ("src/watch/series", "it moves into the engine"),
];

/// Where each type is defined, outside tests.
fn types(sources: &[Source]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let still = |s: &Source| STILL.iter().any(|(place, _)| s.path.starts_with(place));
    for source in sources.iter().filter(|s| s.path.starts_with("src/") && !still(s)) {
        for (n, line) in source.product_lines() {
            if let Some(name) = defined(line) {
                found.entry(name.to_owned()).or_default().push(format!("{}:{n}", source.path));
            }
        }
    }
    found
}

/// The type that a line defines. A `type` inside an `impl` or a trait stands indented.
fn defined(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        let seen = after.strip_prefix('(').and_then(|a| a.split_once(')')).map(|(_, a)| a);
        rest = seen.unwrap_or(after).trim_start();
    }
    let (word, name) = rest.split_once(' ')?;
    let own = matches!(word, "struct" | "enum" | "trait")
        || word == "type" && line == rest
        || word == "type" && line.starts_with("pub");
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    own.then(|| &name[..end]).filter(|n| !n.is_empty())
}

pub fn twice(sources: &[Source]) -> Vec<String> {
    let shared = types(sources).into_iter().filter(|(_, places)| places.len() > 1);
    shared.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
}

/// The words of the table under `## Words`: its first column, one by one.
pub fn reserved(architecture: &str) -> Vec<String> {
    let table = architecture.split("## Words").nth(1).unwrap_or_default();
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter_map(|l| l.strip_prefix("| ")?.split(" |").next());
    let words = rows.flat_map(|first| first.split(", ")).map(str::trim);
    let types = words.filter(|w| w.starts_with(char::is_uppercase) && !w.contains(' '));
    types.map(str::to_owned).collect()
}

/// Reserved words that name more than one type of the crate, helpers of its unit tests included.
pub fn reserved_twice(sources: &[Source], words: &[String]) -> Vec<String> {
    let still = |s: &Source| STILL.iter().any(|(place, _)| s.path.starts_with(place));
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|s| !still(s)) {
        for (n, line) in source.code.iter().enumerate() {
            let word = defined(line).and_then(|name| words.iter().find(|w| *w == name));
            if let Some(word) = word {
                found.entry(word).or_default().push(format!("{}:{}", source.path, n + 1));
            }
        }
    }
    let twice = found.into_iter().filter(|(_, places)| places.len() > 1);
    twice.map(|(word, places)| format!("{word}: {}", places.join(", "))).collect()
}
