//! Whole configs: defaults, rows laid over them, and every problem with its line.

use super::*;
use crate::policy::judging::Policy;
use crate::policy::response::ResponsePolicy;
use crate::source::SourceKind;
use crate::source::http_json::config::RecordKind;
use crate::source::query::QueryKind;

#[test]
fn the_example_is_the_default_and_holds_the_rooms_own_policies() {
    let loaded = builtin();
    assert_eq!(loaded.problems, []);
    let config = loaded.config.expect("the example can be read");
    let judging = Policy::builtin().expect("rows");
    assert_eq!(config.guardrails, judging.guardrail);
    assert_eq!(config.journeys, judging.journey);
    assert_eq!(config.services, judging.services);
    assert_eq!(config.severity_rules, judging.severity_rule);
    assert_eq!(config.detect, judging.detect);
    let response = ResponsePolicy::builtin().expect("rows");
    assert_eq!(config.severities, response.rows);
    assert_eq!(config.timing, response.timing);
}

#[test]
fn a_row_of_the_same_name_replaces_the_default_row() {
    let text = "[[severity]]\nlevel = 1\nack = \"2m\"\ndecide = \"9m\"\n\
                allowed = [\"hold\"]\nnotify = \"page\"\n[journal]\nurl = \"sqlite:x\"\n";
    let config = from_text(Path::new("t"), text).config.expect("good");
    assert_eq!(config.severities.len(), 4);
    let worst = config.severities.iter().find(|s| s.level.number() == 1).expect("row");
    let nine = crate::domain::time::Span::from_mins(9);
    assert_eq!(worst.decide, crate::policy::severity::Deadline::Within(nine));
    assert_eq!(config.journal.url, "sqlite:x");
}

#[test]
fn a_window_longer_than_what_is_kept_is_refused_with_its_line() {
    let row = |long: &str| {
        format!(
            "[[guardrail]]\nname = \"slow burn\"\nclass = \"errors\"\n\
             metric = \"api_success\"\nowner = \"o\"\nresponse = \"r\"\n\
             [guardrail.condition]\nkind = \"burn\"\nobjective = 0.99\nlong = \"{long}\"\n"
        )
    };
    assert_eq!(from_text(Path::new("t"), &row("8h")).problems, []);
    let loaded = from_text(Path::new("t"), &row("3d"));
    let problem = loaded.problems.first().expect("refused");
    assert!(loaded.config.is_none());
    assert_eq!((problem.line, problem.level), (10, Level::Error), "{problem}");
    assert_eq!(problem.key, "guardrail.slow burn.condition.long");
    assert!(problem.message.contains("512m"), "{problem}");
    let upside_down = row("2m");
    let loaded = from_text(Path::new("t"), &upside_down);
    assert!(loaded.problems[0].message.contains("shorter"), "{}", loaded.problems[0]);
}

/// Line, key and words of each problem.
fn told(text: &str) -> Vec<(usize, String, String)> {
    let loaded = from_text(Path::new("t"), text);
    let problem = |p: &Problem| {
        let hint = p.hint.clone().unwrap_or_default();
        (p.line, p.key.clone(), format!("{} {hint}", p.message))
    };
    loaded.problems.iter().map(problem).collect()
}

/// A config with something wrong in most places.
const WRONG: &str = r#"[shop]
time_zone = "Mars/Olympus"
[calendar]
open = "18:00"
close = "09:00"
[[source]]
name = "a"
kind = "prometheus"
url = "prom.example:9090"
every = "10ms"
past = "90d"
[[source.query]]
metric = "revenue"
kind = "count"
unit = "s"
expr = "x"
[[source.query]]
metric = "lcp"
kind = "ratio"
hits = "x"
[[source.query]]
kind = "build"
expr = "y"
journey = "checkout"
[[source]]
name = "a"
kind = "http_json"
url = "https://x.example"
ca = "missing.pem"
[[source.record]]
kind = "observation"
path = "/a"
time = "at("
metric = [{ metric = "orders", kind = "ratio", value = "n" }]
[[maintenance]]
from = "2026-11-20T22:00"
reason = "move"
[[severity]]
level = 4
ack = "1h"
decide = "1d"
allowed = []
notify = "ticket"
[[guardrail]]
name = "page-views"
class = "conversion"
metric = "payment_try"
condition = { kind = "band", min_change = 0.5 }
owner = ""
response = "r"
"#;

