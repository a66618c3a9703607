//! The schema against the program: the same keys that are read, in the page, and each used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::*;
use crate::config::own::{OwnDimension, OwnMetric};
use crate::config::sections::{IdentitySection, JournalSection, UiSection};
use crate::policy::blame::Blame;
use crate::policy::calendar::Calendar;
use crate::policy::detect::Detect;
use crate::policy::exposure::ShopExposure;
use crate::policy::guardrail::Guardrail;
use crate::policy::journey::Journey;
use crate::policy::maintenance::MaintenanceRow;
use crate::policy::response::Timing;
use crate::policy::services::Services;
use crate::policy::severity::Response;
use crate::policy::severity_rule::SeverityRule;
use crate::sink::config::{ActionConfig, Success};
use crate::sink::pager::SinkConfig;
use crate::source::SourceConfig;
use crate::source::config::{Auth, Basic};
use crate::source::http_json::config::{ChangeFields, CheckFields, MetricField, RecordConfig};
use crate::source::query::Query;

/// The keys that a table reads, by its own complaint about one that it does not.
fn keys<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = toml::from_str::<T>("no_such_key = 0\n").err().expect("unknown keys are refused");
    let message = error.message().to_owned();
    let named = message.split('`').skip(3).step_by(2).map(str::to_owned);
    named.collect()
}

/// The same of the kinds of a condition.
fn condition_keys() -> BTreeSet<String> {
    let text = include_str!("../../policy/guardrail.rs");
    let body = text.split("pub enum Condition {").nth(1).and_then(|t| t.split("\nimpl").next());
    let code = body.expect("the enum").lines().filter(|l| !l.trim_start().starts_with("//"));
    let body = code.collect::<Vec<_>>().join("\n");
    let words = body.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let keys = words.filter_map(|w| w.strip_suffix(':')).filter(|w| !w.is_empty());
    keys.filter(|w| w.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned).collect()
}

fn told(head: &str) -> BTreeSet<String> {
    let section = sections().find(|s| s.head == head).unwrap_or_else(|| panic!("no {head}"));
    section.keys.iter().map(|(key, _)| (*key).to_owned()).collect()
}

#[test]
fn schema_14_every_key_that_is_read_is_told_and_no_other() {
    let read = [
        ("[shop]", keys::<ShopExposure>()),
        ("[detect]", keys::<Detect>()),
        ("[detect.blame]", keys::<Blame>()),
        ("[journal]", keys::<JournalSection>()),
        ("[identity]", keys::<IdentitySection>()),
        ("[ui]", keys::<UiSection>()),
        ("[calendar]", keys::<Calendar>()),
        ("[response]", keys::<Timing>()),
        ("[services]", keys::<Services>()),
        ("[[metric]]", keys::<OwnMetric>()),
        ("[[dimension]]", keys::<OwnDimension>()),
        ("[[journey]]", keys::<Journey>()),
        ("[[guardrail]]", keys::<Guardrail>()),
        ("condition", condition_keys()),
        ("[[severity]]", keys::<Response>()),
        ("[[severity_rule]]", keys::<SeverityRule>()),
        ("[[maintenance]]", keys::<MaintenanceRow>()),
        ("[[source]]", keys::<SourceConfig>()),
        ("auth", keys::<Auth>()),
        ("basic", keys::<Basic>()),
        ("[[source.query]]", keys::<Query>()),
        ("[[source.record]]", keys::<RecordConfig>()),
        ("[[source.record.metric]]", keys::<MetricField>()),
        ("[source.record.check]", keys::<CheckFields>()),
        ("[source.record.change]", keys::<ChangeFields>()),
        ("[[action]]", keys::<ActionConfig>()),
        ("[[sink]]", keys::<SinkConfig>()),
        ("success", keys::<Success>()),
    ];
    for (head, keys) in &read {
        assert_eq!(&told(head), keys, "{head}");
    }
    let known: BTreeSet<&str> = read.iter().map(|(head, _)| *head).chain(["a secret"]).collect();
    assert_eq!(known, sections().map(|s| s.head).collect());
    assert_eq!(Fact::ALL.into_iter().collect::<BTreeSet<_>>().len(), Fact::ALL.len());
}

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" && name != "schema" {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs")
            && !name.contains("tests")
            && name != "schema.rs"
        {
            let text = std::fs::read_to_string(&path).expect("text");
            let product =
                text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text).to_owned();
            found.push((path, product));
        }
    }
}

/// True when `word` stands in `text` by itself, `before` it.
fn names(text: &str, before: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(&format!("{before}{word}")).any(|(at, found)| {
        let rest = text.get(at + found.len()..).unwrap_or_default();
        let head = text.get(..at).unwrap_or_default();
        let alone = !before.is_empty() || !head.ends_with(part);
        alone && !rest.starts_with(part)
    })
}

#[test]
fn schema_13_every_key_is_read_by_something() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    for section in sections().filter(|s| s.head != "a secret") {
        for (key, _) in section.keys {
            let read = if section.head == "condition" {
                all.iter()
                    .filter(|(p, _)| !p.ends_with("policy/guardrail.rs"))
                    .any(|(_, text)| names(text, "", key))
            } else {
                all.iter().any(|(_, text)| names(text, ".", key))
            };
            assert!(read, "{} {key} is read by nothing", section.head);
        }
    }
}

#[test]
fn schema_14_the_page_holds_the_schema_as_the_program_prints_it() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
    let page = std::fs::read_to_string(page).expect("docs/config.md");
    let inside =
        page.split("<!-- schema: made by `tillwatch schema --format markdown` -->\n").nth(1);
    let inside = inside.and_then(|rest| rest.split("<!-- end of schema -->").next());
    let inside = inside.expect("the page has the schema between its marks");
    assert_eq!(inside.trim(), markdown().trim(), "run `tillwatch schema --format markdown`");
    for (_, row) in &TABLE {
        assert!(inside.contains(&format!("| `{}` |", row.name)), "{}", row.name);
    }
}

#[test]
fn the_text_says_how_to_write_a_rate_and_a_metric() {
    let text = plain().join("\n");
    for words in ["payment_rate      payment_try", "location_label", "money, cents"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(plain().iter().all(|line| line.chars().count() <= 140), "{text}");
}
