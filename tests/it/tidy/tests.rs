//! The checkers find what they are for, and only that: each rule against a made-up source.
//! Nothing here reads the repository.

use super::{checks, cited, names};
use crate::rust_text::Source;

fn file(path: &str, text: &str) -> Vec<Source> {
    vec![Source::parse(path, text)]
}

#[test]
fn an_import_upwards_is_found_in_every_form() {
    let text = "use crate::{domain::time::Span, render::Theme};\n\
                use crate::incident::event::Event;\n\
                fn f() -> super::super::shell::X { crate::cli::run() }\n";
    let found = checks::imports(&file("src/detect/blame.rs", text));
    assert_eq!(
        found,
        [
            "src/detect/blame.rs:1: detect must not import render",
            "src/detect/blame.rs:2: detect must not import incident",
            "src/detect/blame.rs:3: detect must not import cli",
            "src/detect/blame.rs:3: detect must not import shell",
        ]
    );
}

#[test]
fn imports_in_comments_strings_and_tests_do_not_count() {
    let text = "//! See crate::shell::x.\nconst A: &str = \"crate::shell\";\n\
                #[cfg(test)]\nmod tests {\n    use crate::shell::x;\n}\n";
    assert!(checks::imports(&file("src/domain/id.rs", text)).is_empty());
}

#[test]
fn leaves_keep_to_their_own_lists() {
    for (from, to, allowed) in [
        ("source", "domain", true),
        ("source", "detect", false),
        ("sink", "incident", true),
        ("present", "journal", false),
        ("shell", "sink", true),
        ("shop", "board", false),
        ("desk", "watch", false),
        ("cli", "shell", true),
        ("shell", "cli", false),
        ("incident", "verdict", true),
        ("incident", "detect", false),
        ("present", "detect", false),
        ("watch", "detect", true),
    ] {
        assert_eq!(checks::may_import(from, to), allowed, "{from} -> {to}");
    }
}

#[test]
fn an_import_upwards_inside_a_room_is_found() {
    let text = "use super::store::Store;\nuse crate::detect::{maths, scan::shift};\n\
                fn f() -> super::super::cases::X { crate::detect::engine::run() }\n";
    assert_eq!(
        checks::subroom_imports(&file("src/detect/cube/lag.rs", text)),
        [
            "src/detect/cube/lag.rs:2: cube must not import scan",
            "src/detect/cube/lag.rs:3: cube must not import engine",
            "src/detect/cube/lag.rs:3: cube must not import cases",
        ]
    );
    let text = "use super::scan::Scene;\nuse crate::detect::univariate::drift;\n";
    assert_eq!(
        checks::subroom_imports(&file("src/detect/scan.rs", text)),
        ["src/detect/scan.rs:2: scan must not import univariate"]
    );
    assert!(checks::subroom_imports(&file("src/detect.rs", "use self::cases::X;\n")).is_empty());
    assert_eq!(
        checks::subroom_imports(&file("src/detect/attic.rs", "")),
        ["src/detect/attic.rs: attic has no rank in detect"]
    );
}

#[test]
fn rooms_that_import_each_other_are_found_once() {
    let mut sources = file("src/watch/a.rs", "use crate::desk::x;\n");
    sources.extend(file("src/desk/b.rs", "use crate::watch::y;\n"));
    let found = checks::mutual_pairs(&sources);
    assert_eq!(found, ["src/desk/b.rs:1 and src/watch/a.rs:1: desk and watch import each other"]);
    assert_eq!(checks::unranked(&file("src/attic/a.rs", "")), ["attic"]);
}

#[test]
fn heads_sizes_and_columns_are_measured() {
    assert_eq!(checks::heads(&file("src/a.rs", "//! one line\n\n")).len(), 1);
    assert!(checks::heads(&file("src/a.rs", "//! one\n//! two\n")).is_empty());
    assert_eq!(checks::long_files(&file("src/a.rs", &"\n".repeat(401))).len(), 1);
    let long = format!("fn f() {{\n{}}}\n", "    g();\n".repeat(61));
    assert_eq!(checks::long_functions(&file("src/a.rs", &long)), ["src/a.rs:1: f has 61"]);
    assert_eq!(checks::wide_lines(&file("src/a.rs", &"x".repeat(101))).len(), 1);
    assert!(checks::wide_lines(&file("src/a.rs", &"ö".repeat(100))).is_empty());
}

