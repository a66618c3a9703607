//! From text to a checked `Config`: user tables over the defaults key by key, user rows replace the
//! default row of the same name, and every problem is reported at once.

use std::path::Path;

use crate::policy::guardrail::Guardrail;
use crate::policy::services::Services;
use crate::sink::config::{ActionConfig, Lines};
use crate::sink::webhook;
use crate::source::home;

use super::file::Reader;
use super::problem::{Level, Problem};
use super::{Config, EXAMPLE, callees, check};

/// Top-level tables of the example; rows are known by being read.
const TABLES: [&str; 9] =
    ["shop", "detect", "journal", "identity", "ui", "keys", "calendar", "response", "services"];

/// A config as far as it could be read, and what is wrong with it. `None` with errors only.
pub struct Loaded {
    pub config: Option<Config>,
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
    let mut base = Reader::new("config.example.toml".into(), EXAMPLE);
    let defaults = base.tables();
    let mut user = Reader::new(path.to_path_buf(), text);
    let mut config = read(&defaults, &mut base, &mut user);
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
    problems.extend(user.finish());
    if let Some(config) = &config {
        problems.extend(check::check(config, path));
    }
    problems.sort_by_key(|p| (p.line, p.key.clone()));
    let broken = problems.iter().any(|p| p.level == Level::Error);
    Loaded { config: config.filter(|_| !broken), problems }
}

fn read(defaults: &toml::Table, base: &mut Reader<'_>, user: &mut Reader<'_>) -> Option<Config> {
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
    let sources = plain(user.rows("source"));
    let actions = actions(user);
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
    })
}

fn plain<T>(rows: Vec<(usize, T)>) -> Vec<T> {
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Default rows in their order, each replaced by the user's row of the same key; new rows behind.
fn laid_over<T: serde::de::DeserializeOwned>(
    base: &mut Reader<'_>,
    user: &mut Reader<'_>,
    name: &'static str,
    key: impl Fn(&T) -> String,
) -> Vec<T> {
    let rows = plain(base.rows::<T>(name));
    replaced(rows, plain(user.rows::<T>(name)), key)
}

/// Actions, with what in them cannot work and the lines of their secrets.
fn actions(user: &mut Reader<'_>) -> Vec<ActionConfig> {
    let mut own = user.rows::<ActionConfig>("action");
    for (line, row) in &mut own {
        for (word, message) in webhook::faults(row) {
            let at = user.line_of_key(*line, word);
            user.mean(Level::Error, at, &format!("action.{}.{word}", row.name), message);
        }
        row.lines = Lines {
            secret: user.line_of_key(*line, "secret"),
            next_secret: user.line_of_key(*line, "next_secret"),
        };
    }
    plain(own)
}

/// Guardrails, with the windows that cannot be judged as they are written.
fn guardrails(base: &mut Reader<'_>, user: &mut Reader<'_>) -> Vec<Guardrail> {
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
mod tests {
    use super::*;
    use crate::policy::judging::Policy;
    use crate::policy::response::ResponsePolicy;

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
}
