//! Sources: leaf adapters that read one API each and speak in observations, checks and changes.
//! They know the domain and nothing above; every error says what to do about it.

pub mod answer;
pub mod assemble;
pub mod backoff;
pub mod config;
pub mod error;
pub mod etag;
pub mod feed;
pub mod github;
pub mod harvest;
pub mod history;
pub mod http;
pub mod http_json;
pub mod prometheus;
pub mod query;
pub mod round;
pub mod secret;
pub mod units;

#[cfg(test)]
pub(crate) mod fixture;

use crate::domain::time::{Span, Timestamp};

pub use self::backoff::Backoff;
pub use self::config::{Kind, SourceConfig};
pub use self::error::SourceError;
pub use self::harvest::Harvest;

/// A source that can be polled. One question is in flight at a time: `&mut` says so.
pub enum Source {
    Prometheus(Box<prometheus::Prometheus>),
    HttpJson(Box<http_json::HttpJson>),
}

/// Makes a source ready. No IO except reading a configured CA file. `bucket` is the length of the
/// windows that observations come in.
///
/// # Errors
/// [`SourceError::GiveUp`] with what to change in the config.
pub fn build(config: &SourceConfig, bucket: Span) -> Result<Source, SourceError> {
    Ok(match config.kind {
        Kind::Prometheus => Source::Prometheus(prometheus::Prometheus::new(config, bucket)?.into()),
        Kind::HttpJson => Source::HttpJson(http_json::HttpJson::new(config, bucket)?.into()),
        Kind::Github | Kind::Exposition => return Err(SourceError::give_up("not built in")),
    })
}

impl Source {
    /// Asks for what is new at `now`.
    ///
    /// # Errors
    /// [`SourceError`]; the last good data stays with its age.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        match self {
            Self::Prometheus(s) => s.poll(now).await,
            Self::HttpJson(s) => s.poll(now).await,
        }
    }

    /// Plans `days` of back-history before `now`; fetch it with [`Source::next_history`].
    pub fn history(&mut self, now: Timestamp, days: u32) {
        match self {
            Self::Prometheus(s) => s.history(now, days),
            Self::HttpJson(s) => s.history(now, days),
        }
    }

    /// The next chunk of planned history, the newest first; `None` when there is no more. After an
    /// `Err` that is `Retry` or `Starting` the same chunk comes again: wait as after a failed poll.
    pub async fn next_history(&mut self) -> Option<Result<Harvest, SourceError>> {
        match self {
            Self::Prometheus(s) => s.next_history().await,
            Self::HttpJson(s) => s.next_history().await,
        }
    }
}
