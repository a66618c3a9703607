//! The circle checker finds a circle in every form in which it can come back, and takes nothing
//! else for one. Made-up sources, and the repository's own with one line more.

use super::circles::circles;
use crate::rust_text::{Source, sources};

fn files(texts: &[(&str, &str)]) -> Vec<Vec<String>> {
    let sources: Vec<Source> = texts.iter().map(|(path, text)| Source::parse(path, text)).collect();
    circles(&sources)
}

fn pair(a: &str, b: &str) -> Vec<Vec<String>> {
    vec![vec![a.to_owned(), b.to_owned()]]
}

#[test]
fn two_files_that_name_each_other_are_a_circle_however_they_do_it() {
    let back = ["use super::a::T;", "use crate::desk::a::{self, T};", "fn f() { super::a::g() }"];
    for back in back.into_iter().chain(["use super::a;\nfn f() { a::g() }"]) {
        let found = files(&[("src/desk/a.rs", "use super::b::X;"), ("src/desk/b.rs", back)]);
        assert_eq!(found, pair("src/desk/a.rs", "src/desk/b.rs"), "{back}");
    }
}

#[test]
fn a_front_door_that_calls_its_child_and_gives_it_a_type_is_a_circle() {
    let door = "mod child;\npub struct T;\nfn f() { child::g() }";
    let found = files(&[("src/desk.rs", door), ("src/desk/child.rs", "use super::T;")]);
    assert_eq!(found, pair("src/desk.rs", "src/desk/child.rs"));
}

#[test]
fn a_name_that_is_only_re_exported_is_charged_to_where_it_comes_from() {
    let door = "mod a;\nmod b;\npub use a::T;\nfn f() { b::g() }";
    let b = ("src/desk/b.rs", "use super::T;");
    assert!(files(&[("src/desk.rs", door), ("src/desk/a.rs", "pub struct T;"), b]).is_empty());
    let a = ("src/desk/a.rs", "pub struct T;\nuse super::b::g;");
    let found = files(&[("src/desk.rs", door), a, b]);
    assert_eq!(found, pair("src/desk/a.rs", "src/desk/b.rs"));
}

#[test]
fn tests_comments_visibilities_and_other_rooms_make_no_circle() {
    let b = ("src/desk/b.rs", "use super::a::T;");
    let quiet = [
        "// use super::b::X;\nconst S: &str = \"super::b::X\";",
        "#[cfg(test)]\nmod tests {\n    use crate::desk::b::X;\n}",
        "pub(in crate::desk::b) struct X;",
        "use std::{fmt, io};\nuse crate::domain::b::X;",
    ];
    for a in quiet {
        let other = ("src/domain/b.rs", "use crate::desk::a::T;");
        assert!(files(&[("src/desk/a.rs", a), b, other]).is_empty(), "{a}");
    }
    let test = ("src/desk/tests.rs", "use super::b::X;");
    assert!(files(&[("src/desk/b.rs", "use super::tests::T;"), test]).is_empty());
}

#[test]
fn a_circle_that_comes_back_into_the_repository_is_told() {
    let mut all = sources(&["src"]);
    assert_eq!(super::circles::offenders(&all), [""; 0]);
    let page = all.iter_mut().find(|s| s.path == "src/desk/page.rs").expect("a file");
    let text = format!("{}\nuse super::ui::Ui;\n", page.raw.join("\n"));
    *page = Source::parse("src/desk/page.rs", &text);
    let told = super::circles::offenders(&all);
    assert!(told.iter().any(|c| c.contains("src/desk/page.rs, src/desk/ui.rs")), "{told:?}");
}