#[test]
fn panics_state_clocks_and_the_outside_are_found() {
    let text = "fn f() {\n    a.unwrap();\n    b.expect(\"x\");\n    c.unwrap_or(1);\n}\n";
    assert_eq!(checks::panics(&file("src/desk/a.rs", text)).len(), 2);
    let text =
        "static A: u8 = 1;\nconst B: &'static str = \"static \";\nstruct S(Arc<Mutex<u8>>);\n";
    assert_eq!(checks::hidden_state(&file("src/desk/a.rs", text)).len(), 2);
    assert!(checks::hidden_state(&file("src/shell/a.rs", text)).is_empty());
    let text = "let a = std::time::Instant::now();\n";
    assert_eq!(checks::clocks(&file("src/shell/loop.rs", text)).len(), 1);
    assert!(checks::clocks(&file("src/shell/clock.rs", text)).is_empty());
    let text = "use std::fs;\nuse ratatui::buffer::Buffer;\n";
    assert_eq!(checks::outside_world(&file("src/present/a.rs", text)).len(), 2);
    assert_eq!(checks::outside_world(&file("src/render/a.rs", text)).len(), 1);
    assert!(checks::outside_world(&file("src/shell/a.rs", text)).is_empty());
}

#[test]
fn marks_allows_and_machine_paths_are_found() {
    let text = format!("// {}: later\n#[allow(dead_code)]\n", concat!("TO", "DO"));
    let sources = file("src/shell/mod.rs", &text);
    assert_eq!(checks::unfinished(&sources).len(), 1);
    assert_eq!(checks::allows(&sources).len(), 1);
    assert_eq!(checks::mod_files(&sources).len(), 1);
    let path = format!("see {}x", concat!("/wo", "rk/"));
    assert_eq!(checks::machine_paths(&[("README.md".to_owned(), path)]).len(), 1);
}

#[test]
fn an_adapter_that_sends_by_itself_is_found() {
    let text = "use reqwest::Client;\nasync fn f() { spec.resolve().await }\n";
    let found = checks::unmasked(&file("src/source/datadog.rs", text));
    assert_eq!(
        found,
        ["src/source/datadog.rs:1: reqwest::", "src/source/datadog.rs:2: .resolve()"]
    );
    let sink = checks::unmasked(&file("src/sink/webhook.rs", "fn f() { client.execute(r) }\n"));
    assert_eq!(sink, ["src/sink/webhook.rs:1: .execute("]);
    assert!(checks::unmasked(&file("src/source/http.rs", text)).is_empty());
}

#[test]
fn a_name_of_two_types_is_found_and_an_associated_type_is_none() {
    let mut sources = file("src/desk/a.rs", "pub struct Row {\n}\npub(super) enum Line {}\n");
    let text = "type Row = u8;\nimpl X for Y {\n    type Line = u8;\n}\n\
                #[cfg(test)]\nmod tests {\n    struct Line;\n}\n";
    sources.extend(file("src/board/b.rs", text));
    assert_eq!(names::twice(&sources), ["Row: src/desk/a.rs:1, src/board/b.rs:1"]);
    let words = names::reserved(
        "## Words\n\n| word | means |\n|---|---|\n| Line, Ack target | x |\n\n## Next\n| Row |\n",
    );
    assert_eq!(words, ["Line"]);
    let twice = names::reserved_twice(&sources, &words);
    assert_eq!(twice, ["Line: src/desk/a.rs:3, src/board/b.rs:7"]);
}

#[test]
fn a_page_or_file_that_is_not_there_is_found() {
    let text = "// see docs/board.md and nowhere.md\nconst A: &str = \"other.md\"; // README.md\n";
    let found = cited::in_code(&file("src/desk/a.rs", text));
    assert_eq!(found, ["src/desk/a.rs:1: nowhere.md is not in the repository"]);
    let private = format!("as {} says", concat!("seed", " 000"));
    assert_eq!(cited::in_text(&[("docs/a.md".to_owned(), private)]).len(), 1);
    let named = "`desk/page.rs`, `desk/none.rs`, `tests/it/{tidy,none}.rs`, `desk::page`, \
                 `desk::page::Page`, `desk::none`, `/truth`, `--plain`, `a | b`";
    let found = cited::named(named);
    let missing = ["desk/none.rs", "tests/it/none.rs", "desk::none"];
    assert_eq!(found, missing.map(|m| format!("ARCHITECTURE.md:1: {m}")));
}
