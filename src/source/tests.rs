//! The sources as a whole: what the shipped TOML files build, and what is refused.

use serde::Deserialize;

use super::*;
use crate::sink::ActionConfig;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    source: Vec<SourceConfig>,
    #[serde(default)]
    action: Vec<ActionConfig>,
}

fn file(text: &str) -> File {
    toml::from_str(text).expect("the file parses")
}

#[test]
fn the_demo_sources_parse_and_build() {
    let demo = file(&DEMO.replace("PORT", "4711"));
    let names: Vec<&str> = demo.source.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(
        names,
        ["rum", "business", "edge", "finance", "synthetic", "deployments", "calendar"]
    );
    for source in &demo.source {
        build(source, Span::from_mins(1)).unwrap_or_else(|e| panic!("{}: {e}", source.name));
    }
    assert_eq!(demo.source[0].record.len(), 6);
}

#[test]
fn the_example_parses_and_builds_once_uncommented() {
    let text = include_str!("example_sources.toml");
    assert!(file(text).source.is_empty(), "examples stand commented");
    let live: String = text
        .lines()
        .filter(|l| !l.starts_with("## "))
        .map(|l| l.strip_prefix("# ").unwrap_or(l.strip_prefix('#').unwrap_or(l)))
        .fold(String::new(), |all, l| all + l + "\n");
    let example = file(&live);
    assert!(example.source.len() >= 4 && !example.action.is_empty());
    for source in &example.source {
        build(source, Span::from_mins(1)).unwrap_or_else(|e| panic!("{}: {e}", source.name));
    }
}

#[test]
fn configs_that_cannot_work_say_what_to_change() {
    let base = "[[source]]\nname = \"x\"\n";
    let cases = [
        ("kind = \"github\"\nrepo = \"no-slash\"", "owner/name"),
        ("kind = \"github\"\nrepo = \"a/b\"\nquery = [{ kind = \"gauge\" }]", "`query`"),
        (
            "kind = \"prometheus\"\nurl = \"http://10.0.0.1:9090\"\nquery = [{ kind = \"gauge\", \
          metric = \"beacon_lag\", expr = \"x\" }]",
            "insecure",
        ),
        ("kind = \"prometheus\"\nurl = \"http://127.0.0.1:9090\"", "no [[source.query]]"),
        ("kind = \"github\"\nrepo = \"a/b\"\nurl = \"https://u:p@h\"", "user or password"),
        ("kind = \"github\"\nrepo = \"a/b\"\nevery = \"10ms\"", "at least 1s"),
        (
            "kind = \"github\"\nrepo = \"a/b\"\nheaders = { X-Api-Token = \"t\" }",
            "looks like a secret",
        ),
        ("kind = \"github\"\nrepo = \"a/b\"\nauth = {}", "auth needs one of"),
    ];
    for (text, expected) in cases {
        let config = file(&format!("{base}{text}"));
        let error = build(&config.source[0], Span::from_mins(1)).err().expect(text);
        assert!(matches!(&error, SourceError::GiveUp { why } if why.contains(expected)), "{error}");
    }
    let inline = format!("{base}kind = \"github\"\nauth = {{ bearer = \"ghp_123\" }}");
    let error = toml::from_str::<File>(&inline).err().expect("inline secret").to_string();
    assert!(error.contains("secrets do not stand in the config"), "{error}");
    assert!(toml::from_str::<File>(&format!("{base}kind = \"github\"\nrepos = \"a/b\"")).is_err());
}