#[test]
fn config_13_every_problem_of_meaning_has_its_line() {
    let told = told(WRONG);
    let wanted = [
        (2, "shop.time_zone", "Mars/Olympus"),
        (3, "calendar", "not after open"),
        (9, "source.a.url", "write https://prom.example:9090"),
        (10, "source.a.every", "at least 1s"),
        (11, "source.a.past", "28d"),
        (15, "source.a.query[1].unit", "told in money, cents"),
        (19, "source.a.query[2].kind", "hits and trials"),
        (19, "source.a.query[2].kind", "asked as histogram or gauge"),
        (22, "source.a.query[3].kind", "version_label"),
        (24, "source.a.query[3].journey", "does nothing in kind build"),
        (26, "source.a.name", "two sources are named"),
        (33, "source.a.record[1].time", "at("),
        (34, "source.a.record[1].metric[1]", "told as count or gauge"),
        (35, "maintenance[1]", "later `to`"),
        (42, "severity.4.allowed", "no decision"),
        (47, "guardrail.page-views.metric", "is not judged"),
        (49, "guardrail.page-views.owner", "nobody owns it"),
    ];
    for (line, key, words) in wanted {
        let found = told.iter().any(|(l, k, m)| *l == line && k == key && m.contains(words));
        assert!(found, "{line} {key} {words} is not in {told:#?}");
    }
    assert!(told.iter().all(|(line, _, _)| *line > 0), "{told:#?}");
}

#[test]
fn config_13_keys_of_a_severity_and_retired_metrics_are_told() {
    let text = "[[severity]]\nlevel = 1\nack = \"2m\"\ndecide = \"9m\"\n\
                allowed = [\"hold\"]\nnotify = \"page\"\nnotfy = \"page\"\n";
    let problems = told(text);
    assert!(problems[0].0 == 7 && problems[0].2.contains("did you mean `notify`"), "{problems:?}");
    let text = "[[source]]\nname = \"a\"\nkind = \"prometheus\"\n\
                url = \"http://127.0.0.1:9090\"\n[[source.query]]\nmetric = \"fid\"\n\
                kind = \"histogram\"\nexpr = \"x\"\n";
    let loaded = from_text(Path::new("t"), text);
    assert!(loaded.config.is_some(), "a warning only: {:?}", loaded.problems);
    let [only] = &loaded.problems[..] else { panic!("{:?}", loaded.problems) };
    assert_eq!((only.line, only.level), (6, Level::Warning));
    assert!(only.message.contains("read as `inp`"), "{only}");
}

#[test]
fn config_13_keys_and_theme_are_checked_with_their_lines() {
    let text = "[ui]\ntheme = \"nigth\"\n[keys]\nacknowledge = [\"ctrl-alt-ü\"]\nacknowlege = []\n";
    let config = from_text(Path::new("t"), text).config.expect("read");
    let found = screens(Path::new("t"), text, &config);
    let lines: Vec<usize> = found.iter().map(|p| p.line).collect();
    assert!(lines.contains(&2) && lines.contains(&5), "{found:?}");
    assert!(screens(Path::new("t"), "", &builtin().config.expect("defaults")).is_empty());
}

#[test]
fn config_14_a_currency_as_unit_says_what_to_write() {
    let text = "[[source]]\nname = \"a\"\nkind = \"prometheus\"\n\
                url = \"http://127.0.0.1:9090\"\n[[source.query]]\nmetric = \"revenue\"\n\
                kind = \"count\"\nunit = \"EUR\"\nexpr = \"x\"\n";
    let problems = told(text);
    assert!(problems[0].0 == 8 && problems[0].2.contains("write `money`"), "{problems:?}");
}

