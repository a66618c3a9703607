//! From text to a checked `Config`: user tables over the defaults key by key, user rows replace the
//! default row of the same name, and every problem is reported at once.

use std::path::Path;

use crate::desk::keymap::Keymap;
use crate::domain::metric;
use crate::domain::own::Strict;
use crate::policy::guardrail::Guardrail;
use crate::policy::services::Services;
use crate::render::theme::ColorDepth;
use crate::sink::config::{ActionConfig, SecretLines};
use crate::sink::pager::{self, SinkConfig};
use crate::sink::webhook;
use crate::source::faults::{self, KeyStep};
use crate::source::{SourceConfig, home};

use super::file::ConfigReader;
use super::problem::{Level, Problem};
use super::{Config, EXAMPLE, callees, check, own, theme};

/// Top-level tables of the example; rows are known by being read.
const TABLES: [&str; 9] =
    ["shop", "detect", "journal", "identity", "ui", "keys", "calendar", "response", "services"];

/// A config as far as it could be read, and what is wrong with it. `None` with errors only.
pub struct Loaded {
    pub config: Option<Config>,
    /// What could be read of one with errors, for a check that goes on.
    pub draft: Option<Config>,
    pub problems: Vec<Problem>,
}

/// The built-in config: the embedded example, nothing else.
pub fn builtin() -> Loaded {
    from_text(Path::new("config.example.toml"), "")
}

/// Reads `path`.
pub fn from_file(path: &Path) -> Result<Loaded, std::io::Error> {
    Ok(from_text(path, &std::fs::read_to_string(path)?))
}

/// Reads `text`; `path` names it in problems.
pub fn from_text(path: &Path, text: &str) -> Loaded {
    let mut base = ConfigReader::new("config.example.toml".into(), EXAMPLE);
    let defaults = base.tables();
    let mut user = ConfigReader::new(path.to_path_buf(), text);
    own::declare(&mut user);
    let strict = Strict::new();
    let mut config = read(&defaults, &mut base, &mut user);
    drop(strict);
    if let (Some(config), Some(folder)) = (&mut config, path.parent()) {
        // A file named in the config lies beside it.
        let file = config.shop.holidays.as_ref().map(|file| {
            // One that is not understood is told by the check: it is not found under this name.
            folder.join(home::text(file).unwrap_or_else(|_| file.clone()))
        });
        config.shop.holidays = file.map(|file| file.to_string_lossy().into_owned());
    }
    let mut problems = base.finish();
    problems.retain(|p| p.level == Level::Error);
    if let Some(config) = &config {
        check::check(config, &mut user);
    }
    retired(&mut user);
    problems.extend(user.finish());
    problems.sort_by_key(|p| (p.line, p.key.clone()));
    let broken = problems.iter().any(|p| p.level == Level::Error);
    let (config, draft) = if broken { (None, config) } else { (config, None) };
    Loaded { config, draft, problems }
}

fn read(
    defaults: &toml::Table,
    base: &mut ConfigReader<'_>,
    user: &mut ConfigReader<'_>,
) -> Option<Config> {
    // The example's own tables are read too, so that its top-level names count as known there.
    for name in TABLES {
        base.know(name);
    }
    let tables = (
        user.table("shop", defaults),
        user.table("detect", defaults),
        user.table("journal", defaults),
        user.table("identity", defaults),
        user.table("ui", defaults),
        user.table("keys", defaults),
        user.table("calendar", defaults),
        user.table("response", defaults),
    );
    let services = user.table::<Services>("services", defaults);
    let journeys =
        laid_over(base, user, "journey", |j: &crate::policy::journey::Journey| j.name.to_string());
    let guardrails = guardrails(base, user);
    let severities = laid_over(base, user, "severity", |s: &crate::policy::severity::Response| {
        s.level.number().to_string()
    });
    let severity_rules =
        laid_over(base, user, "severity_rule", |r: &crate::policy::severity_rule::SeverityRule| {
            r.name.clone()
        });
    let maintenance = plain(user.rows("maintenance"));
    let sources = sources(user);
    let actions = actions(user);
    let sinks = sinks(user);
    if let Some(services) = &services {
        let named = callees::named(&journeys, &sources, &actions);
        callees::check(user, services, &named);
    }
    let (shop, detect, journal, identity, ui, keys, calendar, timing) = tables;
    Some(Config {
        shop: shop?,
        detect: detect?,
        journal: journal?,
        identity: identity?,
        ui: ui?,
        keys: keys?,
        calendar: calendar?,
        timing: timing?,
        journeys,
        services: services?,
        guardrails,
        severities,
        severity_rules,
        maintenance,
        sources,
        actions,
        sinks,
    })
}

