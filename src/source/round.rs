//! The bookkeeping of one poll that asks several questions: one refused question does not spoil the
//! others, a dead server is not asked a dozen times.

use super::error::SourceError;
use super::harvest::Harvest;

/// Failed exchanges after which a poll stops asking.
const ENOUGH: usize = 2;

/// One poll in the making.
#[derive(Debug, Default)]
pub struct PollRound {
    pub out: Harvest,
    failed: Option<SourceError>,
    worked: usize,
    broken: usize,
}

impl PollRound {
    pub fn worked(&mut self) {
        self.worked += 1;
    }

    /// Notes a failed question; true when the rest is not worth asking.
    ///
    /// # Errors
    /// The failure itself when it holds for every question: denied or starting.
    pub fn failed(&mut self, title: &str, error: SourceError) -> Result<bool, SourceError> {
        match error {
            SourceError::Denied { .. } | SourceError::Starting { .. } => return Err(error),
            SourceError::Retry { after, .. } => {
                self.broken += if after.is_some() { ENOUGH } else { 1 };
            }
            SourceError::GiveUp { .. } | SourceError::Malformed { .. } => {}
        }
        self.out.note(format!("{title}: {error}"));
        self.failed = self.failed.take().or(Some(error));
        Ok(self.broken >= ENOUGH)
    }

    /// # Errors
    /// The first failure when nothing worked.
    pub fn finish(mut self) -> Result<Harvest, SourceError> {
        match self.failed {
            Some(error) if self.worked == 0 => Err(error),
            failed => {
                self.out.partial |= failed.is_some();
                Ok(self.out)
            }
        }
    }
}
