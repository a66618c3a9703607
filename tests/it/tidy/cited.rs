//! What code, config and pages cite is in the repository: pages by name, files and modules that
//! ARCHITECTURE.md names. No page that only its writer had is cited.

use std::path::Path;

use crate::rust_text::{Source, root};

/// Places whose comments may still cite what is elsewhere, and why.
const STILL: [(&str, &str); 0] = [];

/// Names of pages that are not part of the product.
const PRIVATE: [&str; 5] = [
    concat!("seed", " 0"),
    concat!("DES", "IGN"),
    concat!("mission", " map"),
    concat!("mission", "-map"),
    concat!("apis", ".md"),
];

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_')
}

/// Words of a line that end in `.md`.
fn pages(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !is_part(c)).map(|w| w.trim_end_matches('.'));
    words.filter(|w| w.strip_suffix(".md").is_some_and(|name| !name.is_empty()))
}

/// A page beside the one that cites it, in the root or in `docs`.
fn is_there(page: &str, citing: &str) -> bool {
    let beside = Path::new(citing).parent().unwrap_or(Path::new("")).join(page);
    [beside, page.into(), Path::new("docs").join(page)].iter().any(|p| root().join(p).is_file())
}

fn wrong(path: &str, n: usize, text: &str) -> Vec<String> {
    let missing = pages(text).filter(|page| !is_there(page, path));
    let missing = missing.map(|page| format!("{path}:{n}: {page} is not in the repository"));
    let private = PRIVATE.iter().filter(|word| text.contains(**word));
    missing.chain(private.map(|word| format!("{path}:{n}: cites {word}"))).collect()
}

/// Comments of Rust files that cite a page that is not there.
pub fn in_code(sources: &[Source]) -> Vec<String> {
    let still = |s: &Source| STILL.iter().any(|(place, _)| s.path.starts_with(place));
    let mut found = Vec::new();
    for source in sources.iter().filter(|s| !still(s)) {
        for (n, (raw, code)) in source.raw.iter().zip(&source.code).enumerate() {
            // what is blank in the code and begins so is a comment
            let comment = raw.match_indices("//").map(|(at, _)| at).find(|at| {
                let before = raw[..*at].chars().count();
                code.chars().skip(before).all(char::is_whitespace)
            });
            if let Some(at) = comment {
                found.extend(wrong(&source.path, n + 1, &raw[at..]));
            }
        }
    }
    found
}

/// The same for files that are text throughout.
pub fn in_text(files: &[(String, String)]) -> Vec<String> {
    let lines = files.iter().flat_map(|(path, text)| {
        text.lines().enumerate().map(move |(n, line)| (path.as_str(), n + 1, line))
    });
    lines.flat_map(|(path, n, line)| wrong(path, n, line)).collect()
}

/// Files and modules between backticks that are not in the repository.
pub fn named(architecture: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (n, line) in architecture.lines().enumerate() {
        for word in line.split('`').skip(1).step_by(2).flat_map(expanded) {
            let missing = if word.contains("::") { !has_module(&word) } else { !has_file(&word) };
            if missing {
                found.push(format!("ARCHITECTURE.md:{}: {word}", n + 1));
            }
        }
    }
    found
}

/// `a/{b,c}.rs` is two words.
fn expanded(word: &str) -> Vec<String> {
    let braces = word.split_once('{').and_then(|(a, rest)| Some((a, rest.split_once('}')?)));
    match braces {
        Some((head, (all, tail))) if head.contains('/') => {
            all.split(',').map(|one| format!("{head}{}{tail}", one.trim())).collect()
        }
        _ => vec![word.to_owned()],
    }
}

/// True for what is no name of a file, too.
fn has_file(word: &str) -> bool {
    let plain = word.chars().all(is_part);
    let ending = [".rs", ".toml", ".md"].iter().any(|e| word.ends_with(e));
    let folder = word.contains('/') && !word.starts_with('/');
    if !plain || !(ending || folder) || word == "mod.rs" {
        return true;
    }
    ["", "src", "tests/it", "docs"].iter().any(|place| {
        let path = root().join(place).join(word.trim_end_matches('/'));
        path.exists() || path.with_extension("rs").exists()
    })
}

/// `room::file` or `room::item`, where the room is one of ours; what is left after the files must
/// be a word of the last one.
fn has_module(word: &str) -> bool {
    let mut parts = word.split("::").peekable();
    let mut at = root().join("src");
    let room = parts.peek().is_some_and(|room| at.join(room).with_extension("rs").is_file());
    if !room || !word.chars().all(|c| is_part(c) || c == ':') {
        return true;
    }
    let mut depth = 0;
    while let Some(part) = parts.peek() {
        let next = at.join(part);
        if !next.with_extension("rs").is_file() {
            break;
        }
        at = next;
        depth += 1;
        parts.next();
    }
    let text = std::fs::read_to_string(at.with_extension("rs")).unwrap_or_default();
    depth > 0 && parts.all(|item| text.contains(item))
}
