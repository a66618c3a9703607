//! Everything in a `[[source]]` that cannot work, each with the key it stands under: what a start
//! would stumble over one by one is told at once. The files it names are looked at apart.

use crate::domain::time::Span;

use super::config::{SourceConfig, SourceKind};
use super::error::SourceError;
use super::exposition::selector::Selector;
use super::http::sign_in::{one_way, plain};
use super::http::tls::{authorities, identity, paired};
use super::http::{address, proxy};
use super::http_json::reader::RecordReader;
use super::query::Query;

mod step;

pub use step::{ConfigFault, KeyStep};

/// All of them.
pub fn faults(config: &SourceConfig) -> Vec<ConfigFault> {
    let mut found: Vec<ConfigFault> = Vec::new();
    let mut say = |key: &'static str, message: String| {
        found.push(ConfigFault { at: vec![KeyStep::Key(key)], message });
    };
    for (key, message) in config.foreign() {
        say(key, message);
    }
    for (key, message) in config.times() {
        say(key, message);
    }
    let mut look = |key: &'static str, result: Result<(), SourceError>| {
        if let Err(error) = result {
            say(key, error.to_string());
        }
    };
    let github = config.kind == SourceKind::Github;
    if !(github && config.url.is_empty()) {
        look("url", address(&config.url, config.insecure.as_deref()).map(drop));
    }
    if github {
        look("repo", config.repository().map(drop));
    }
    if let Some(auth) = &config.auth {
        look("auth", one_way(auth));
    }
    look("headers", plain(&config.headers).map(drop));
    look("client_cert", paired(config.tls()));
    look("proxy", proxy(config.proxy.as_deref()).map(drop));
    found.extend(questions(config));
    found
}

/// What is wrong with the files it names. Only who asks reads them: a key is a credential, and who
/// only looks needs none of them.
pub fn files(config: &SourceConfig) -> Vec<ConfigFault> {
    let ca = config.ca.as_deref().map_or(Ok(()), |path| authorities(path).map(drop));
    let own = identity(config.tls()).map(drop);
    let all = [("ca", ca), ("client_cert", own)];
    let wrong = all.into_iter().filter_map(|(key, result)| Some((key, result.err()?)));
    let fault = |(key, error): (&'static str, SourceError)| ConfigFault {
        at: vec![KeyStep::Key(key)],
        message: error.to_string(),
    };
    wrong.map(fault).collect()
}

fn questions(config: &SourceConfig) -> Vec<ConfigFault> {
    let mut found = Vec::new();
    let series = matches!(config.kind, SourceKind::Prometheus | SourceKind::Exposition);
    if series && config.query.is_empty() {
        let message = "no [[source.query]]: without one nothing is asked".to_owned();
        found.push(ConfigFault { at: Vec::new(), message });
    }
    if config.kind == SourceKind::HttpJson && config.record.is_empty() {
        let message = "no [[source.record]]: without one nothing is asked".to_owned();
        found.push(ConfigFault { at: Vec::new(), message });
    }
    for (index, query) in config.query.iter().enumerate() {
        let at = |key| vec![KeyStep::Key("query"), KeyStep::Row(index), KeyStep::Key(key)];
        let all = query.faults().into_iter();
        found.extend(all.map(|(key, message)| ConfigFault { at: at(key), message }));
        if config.kind == SourceKind::Exposition {
            let all = selectors(query).into_iter();
            found.extend(all.map(|(key, message)| ConfigFault { at: at(key), message }));
        }
    }
    for (index, record) in config.record.iter().enumerate() {
        let row = [KeyStep::Key("record"), KeyStep::Row(index)];
        let all = RecordReader::faults(record).into_iter();
        found
            .extend(all.map(|(at, message)| ConfigFault { at: [&row[..], &at].concat(), message }));
    }
    found
}

/// The selectors of a metrics page that cannot be read.
fn selectors(query: &Query) -> Vec<(&'static str, String)> {
    let all = [
        ("expr", &query.expr),
        ("hits", &query.hits),
        ("trials", &query.trials),
        ("duration", &query.duration),
        ("status", &query.status),
    ];
    let given = all.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)));
    given.filter_map(|(key, text)| Some((key, Selector::parse(text).err()?.to_string()))).collect()
}

impl SourceConfig {
    /// Keys that another kind of source uses.
    pub fn foreign(&self) -> Vec<(&'static str, String)> {
        let series = matches!(self.kind, SourceKind::Prometheus | SourceKind::Exposition);
        let github = self.kind == SourceKind::Github;
        let all = [
            (!self.query.is_empty() && !series, "query"),
            (!self.record.is_empty() && self.kind != SourceKind::HttpJson, "record"),
            (self.scrape.is_some() && self.kind != SourceKind::Prometheus, "scrape"),
            (self.repo.is_some() && !github, "repo"),
            (self.environment.is_some() && !github, "environment"),
            (self.service.is_some() && !github, "service"),
        ];
        let name = self.kind.name();
        let wrong = all.into_iter().filter(|(wrong, _)| *wrong);
        wrong.map(|(_, key)| (key, format!("`{key}` does not belong to kind {name}"))).collect()
    }

    /// Times and sizes that cannot be.
    pub fn times(&self) -> Vec<(&'static str, String)> {
        let second = Span::from_secs(1);
        let all = [
            (self.every < second, "every", "every must be at least 1s"),
            (self.past > Self::MOST_PAST, "past", "past is four weeks at most: 28d"),
            (self.past < Span::ZERO, "past", "past cannot be negative; 0s reads none"),
            (self.lookback < Span::ZERO, "lookback", "lookback cannot be negative"),
            (self.scrape.is_some_and(|s| s < second), "scrape", "scrape must be at least 1s"),
            (self.timeout.is_some_and(|t| t <= Span::ZERO), "timeout", "timeout must be above 0s"),
            (self.max_body == Some(0), "max_body", "max_body is in bytes and cannot be 0"),
        ];
        let wrong = all.into_iter().filter(|(wrong, _, _)| *wrong);
        wrong.map(|(_, key, message)| (key, message.to_owned())).collect()
    }
}
