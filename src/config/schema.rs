//! The schema: every table, key, metric, dimension, unit and kind that a config can name, with what
//! it means. Made of the program's own tables; a test holds the words against the keys it reads.

mod policy;
mod section;
mod sources;

pub use section::Section;

use crate::domain::change::ChangeKind;
use crate::domain::measure::MetricRow;
use crate::domain::metric::{Bad, Metric, TABLE};
use crate::domain::segment::Dim;
use crate::policy::severity_rule::Fact;
use crate::source::query::kinds;
use crate::source::units::{UNITS, Unit};

/// Every table with keys of its own.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    policy::SECTIONS.iter().chain(sources::SECTIONS)
}

/// One list of the schema, ready to be printed.
pub struct SchemaList {
    pub title: String,
    pub about: String,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

/// All of it, in the order it is printed.
pub fn lists() -> Vec<SchemaList> {
    let mut all = vec![metrics(), rates(), dimensions(), units()];
    all.push(kinds_of_changes());
    all.push(facts());
    all.extend(sections().map(|section| SchemaList {
        title: section.head.to_owned(),
        about: section.about.to_owned(),
        head: vec!["key", "says"],
        rows: section.keys.iter().map(|(key, says)| row(&[&code(key), says])).collect(),
    }));
    all
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn metrics() -> SchemaList {
    let line = |(metric, r): &(Metric, MetricRow)| {
        let bad = match r.bad {
            Bad::Up => "up",
            Bad::Down => "down",
            Bad::Both => "both",
        };
        row(&[&code(r.name), r.label, &Unit::fitting(*metric, r.unit), kinds(*metric), bad])
    };
    SchemaList {
        title: "Metrics".to_owned(),
        about: "The unit that stands first is taken where none is given; `bad` is the way that \
                hurts. Metrics of services need the dimension `service`."
            .to_owned(),
        head: vec!["metric", "on screens", "units", "kinds of query", "bad"],
        rows: TABLE.iter().map(line).collect(),
    }
}

fn rates() -> SchemaList {
    let made = |metric: Metric| {
        let (hits, trials) = metric.parts()?;
        Some(row(&[&code(metric.name()), &code(hits.name()), &code(trials.name())]))
    };
    SchemaList {
        title: "Rates that are made of counts".to_owned(),
        about: "Tell the two counts, by the same dimensions, and the rate is there; a step whose \
                counts nobody tells is not judged."
            .to_owned(),
        head: vec!["rate", "this count", "divided by this one"],
        rows: TABLE.iter().filter_map(|r| made(r.0)).collect(),
    }
}

fn dimensions() -> SchemaList {
    let says = |dim: Dim| match dim {
        Dim::Template => "the kind of page: home, landing, collection, pdp, cart, checkout",
        Dim::Service => "a part of the shop's own software, or a provider it calls",
        Dim::Device => "mobile, desktop, tablet",
        Dim::Browser => "the browser's name",
        Dim::Network => "4g, wifi",
        Dim::TrafficSource => "paid, organic, email, direct",
        Dim::Customer => "new, returning",
        Dim::Region => "country, continent or site",
        Dim::PaymentMethod => "card, paypal, invoice",
        Dim::Release => "the version that served it, as the deploys name it",
        Dim::Cohort => "the arm of an experiment",
        Dim::Own(_) => "declared by `[[dimension]]`",
    };
    SchemaList {
        title: "Dimensions".to_owned(),
        about: "Keys of `labels`, `values`, `segment` and `scope`. Their values are yours; these \
                are usual."
            .to_owned(),
        head: vec!["dimension", "values"],
        rows: Dim::NAMES
            .into_iter()
            .filter_map(|name| Some(row(&[&code(name), says(Dim::built_in(name)?)])))
            .collect(),
    }
}

fn units() -> SchemaList {
    let says = |unit: Unit| match unit {
        Unit::S => "seconds",
        Unit::Ms => "milliseconds",
        Unit::Us => "microseconds",
        Unit::Ns => "nanoseconds",
        Unit::Ratio => "0 to 1; of CPU time 1 is a core",
        Unit::Percent => "0 to 100",
        Unit::Count => "events",
        Unit::Score => "layout shift",
        Unit::Money => "major units (euros), in the currency of [shop]",
        Unit::Cents => "minor units",
        Unit::Days => "days",
        Unit::Bytes => "bytes",
    };
    SchemaList {
        title: "Units".to_owned(),
        about: String::new(),
        head: vec!["unit", "is"],
        rows: UNITS.iter().map(|(unit, name)| row(&[&code(name), says(*unit)])).collect(),
    }
}

fn kinds_of_changes() -> SchemaList {
    let says = |kind: ChangeKind| match kind {
        ChangeKind::Deploy => "code; release, rollout and hotfix are read as it",
        ChangeKind::Theme => "a theme",
        ChangeKind::App => "an app of the shop's platform",
        ChangeKind::Flag => "a feature flag",
        ChangeKind::Experiment => "an A/B test",
        ChangeKind::Config => "configuration; what nobody knows is read as it",
        ChangeKind::Campaign => "a campaign that brings shoppers",
        ChangeKind::Rollback => "going back",
        ChangeKind::Provider => "a provider says that it is in trouble",
    };
    let name = |kind: ChangeKind| {
        let value = serde_json::to_value(kind).ok();
        value.and_then(|v| v.as_str().map(code)).unwrap_or_default()
    };
    SchemaList {
        title: "Kinds of changes".to_owned(),
        about: "`kind` of a change, and keys of `[detect.blame.kinds]`.".to_owned(),
        head: vec!["kind", "is"],
        rows: CHANGES.into_iter().map(|kind| row(&[&name(kind), says(kind)])).collect(),
    }
}

const CHANGES: [ChangeKind; 9] = [
    ChangeKind::Deploy,
    ChangeKind::Theme,
    ChangeKind::App,
    ChangeKind::Flag,
    ChangeKind::Experiment,
    ChangeKind::Config,
    ChangeKind::Campaign,
    ChangeKind::Rollback,
    ChangeKind::Provider,
];

fn facts() -> SchemaList {
    let name = |fact: Fact| {
        let value = serde_json::to_value(fact).ok();
        value.and_then(|v| v.as_str().map(code)).unwrap_or_default()
    };
    SchemaList {
        title: "Facts of severity rules".to_owned(),
        about: "Values of `all`, `any` and `none` in `[[severity_rule]]`.".to_owned(),
        head: vec!["fact", "holds when"],
        rows: Fact::ALL.into_iter().map(|fact| row(&[&name(fact), fact.words()])).collect(),
    }
}

/// As a page: what docs/config.md holds.
pub fn markdown() -> String {
    let mut out = String::new();
    for list in lists() {
        for text in ["### ", &list.title, "\n\n"] {
            out.push_str(text);
        }
        if !list.about.is_empty() {
            out.push_str(&list.about);
            out.push_str("\n\n");
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = list.head.iter().map(|h| (*h).to_owned()).collect();
        out.push_str(&line(&head));
        out.push('|');
        out.push_str(&"---|".repeat(head.len()));
        out.push('\n');
        list.rows.iter().for_each(|cells| out.push_str(&line(cells)));
        out.push('\n');
    }
    out
}

/// As lines for a terminal.
pub fn plain() -> Vec<String> {
    let mut out = Vec::new();
    for list in lists() {
        out.push(list.title.clone());
        out.extend(wrapped(&list.about.replace('`', "")));
        let clean = |cell: &String| cell.replace('`', "");
        let rows: Vec<Vec<String>> =
            list.rows.iter().map(|cells| cells.iter().map(clean).collect()).collect();
        let width = |column: usize| {
            rows.iter().filter_map(|cells| cells.get(column)).map(String::len).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..list.head.len()).map(width).collect();
        for cells in &rows {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = padded.collect::<Vec<_>>().join("  ");
            out.push(format!("  {}", line.trim_end()));
        }
        out.push(String::new());
    }
    out
}

/// Words in lines of a terminal.
fn wrapped(text: &str) -> Vec<String> {
    const WIDE: usize = 96;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| line.len() + word.len() < WIDE) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(format!("  {word}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