#[test]
fn config_13_a_range_of_its_own_is_a_warning_with_what_to_write() {
    let row = |expr: &str| {
        format!(
            "[[source]]\nname = \"a\"\nkind = \"prometheus\"\nurl = \"localhost:9090\"\n\
             [[source.query]]\nmetric = \"orders\"\nkind = \"count\"\nexpr = \"{expr}\"\n"
        )
    };
    let problems = told(&row("sum(increase(orders_total[5m]))"));
    assert!(problems[0].0 == 8 && problems[0].2.contains("write [$window]"), "{problems:?}");
    for good in ["increase(x[$window])", "rate(x[$rate_window]) * $window_s", "rate(x[5m]) * 60"] {
        assert_eq!(told(&row(good)), [], "{good}");
    }
}

/// The TOML blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = std::fs::read_to_string(path).expect("a page");
    let blocks = text.split("```toml\n").skip(1);
    blocks.filter_map(|b| b.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn config_14_the_examples_of_the_pages_can_be_read_and_one_of_each_kind_is_there() {
    let mut kinds = std::collections::BTreeSet::new();
    for page in ["config.md", "connect.md", "notify.md"] {
        for block in blocks(page) {
            // A block may be the rest of a source, and names files of nobody's machine.
            let alone = block.contains("[[source.query]]") && !block.contains("[[source]]");
            let head = "[[source]]\nname = \"x\"\nkind = \"prometheus\"\nurl = \"localhost:1\"\n";
            let text = if alone { format!("{head}{block}") } else { block };
            let text = text.replace("ca = \"/etc/ssl/shop.pem\"\n", "");
            let loaded = from_text(Path::new(page), &text);
            let config =
                loaded.config.unwrap_or_else(|| panic!("{page}: {:?}\n{text}", loaded.problems));
            for source in &config.sources {
                kinds.insert(source.kind.name());
                kinds.extend(source.query.iter().map(|q| q.kind.name()));
                kinds.extend(source.record.iter().map(|r| match r.kind {
                    RecordKind::Observation => "a record of observations",
                    RecordKind::Check => "a record of checks",
                    RecordKind::Change => "a record of changes",
                }));
            }
        }
    }
    assert_eq!(kinds.len(), SourceKind::ALL.len() + QueryKind::ALL.len() + 3, "{kinds:?}");
}

#[test]
fn a_sink_that_cannot_work_is_named_with_its_line_and_one_that_nobody_hears_is_warned_of() {
    let text = "[[sink]]\nname = \"ops\"\nkind = \"pagerduty\"\n\
                secret = { env = \"X\" }\nto = [\"a@b\"]\ntakes = [\"ticket\"]\n\n\
                [[sink]]\nname = \"ops\"\nkind = \"email\"\nto = [\"a b\"]\nwhom = [\"nobody\"]\n";
    let said: Vec<(usize, String)> = from_text(Path::new("t"), text)
        .problems
        .iter()
        .map(|p| (p.line, format!("{} {}", p.key, p.message)))
        .collect();
    for (line, key) in [
        (5, "sink.ops.to to does nothing for kind = \"pagerduty\""),
        (11, "sink.ops.to a plain mail address"),
        (9, "sink.ops.name two sinks are named `ops`"),
        (12, "sink.ops.whom no ladder calls `nobody`"),
    ] {
        assert!(said.iter().any(|(l, s)| *l == line && s.starts_with(key)), "{key}: {said:#?}");
    }
    let untold = said.iter().filter(|(_, s)| s.contains("is to page and no sink takes it"));
    assert_eq!(untold.count(), 2, "Sev 1 and Sev 2: {said:#?}");
    let inline = "[[sink]]\nname = \"a\"\nkind = \"slack\"\nsecret = \"https://x\"\n";
    let said = from_text(Path::new("t"), inline).problems;
    assert!(said.iter().any(|p| p.message.contains("secrets do not stand in the config")));
}

#[test]
fn the_sinks_of_the_example_can_be_read_once_uncommented() {
    let from = EXAMPLE.find("# [[sink]]").expect("an example");
    let block = EXAMPLE[from..].split("\n\n").next().expect("a block");
    let bare = |l: &str| l.strip_prefix("# ").unwrap_or(l.trim_start_matches('#')).to_owned();
    let text: Vec<String> = block.lines().map(bare).collect();
    let loaded = from_text(Path::new("t"), &text.join("\n"));
    let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.problems));
    assert_eq!(config.sinks.len(), 3);
}