fn plain<T>(rows: Vec<(usize, T)>) -> Vec<T> {
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Default rows in their order, each replaced by the user's row of the same key; new rows behind.
fn laid_over<T: serde::de::DeserializeOwned>(
    base: &mut ConfigReader<'_>,
    user: &mut ConfigReader<'_>,
    name: &'static str,
    key: impl Fn(&T) -> String,
) -> Vec<T> {
    let rows = plain(base.rows::<T>(name));
    replaced(rows, plain(user.rows::<T>(name)), key)
}

/// Sources, with everything in them that cannot work.
fn sources(user: &mut ConfigReader<'_>) -> Vec<SourceConfig> {
    let own = user.rows::<SourceConfig>("source");
    for (line, row) in &own {
        let index = user.index_of("source", *line);
        for fault in faults::faults(row) {
            let way = [&[KeyStep::Key("source"), KeyStep::Row(index)][..], &fault.at].concat();
            let at = user.line_at(&way);
            let mut key = format!("source.{}", row.name);
            if !fault.at.is_empty() {
                key = format!("{key}.{}", fault.key());
            }
            user.mean(Level::Error, at, &key, fault.message);
        }
        ranges(user, index, row);
    }
    plain(own)
}

/// Questions that count over a time of their own.
fn ranges(user: &mut ConfigReader<'_>, index: usize, row: &SourceConfig) {
    for (n, query) in row.query.iter().enumerate() {
        let Some((key, range)) = query.fixed_range() else { continue };
        let way =
            [KeyStep::Key("source"), KeyStep::Row(index), KeyStep::Key("query"), KeyStep::Row(n)];
        let line = user.line_at(&[&way[..], &[KeyStep::Key(key)]].concat());
        let message = format!("counts over [{range}] are taken for those of one window");
        let hint = Some(format!("write [$window] in place of [{range}]"));
        let key = format!("source.{}.query[{}].{key}", row.name, n + 1);
        user.mean_with(Level::Warning, line, (&key, hint), message);
    }
}

/// Names of metrics that are read as others.
fn retired(user: &mut ConfigReader<'_>) {
    for (line, name) in user.texts_under(&["metric", "steps"]) {
        if let Some(now) = metric::retired(&name) {
            let message = format!("`{name}` is retired and read as `{now}`");
            user.mean_with(
                Level::Warning,
                line,
                ("metric", Some(format!("write `{now}`"))),
                message,
            );
        }
    }
}

/// What a screen would refuse: keys and theme. A watcher without one runs without them.
pub fn screens(path: &Path, text: &str, config: &Config) -> Vec<Problem> {
    let mut user = ConfigReader::new(path.to_path_buf(), text);
    let (_, problems) = Keymap::with(&config.keys.0);
    for problem in problems {
        let at = user.line_at(&[KeyStep::Key("keys"), KeyStep::Key(&problem.name)]);
        user.mean(Level::Error, at, &format!("keys.{}", problem.name), problem.text);
    }
    if let Err(why) = theme::named(&config.ui.theme, ColorDepth::True) {
        let at = user.line_at(&[KeyStep::Key("ui"), KeyStep::Key("theme")]);
        user.mean(Level::Error, at, "ui.theme", why);
    }
    std::mem::take(&mut user.problems)
}

/// What is wrong with the files that sources and actions name, for a check.
pub fn files(path: &Path, text: &str, config: &Config) -> Vec<Problem> {
    let mut user = ConfigReader::new(path.to_path_buf(), text);
    let of_sources = config.sources.iter().flat_map(|row| {
        let all = faults::files(row).into_iter();
        all.map(|fault| ("source", row.name.to_string(), fault.key(), fault.message))
    });
    let of_actions = config.actions.iter().flat_map(|row| {
        let all = webhook::files(row).into_iter();
        all.map(|(key, message)| ("action", row.name.clone(), key.to_owned(), message))
    });
    let of_sinks = config.sinks.iter().flat_map(|row| {
        let all = pager::files(row).into_iter();
        all.map(|(key, message)| ("sink", row.name.clone(), key.to_owned(), message))
    });
    let all: Vec<_> = of_sources.chain(of_actions).chain(of_sinks).collect();
    for (table, name, key, message) in all {
        let index = user.index_with(table, ("name", &name)).unwrap_or(0);
        let at = user.line_at(&[KeyStep::Key(table), KeyStep::Row(index), KeyStep::Key(&key)]);
        user.mean(Level::Error, at, &format!("{table}.{name}.{key}"), message);
    }
    std::mem::take(&mut user.problems)
}

/// Actions, with what in them cannot work and the lines of their secrets.
fn actions(user: &mut ConfigReader<'_>) -> Vec<ActionConfig> {
    let mut own = user.rows::<ActionConfig>("action");
    for (line, row) in &mut own {
        for (word, message) in webhook::faults(row) {
            let at = user.line_of_key(*line, word);
            user.mean(Level::Error, at, &format!("action.{}.{word}", row.name), message);
        }
        row.lines = SecretLines {
            secret: user.line_of_key(*line, "secret"),
            next_secret: user.line_of_key(*line, "next_secret"),
        };
    }
    plain(own)
}

/// Sinks, with what in them cannot work.
fn sinks(user: &mut ConfigReader<'_>) -> Vec<SinkConfig> {
    let own = user.rows::<SinkConfig>("sink");
    for (line, row) in &own {
        let index = user.index_of("sink", *line);
        for (word, message) in pager::faults(row) {
            let at = user.line_at(&[KeyStep::Key("sink"), KeyStep::Row(index), KeyStep::Key(word)]);
            user.mean(Level::Error, at, &format!("sink.{}.{word}", row.name), message);
        }
    }
    plain(own)
}

/// Guardrails, with the windows that cannot be judged as they are written.
fn guardrails(base: &mut ConfigReader<'_>, user: &mut ConfigReader<'_>) -> Vec<Guardrail> {
    let own = user.rows::<Guardrail>("guardrail");
    for (line, row) in &own {
        for (word, message) in check::windows(row) {
            let at = user.line_in_row(*line, word);
            let key = format!("guardrail.{}.condition.{word}", row.name);
            user.mean(Level::Error, at, &key, message);
        }
    }
    let rows = plain(base.rows::<Guardrail>("guardrail"));
    replaced(rows, plain(own), |g| g.name.to_string())
}

fn replaced<T>(mut rows: Vec<T>, own: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    for row in own {
        match rows.iter_mut().find(|old| key(old) == key(&row)) {
            Some(old) => *old = row,
            None => rows.push(row),
        }
    }
    rows
}

#[cfg(test)]
mod tests;
