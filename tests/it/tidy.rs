//! The house rules as tests: import ranks, heads, sizes, the absences ARCHITECTURE.md promises.
//! Each check lists every offender as `file:line`; `tidy/tests.rs` tests the checkers.

mod checks;
mod circles;
mod circles_tests;
mod cited;
mod names;
mod tests;

use crate::rust_text::{files, relative, root, sources};

/// Fails with all offenders of all rules at once.
fn none<const N: usize>(rules: &[(&str, Vec<String>); N]) {
    let broken = rules.iter().filter(|(_, offenders)| !offenders.is_empty());
    let texts: Vec<String> =
        broken.map(|(rule, list)| format!("{rule}:\n  {}\n", list.join("\n  "))).collect();
    assert!(texts.is_empty(), "\n{}", texts.join("\n"));
}

#[test]
fn rooms_import_only_what_their_rank_allows() {
    let sources = sources(&["src"]);
    none(&[
        ("rooms without a rank", checks::unranked(&sources)),
        ("imports against the ranks", checks::imports(&sources)),
        ("imports against the ranks of rooms inside a room", checks::subroom_imports(&sources)),
        ("rooms that import each other", checks::mutual_pairs(&sources)),
        ("circles of files inside a room", circles::offenders(&sources)),
    ]);
}

#[test]
fn one_word_names_one_thing() {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let reserved = names::reserved(&architecture);
    assert!(reserved.len() > 20, "the table of words was not found: {reserved:?}");
    let sources = sources(&["src"]);
    none(&[
        ("type names that stand for two things", names::twice(&sources)),
        ("reserved words that name two types", names::reserved_twice(&sources, &reserved)),
    ]);
}

#[test]
fn what_is_cited_is_in_the_repository() {
    let sources = sources(&["src", "tests", "benches", "examples"]);
    let named = ["config.example.toml", "README.md", "ARCHITECTURE.md", "docs", "test", "measure"];
    let read = |p: &std::path::PathBuf| Some((relative(p), std::fs::read_to_string(p).ok()?));
    let text: Vec<(String, String)> = files(&named).iter().filter_map(read).collect();
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    none(&[
        ("pages that are cited and not there", cited::in_code(&sources)),
        ("pages that are cited and not there", cited::in_text(&text)),
        ("files that ARCHITECTURE.md names and that are not there", cited::named(&architecture)),
    ]);
}

#[test]
fn every_file_says_what_lives_there() {
    let sources = sources(&["src", "tests", "benches"]);
    none(&[(
        "files must open with 2 to 6 lines of `//!` (1 in tests.rs)",
        checks::heads(&sources),
    )]);
}

#[test]
fn files_functions_and_lines_are_small() {
    let sources = sources(&["src", "tests", "benches"]);
    none(&[
        ("files over 400 lines", checks::long_files(&sources)),
        ("functions over 60 lines of code", checks::long_functions(&sources)),
        ("lines over 100 columns", checks::wide_lines(&sources)),
    ]);
}

#[test]
fn nothing_panics_or_hides_in_the_product() {
    let sources = sources(&["src"]);
    none(&[
        ("panics by construction outside tests", checks::panics(&sources)),
        ("shared or hidden state in a ranked room", checks::hidden_state(&sources)),
        ("clocks outside shell/clock.rs", checks::clocks(&sources)),
        ("the outside world in a pure room", checks::outside_world(&sources)),
        ("ways out that no mask watches over", checks::unmasked(&sources)),
        ("`allow` attributes (write `expect` with a reason)", checks::allows(&sources)),
        ("room files named mod.rs", checks::mod_files(&sources)),
    ]);
}

#[test]
fn nothing_is_left_for_later() {
    let sources = sources(&["src", "tests", "benches"]);
    none(&[("marks of unfinished work", checks::unfinished(&sources))]);
}

#[test]
fn the_repository_speaks_of_the_product_alone() {
    let text: Vec<(String, String)> = files(&["."])
        .iter()
        .filter_map(|p| Some((relative(p), std::fs::read_to_string(p).ok()?)))
        .collect();
    none(&[("paths of somebody's machine", checks::machine_paths(&text))]);
}