#[test]
fn tls_21_a_check_names_the_line_of_a_file_and_who_only_looks_reads_none() {
    let text = "[[source]]\nname = \"a\"\nkind = \"github\"\nrepo = \"a/b\"\n\
                ca = \"no/ca.pem\"\nclient_cert = \"no/us.pem\"\nclient_key = \"no/us.key\"\n";
    let loaded = from_text(Path::new("t"), text);
    assert_eq!(loaded.problems, [], "a viewer starts without them");
    let config = loaded.config.expect("read");
    let found = files(Path::new("t"), text, &config);
    let lines: Vec<(usize, &str)> = found.iter().map(|p| (p.line, p.key.as_str())).collect();
    assert_eq!(lines, [(5, "source.a.ca"), (6, "source.a.client_cert")]);
    let half = text.replace("client_key = \"no/us.key\"\n", "");
    assert!(told(&half)[0].2.contains("belong together"));
}

#[test]
fn connect_14_a_metric_and_a_dimension_of_ones_own_can_be_declared_and_named() {
    let text = "[[metric]]\nname = \"quote_took\"\nlabel = \"delivery quote\"\n\
                kind = \"histogram\"\n\
                [[metric]]\nname = \"quote_good\"\nkind = \"ratio\"\nbad = \"down\"\n\
                [[dimension]]\nname = \"quote_step\"\n\
                [[guardrail]]\nname = \"quotes\"\nclass = \"performance\"\n\
                metric = [\"quote_took\", \"quote_good\"]\nowner = \"o\"\nresponse = \"r\"\n\
                scope = { quote_step = [\"address\"] }\n\
                condition = { kind = \"band\", min_change = 0.2 }\n\
                [[source]]\nname = \"prom\"\nkind = \"prometheus\"\n\
                url = \"http://127.0.0.1:9090\"\n\
                [[source.query]]\nmetric = \"quote_took\"\nkind = \"histogram\"\nunit = \"s\"\n\
                expr = 'sum by (le, step) (increase(quote_seconds_bucket[$window]))'\n\
                labels = { quote_step = \"step\" }\n";
    let loaded = from_text(Path::new("t"), text);
    assert_eq!(loaded.problems, []);
    let config = loaded.config.expect("good");
    let row = config.guardrails.iter().find(|g| g.name.as_str() == "quotes").expect("a row");
    let (first, second) = (row.metric[0].row(), row.metric[1].row());
    assert_eq!((first.label, first.unit), ("delivery quote", "ms"));
    assert_eq!((second.label, second.unit), ("quote good", "ratio"));
    assert_eq!(row.scope.to_string(), "address");
}

#[test]
fn connect_14_what_cannot_be_declared_is_refused_with_its_line() {
    let text = "[[metric]]\nname = \"lcp\"\nkind = \"gauge\"\n\
                [[metric]]\nname = \"half\"\nkind = \"ratio\"\nunit = \"ms\"\n\
                [[metric]]\nname = \"quote_wait\"\nkind = \"gauge\"\nunit = \"s\"\n\
                [[metric]]\nname = \"quote_twice\"\nkind = \"gauge\"\n\
                [[metric]]\nname = \"quote_twice\"\nkind = \"count\"\n\
                [[dimension]]\nname = \"Step\"\n\
                [[guardrail]]\nname = \"g\"\nclass = \"errors\"\nmetric = \"never_declared\"\n\
                owner = \"o\"\nresponse = \"r\"\ncondition = { kind = \"seen\" }\n";
    let told = told(text);
    let at = |line: usize| {
        let found = told.iter().find(|(at, ..)| *at == line).map(|(_, _, words)| words.clone());
        found.unwrap_or_else(|| panic!("line {line} in {told:#?}"))
    };
    assert!(at(2).contains("is a metric of the program"));
    assert!(at(7).contains("a ratio is told in `ratio`"));
    assert!(at(11).contains("`s` is no unit to show: write ms"));
    assert!(at(16).contains("declared twice"));
    assert!(at(19).contains("`Step` is no name"));
    assert!(at(23).contains("unknown metric `never_declared`"), "{told:#?}");
}
