//! Sources: leaf adapters that read one API each and speak in observations, checks and changes.
//! They know the domain and nothing above; every error says what to do about it.

pub mod answer;
pub mod assemble;
pub mod backoff;
pub mod config;
pub mod error;
pub mod etag;
pub mod exposition;
pub mod faults;
pub mod feed;
pub mod github;
pub mod harvest;
mod guard;
pub mod history;
pub mod home;
pub mod http;
pub mod http_json;
pub mod mask;
pub mod prometheus;
pub mod query;
pub mod replay;
pub mod round;
pub mod secret;
pub mod units;

#[cfg(test)]
pub(crate) mod fixture;

use crate::domain::past::Past;
use crate::domain::text::redacted;
use crate::domain::time::{Span, Timestamp};

pub use self::backoff::Backoff;
pub use self::config::{SourceConfig, SourceKind};
pub use self::error::SourceError;
pub use self::harvest::Harvest;
pub use self::history::{PastForecast, Up};
pub use self::prometheus::turn::Turns;
pub use self::replay::replay;

/// The `[[source]]` tables for the embedded shop; `PORT` stands for its port.
pub const DEMO: &str = include_str!("source/demo_sources.toml");

/// A source that can be polled. One question is in flight at a time: `&mut` says so.
pub struct Source {
    api: Api,
    /// `now` is not the time of this machine (a shop that runs faster): skew means nothing.
    own_time: bool,
}

enum Api {
    Prometheus(Box<prometheus::Prometheus>),
    Github(Box<github::Github>),
    HttpJson(Box<http_json::HttpJson>),
    Exposition(Box<exposition::Exposition>),
}

impl Api {
    /// Whoever asks has secrets: an adapter must say which client sends them.
    fn client(&self) -> &http::Client {
        match self {
            Self::Prometheus(s) => s.client(),
            Self::Github(s) => s.client(),
            Self::HttpJson(s) => s.client(),
            Self::Exposition(s) => s.client(),
        }
    }
}

/// Makes a source ready. No IO except reading a configured CA file. `bucket` is the length of the
/// windows that observations come in.
///
/// # Errors
/// [`SourceError::GiveUp`] with what to change in the config.
pub fn build(config: &SourceConfig, bucket: Span) -> Result<Source, SourceError> {
    config.only_its_own_keys()?;
    let bucket = bucket.max(Span::from_secs(1));
    let api = match config.kind {
        SourceKind::Prometheus => {
            Api::Prometheus(prometheus::Prometheus::new(config, bucket)?.into())
        }
        SourceKind::Github => Api::Github(github::Github::new(config)?.into()),
        SourceKind::HttpJson => Api::HttpJson(http_json::HttpJson::new(config, bucket)?.into()),
        SourceKind::Exposition => {
            Api::Exposition(exposition::Exposition::new(config, bucket)?.into())
        }
    };
    Ok(Source { api, own_time: false })
}

impl Source {
    /// Says that `now` is shop time, not wall time: clock skew is then not reported.
    pub fn set_own_time(&mut self, own: bool) {
        self.own_time = own;
    }

    /// Asks for what is new at `now`.
    ///
    /// # Errors
    /// [`SourceError`]; the last good data stays with its age.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        let harvest = match &mut self.api {
            Api::Prometheus(s) => s.poll(now).await,
            Api::Github(s) => s.poll(now).await,
            Api::HttpJson(s) => s.poll(now).await,
            Api::Exposition(s) => s.poll(now).await,
        };
        self.judged(harvest)
    }

    /// Plans `days` of back-history before `now`; fetch it with [`Source::next_history`].
    /// GitHub brings its past with the first poll and a metrics page has none: both plan nothing.
    pub fn history(&mut self, now: Timestamp, days: u32) {
        match &mut self.api {
            Api::Prometheus(s) => s.history(now, days),
            Api::HttpJson(s) => s.history(now, days),
            Api::Github(_) | Api::Exposition(_) => {}
        }
    }

    /// The next piece of planned history, the newest first; `None` when there is no more. After an
    /// `Err` what comes next may be the same piece, a smaller one or another question's: wait as
    /// after a failed poll. `up` tells time, for how long a piece took.
    pub async fn next_history(&mut self, up: Up) -> Option<Result<Harvest, SourceError>> {
        let harvest = match &mut self.api {
            Api::Prometheus(s) => s.next_history(up).await?,
            Api::HttpJson(s) => s.next_history(up).await?,
            Api::Github(_) | Api::Exposition(_) => return None,
        };
        Some(self.judged(harvest))
    }

    /// How far the planned history of each question has come.
    pub fn pasts(&self) -> Vec<Past> {
        let pasts = match &self.api {
            Api::Prometheus(s) => s.pasts(),
            Api::HttpJson(s) => s.pasts(),
            Api::Github(_) | Api::Exposition(_) => Vec::new(),
        };
        let mask = self.api.client().mask();
        let clean = |why: String| redacted(&mask.text(&why)).map_or(mask.text(&why), |(c, _)| c);
        pasts.into_iter().map(|p| Past { why: p.why.map(clean), ..p }).collect()
    }

    /// What reading `days` of its past would take; asks one hour of each question. Only where the
    /// cost is the server's: other kinds of source say nothing.
    pub async fn forecast(&mut self, days: u32, up: Up) -> Vec<PastForecast> {
        let Api::Prometheus(s) = &mut self.api else { return Vec::new() };
        let told = s.forecast(days, up).await;
        let mask = self.api.client().mask();
        let clean = |f: PastForecast| PastForecast { error: f.error.map(|e| mask.text(&e)), ..f };
        told.into_iter().map(clean).collect()
    }

    /// What a poll has no reason to look at and a check has: how far apart samples are, and ways
    /// out that are not used.
    pub async fn remarks(&mut self) -> Vec<String> {
        let mut out = match &mut self.api {
            Api::Prometheus(s) => s.paces().await,
            Api::Github(_) | Api::HttpJson(_) | Api::Exposition(_) => Harvest::default(),
        };
        if let Some(name) = self.api.client().ignored_proxy() {
            out.note(format!("the server is asked directly{}", http::way::unused(name)));
        }
        self.judged(Ok(out)).map_or_else(|_| Vec::new(), |h| h.notes)
    }

    /// Sources of one server take turns: it is never asked for two ranges at a time.
    pub fn take_turns(&mut self, turns: &mut Turns) {
        if let Api::Prometheus(s) = &mut self.api {
            s.take_turns(turns);
        }
    }

    /// The one way out of every adapter: no secret, no personal data.
    fn judged(&self, harvest: Result<Harvest, SourceError>) -> Result<Harvest, SourceError> {
        let mask = self.api.client().mask();
        let mut h = harvest.map_err(|e| mask.error(e))?;
        h.skew = h.skew.filter(|_| !self.own_time);
        for note in &mut h.notes {
            *note = mask.text(note);
        }
        guard::harvest(&mut h);
        Ok(h)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod chaos_tests;
#[cfg(test)]
mod echo_tests;
