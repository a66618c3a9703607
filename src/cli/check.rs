//! `tillwatch check`: lint the config, read the journal's durability back, ask each source once.
//! `tillwatch check-source`: decode one recorded answer. Exit 0 ok, 1 problems, 2 unreadable.

use std::path::Path;

use crate::config::file::ConfigReader;
use crate::config::load;
use crate::config::problem::{Level, Problem};
use crate::config::{Config, paths};
use crate::journal::Access;
use crate::shell::clock::{Clock, up};
use crate::shell::session::BUCKET;
use crate::sink::{pager, sign};
use crate::source::faults::KeyStep;
use crate::source::{self, PastForecast, SourceConfig, SourceKind};

use super::app;
use super::args::{CheckArgs, CheckSourceArgs, Global};
use super::exit::Exit;
use super::out;
use super::records;

pub fn run(global: &Global, args: &CheckArgs) -> Exit {
    let path = global.config.clone().or_else(|| paths::config_file().filter(|p| p.exists()));
    let loaded = match &path {
        Some(path) => match load::from_file(path) {
            Ok(loaded) => loaded,
            Err(error) => {
                out::error(&format!("cannot read the config {}: {error}", path.display()));
                return Exit::Usage;
            }
        },
        None => load::builtin(),
    };
    app::say(&loaded.problems, Level::Warning);
    let text = path.as_ref().and_then(|p| std::fs::read_to_string(p).ok()).unwrap_or_default();
    let file = path.clone().unwrap_or_else(|| "config.example.toml".into());
    let read = loaded.config.as_ref().or(loaded.draft.as_ref());
    let further = read.map_or_else(Vec::new, |config| {
        let screens = load::screens(&file, &text, config);
        screens.into_iter().chain(load::files(&file, &text, config)).collect()
    });
    app::say(&further, Level::Warning);
    let Some(config) = loaded.config else { return Exit::No };
    let name = path.as_ref().map_or("built-in defaults".to_owned(), |p| p.display().to_string());
    let sinks = match config.sinks.len() {
        0 => String::new(),
        n => format!(", {n} sinks"),
    };
    out::lines([format!(
        "config    {name}: {} sources, {} guardrails, {} actions{sinks}",
        config.sources.len(),
        config.guardrails.len(),
        config.actions.len()
    )]);
    let Ok(runtime) = app::runtime() else { return Exit::No };
    let journal_good = runtime.block_on(journal(global, &config));
    let secrets_good = runtime.block_on(secrets(&config, path.as_deref()));
    let sources_good = args.offline || runtime.block_on(sources(&config, args));
    let good = journal_good && secrets_good && sources_good && further.is_empty();
    if good { Exit::Ok } else { Exit::No }
}

/// One line about where incidents are stored and how safely, read back from our own connection.
async fn journal(global: &Global, config: &Config) -> bool {
    let Ok(url) = app::journal_url(global, config) else { return false };
    let Ok(journal) = app::journal(&url, Access::Write).await else { return false };
    match journal.durability().await {
        Ok(durability) => {
            let (mode, sync) = (&durability.journal_mode, &durability.synchronous);
            out::lines([format!("journal   {url}: journal_mode {mode}, synchronous {sync}")]);
            durability.survives_power_cuts()
        }
        Err(error) => {
            out::error(&format!("journal {url}: {error}"));
            false
        }
    }
}

/// Can every secret of actions and sinks be read, and can it be what it is for? Its value is
/// dropped at once.
async fn secrets(config: &Config, file: Option<&Path>) -> bool {
    let mut problems = Vec::new();
    for action in &config.actions {
        let first = ("secret", action.lines.secret, Some(&action.secret));
        let next = ("next_secret", action.lines.next_secret, action.next_secret.as_ref());
        for (key, line, spec) in [first, next] {
            let Some(spec) = spec else { continue };
            let why = match spec.resolve().await {
                Ok(secret) => sign::usable(&secret).err().map(|w| format!("{}: {w}", spec.place())),
                Err(error) => Some(error.to_string()),
            };
            problems.extend(why.map(|message| Problem {
                level: Level::Error,
                file: file.unwrap_or(Path::new("config")).to_path_buf(),
                line,
                key: format!("action.{}.{key}", action.name),
                message,
                hint: None,
            }));
        }
    }
    problems.extend(sink_secrets(config, file).await);
    problems.extend(sign_ins(config, file).await);
    app::say(&problems, Level::Warning);
    problems.is_empty()
}

/// The same of sinks.
async fn sink_secrets(config: &Config, file: Option<&Path>) -> Vec<Problem> {
    let mut found = Vec::new();
    for sink in &config.sinks {
        let both = [("secret", &sink.secret), ("next_secret", &sink.next_secret)];
        for (key, spec) in both {
            let Some(spec) = spec else { continue };
            if let Some(message) = pager::secret_fault(sink.kind, spec).await {
                found.push(problem(file, ("sink", &sink.name, key), message));
            }
        }
    }
    found
}

/// Can the secret of each sign-in be read?
async fn sign_ins(config: &Config, file: Option<&Path>) -> Vec<Problem> {
    let sources = config.sources.iter().map(|s| ("source", s.name.as_str(), &s.auth));
    let sinks = config.sinks.iter().map(|s| ("sink", s.name.as_str(), &s.auth));
    let mut found = Vec::new();
    for (table, name, auth) in sources.chain(sinks) {
        let Some(auth) = auth else { continue };
        let password = auth.basic.as_ref().map(|b| &b.password);
        let Some(spec) = auth.bearer.as_ref().or(password).or(auth.secret.as_ref()) else {
            continue;
        };
        let Err(error) = spec.resolve().await else { continue };
        found.push(problem(file, (table, name, "auth"), error.to_string()));
    }
    found
}

/// What is wrong with a key of a row, at its line.
fn problem(
    file: Option<&Path>,
    (table, name, key): (&str, &str, &str),
    message: String,
) -> Problem {
    let text = file.and_then(|f| std::fs::read_to_string(f).ok()).unwrap_or_default();
    let path = file.unwrap_or(Path::new("config")).to_path_buf();
    let reader = ConfigReader::new(path.clone(), &text);
    let index = reader.index_with(table, ("name", name)).unwrap_or(0);
    let line = reader.line_at(&[KeyStep::Key(table), KeyStep::Row(index), KeyStep::Key(key)]);
    let key = format!("{table}.{name}.{key}");
    Problem { level: Level::Error, file: path, line, key, message, hint: None }
}

async fn sources(config: &Config, args: &CheckArgs) -> bool {
    let wanted = |s: &&SourceConfig| args.source.as_ref().is_none_or(|n| n == s.name.as_str());
    let mut good = true;
    for source in config.sources.iter().filter(wanted) {
        match ask(source).await {
            Ok((lines, whole)) => {
                out::lines(lines);
                if !whole {
                    good = false;
                    out::error(&format!(
                        "source    {}: a part of what it was asked did not come, see its notes",
                        source.name
                    ));
                }
            }
            Err(line) => {
                good = false;
                out::error(&line);
            }
        }
    }
    if let Some(name) = &args.source
        && !config.sources.iter().any(|s| s.name.as_str() == name)
    {
        out::error(&format!("no [[source]] is named `{name}`"));
        return false;
    }
    good
}

/// What a source tells, and whether that is all it was asked.
async fn ask(config: &SourceConfig) -> Result<(Vec<String>, bool), String> {
    let say = |what: &str| format!("source    {}: {what}", config.name);
    let mut source = source::build(config, BUCKET).map_err(|e| say(&e.to_string()))?;
    let harvest = source.poll(Clock::system().now()).await.map_err(|e| say(&e.to_string()))?;
    let counts = format!(
        "{} observations, {} checks, {} changes",
        harvest.observations.len(),
        harvest.checks.len(),
        harvest.changes.len()
    );
    let mut notes = harvest.notes.clone();
    for remark in source.remarks().await {
        if !notes.contains(&remark) {
            notes.push(remark);
        }
    }
    let notes = notes.iter().map(|n| format!("          note: {n}"));
    let mut lines: Vec<String> = std::iter::once(say(&counts)).chain(notes).collect();
    if config.past_days() > 0 {
        for told in source.forecast(config.past_days(), up).await {
            lines.extend(past(&told, config.past_days()));
        }
    }
    Ok((lines, !harvest.partial))
}

/// What will be read of the past of one question, and what to do where that is heavy.
fn past(told: &PastForecast, days: u32) -> Vec<String> {
    let size = format!(
        "{} series x {} hours = {} points of {days} days",
        told.series,
        days * 24,
        told.points
    );
    let (took, limit) = (told.took.as_secs_f64(), told.limit.as_secs_f64());
    let cost = match (&told.error, told.pieces) {
        (Some(error), _) => format!("one hour of it was refused: {error}"),
        (None, Some(1)) => "in one piece".to_owned(),
        (None, pieces) => format!("in up to {} pieces", pieces.unwrap_or(1)),
    };
    let mut lines = vec![format!("          past: {}: {size}, {cost}", told.title)];
    if told.is_heavy() {
        let hour = if told.error.is_some() {
            format!("one hour is more than it answers in {limit:.0} s")
        } else {
            format!("one hour took {took:.1} s of {limit:.0} s")
        };
        lines.push(format!(
            "          warning: {} is heavy for this server: {hour}. Record it by a rule \
             (docs/recording-rules.yml), or ask less of it: a shorter `past`, fewer labels",
            told.title
        ));
    }
    lines
}

/// Prints what an adapter makes of a recorded answer, as one JSON document.
pub fn replay(global: &Global, args: &CheckSourceArgs) -> Exit {
    let text = match std::fs::read_to_string(&args.replay) {
        Ok(text) => text,
        Err(error) => {
            out::error(&format!("cannot read {}: {error}", args.replay.display()));
            return Exit::Usage;
        }
    };
    let Some(config) = named(global, &args.name) else {
        let kinds: Vec<&str> = SourceKind::ALL.iter().map(|k| k.name()).collect();
        out::error(&format!(
            "`{}` is neither a configured source nor a kind ({})",
            args.name,
            kinds.join(", ")
        ));
        return Exit::Usage;
    };
    match source::replay(&config, &text) {
        Ok(harvest) => {
            out::json(&records::document(&harvest));
            Exit::Ok
        }
        Err(error) => {
            out::error(&error.to_string());
            Exit::No
        }
    }
}

fn named(global: &Global, name: &str) -> Option<SourceConfig> {
    let configured = app::config(global).ok().map(app::FoundConfig::config);
    configured
        .and_then(|c| c.sources.into_iter().find(|s| s.name.as_str() == name))
        .or_else(|| SourceKind::from_name(name).map(SourceConfig::bare))
}
