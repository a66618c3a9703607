//! The order in which back-history is asked: the question that is least far back goes first, each
//! from the newest hour to the oldest, in pieces whose length follows what the server can answer.
//! Nothing is told twice and nothing that was told is asked again. Pure; each source does its own
//! asking.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::metric::Metric;
use crate::domain::past::{Past, PastState};
use crate::domain::segment::Dim;
use crate::domain::time::{Span, Timestamp};

use super::error::SourceError;
use super::harvest::Harvest;

/// Steps of the first piece: a day of hours, so that each hour of the day is known soon.
const FIRST: i64 = 24;
/// The next piece is at most so many times as long as the one that was answered.
const GROWTH: f64 = 4.0;
/// A piece that was too much for the server is asked in parts of this share.
const SHRINK: i64 = 4;
/// Points of one answer: a megabyte or two of text, so that neither side holds more at a time.
const POINTS: usize = 60_000;
/// A single step that is too much is tried so often: the server may just have been busy.
const TRIES: u32 = 4;
/// A broken answer is tried so often before it counts as what this server says.
const BROKEN: u32 = 10;
/// Steps in all that one question may leave out because the server cannot compute them.
const HOLES: i64 = 48;
/// Days of past that anybody keeps.
const MOST_DAYS: u32 = 400;

/// How long this machine has been up; sources have no clock of their own.
pub type Up = fn() -> Duration;

/// A part of history for one question: windows of `step` inside `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// Which query or record.
    pub index: usize,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// How pieces are measured.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measure {
    /// Length of one window.
    pub step: Span,
    /// No piece is longer.
    pub most: Span,
    /// How long one answer should take: live questions wait for it.
    pub aim: Duration,
}

/// What reading the past of one question would take.
#[derive(Clone, PartialEq, Debug)]
pub struct PastForecast {
    /// `lcp by template, device`.
    pub title: String,
    pub series: usize,
    pub points: usize,
    /// Questions, as far as one hour tells; none where that one could not be had.
    pub pieces: Option<usize>,
    /// How long that hour took, of how long an answer may take.
    pub took: Duration,
    pub limit: Duration,
    pub error: Option<String>,
    /// The error is about time or size, so that asking less may help.
    pub too_much: bool,
}

impl PastForecast {
    /// A day of it is no piece that the server answers easily.
    pub fn is_heavy(&self) -> bool {
        self.too_much || self.error.is_none() && self.took > self.limit / 8
    }
}

impl Measure {
    /// Pieces of `days`, where one step of a question with so many series took so long. A long
    /// piece takes less than its steps one by one, so these are the most.
    pub fn pieces(&self, series: usize, took: Duration, days: u32) -> usize {
        let day = Span::from_days(1).millis() / self.step.millis().max(1);
        let room = (self.aim.as_secs_f64() / took.as_secs_f64().max(1e-3)) as i64;
        let most = self.most.millis() / self.step.millis().max(1);
        let steps = room.min(fits(series)).min(most).max(1);
        let all = day.saturating_mul(i64::from(days));
        usize::try_from((all + steps - 1) / steps).unwrap_or(0)
    }
}

/// What is left to ask.
#[derive(Clone, PartialEq, Debug)]
pub struct HistoryPlan {
    measure: Measure,
    newest: Timestamp,
    oldest: Timestamp,
    questions: Vec<PastQuestion>,
}

/// How far one question has come.
#[derive(Clone, PartialEq, Debug)]
pub struct PastQuestion {
    pub index: usize,
    /// Series of an answer, as far as known.
    width: usize,
    /// Everything from here on has been told.
    back: Timestamp,
    /// Steps of the next piece.
    steps: i64,
    /// No piece is longer than this: a longer one was too much.
    limit: Option<i64>,
    /// Failures in a row.
    failures: u32,
    holes: i64,
    /// The start and the steps of a piece that could not be computed, until it is known whether it
    /// has a hole or was too long.
    suspect: Option<(Timestamp, i64)>,
    /// Steps that held data.
    pub told: usize,
    pub state: PastState,
    pub why: Option<String>,
}

impl Default for HistoryPlan {
    fn default() -> Self {
        let measure = Measure { step: Span::ZERO, most: Span::ZERO, aim: Duration::ZERO };
        let none = Timestamp::EPOCH;
        Self { measure, newest: none, oldest: none, questions: Vec::new() }
    }
}

impl HistoryPlan {
    /// `days` back from the last full step before `now`. `questions` are their numbers and how many
    /// series an answer has, as far as that is known.
    pub fn new(now: Timestamp, days: u32, measure: Measure, questions: &[(usize, usize)]) -> Self {
        let step = measure.step.max(Span::from_secs(1));
        let measure = Measure { step, most: measure.most.max(step), ..measure };
        let newest = now.floor(step);
        let oldest = newest.minus(Span::from_days(i64::from(days.min(MOST_DAYS))));
        let question = |(index, width): &(usize, usize)| PastQuestion {
            index: *index,
            width: *width,
            back: newest,
            steps: FIRST.min(fits(*width)),
            limit: None,
            failures: 0,
            holes: 0,
            suspect: None,
            told: 0,
            state: if newest > oldest { PastState::Reading } else { PastState::Read },
            why: None,
        };
        Self { measure, newest, oldest, questions: questions.iter().map(question).collect() }
    }

    pub fn step(&self) -> Span {
        self.measure.step
    }

    /// The next piece: of the question that is least far back, those that just failed last.
    pub fn next_chunk(&self) -> Option<Chunk> {
        let open = self.questions.iter().filter(|q| q.state == PastState::Reading);
        let next = open.min_by_key(|q| (q.failures, Reverse(q.back), q.index))?;
        let length = self.measure.step.times(next.steps.max(1)).min(self.measure.most);
        let start = next.back.minus(length.max(self.measure.step)).max(self.oldest);
        Some(Chunk { index: next.index, start, end: next.back })
    }

    /// Nothing smaller can be asked of this question by time.
    pub fn is_least(&self, chunk: Chunk) -> bool {
        chunk.end.since(chunk.start) <= self.measure.step
    }

    /// Learns from the answer to `chunk`, which took so long and had so many series.
    ///
    /// # Errors
    /// The failure; what is asked next has been changed by it.
    pub fn settle(
        &mut self,
        chunk: Chunk,
        (took, width): (Duration, usize),
        result: Result<Harvest, SourceError>,
    ) -> Result<Harvest, SourceError> {
        let (measure, oldest) = (self.measure, self.oldest);
        let Some(question) = self.questions.iter_mut().find(|q| q.index == chunk.index) else {
            return result;
        };
        match result {
            Ok(mut harvest) => {
                harvest.notes.retain(|note| !note.ends_with("no data"));
                question.width = width.max(1);
                question.answered(chunk, took, &harvest, measure);
                if question.back <= oldest {
                    question.state = PastState::Read;
                }
                Ok(harvest)
            }
            Err(error) => {
                question.failed(chunk, &error, measure.step);
                if question.back <= oldest {
                    question.state = PastState::Read;
                }
                Err(error)
            }
        }
    }

    /// How far each question has come: days answered and days asked.
    pub fn progress(&self) -> impl Iterator<Item = (&PastQuestion, u32, u32)> {
        let days = |span: Span| u32::try_from(span.millis() / 86_400_000).unwrap_or(0);
        let of = days(self.newest.since(self.oldest));
        self.questions.iter().map(move |q| (q, days(self.newest.since(q.back)), of))
    }
}

/// Steps that keep an answer within its points.
fn fits(width: usize) -> i64 {
    i64::try_from(POINTS / width.max(1)).unwrap_or(i64::MAX).max(1)
}

impl PastQuestion {
    /// The same for people: of `metric`, cut by `by`.
    pub fn past(&self, metric: Metric, by: Vec<Dim>, (days, of_days): (u32, u32)) -> Past {
        let hours = u32::try_from(self.told).unwrap_or(u32::MAX);
        Past { metric, by, days, of_days, hours, state: self.state, why: self.why.clone() }
    }

    fn answered(&mut self, chunk: Chunk, took: Duration, harvest: &Harvest, measure: Measure) {
        let ends: BTreeSet<Timestamp> = harvest.observations.iter().map(|o| o.window.end).collect();
        self.told += ends.len();
        self.back = chunk.start;
        self.failures = 0;
        self.why = None;
        let room = measure.aim.as_secs_f64() / took.as_secs_f64().max(1e-3);
        let asked = steps(chunk, measure.step) as f64;
        if let Some((_, too_long)) = self.suspect.filter(|(start, _)| self.back <= *start) {
            // all of it was answered in parts: it was not the windows, it was their number
            self.limit_to(too_long / 2);
            self.suspect = None;
        }
        let growth = if self.suspect.is_some() { 1.0 } else { GROWTH };
        let next = (asked * room.clamp(1.0 / GROWTH, growth)) as i64;
        let most = fits(self.width).min(measure.most.millis() / measure.step.millis());
        self.steps = next.min(self.limit.unwrap_or(i64::MAX)).min(most).max(1);
    }

    fn failed(&mut self, chunk: Chunk, error: &SourceError, step: Span) {
        let asked = steps(chunk, step);
        self.failures += 1;
        self.why = Some(error.to_string());
        if error.is_heavy() {
            self.too_much(asked);
            return;
        }
        match error {
            SourceError::Retry { .. } | SourceError::Starting { .. } => {
                if self.failures.is_multiple_of(2) {
                    self.steps = (asked / 2).max(1);
                }
            }
            SourceError::GiveUp { .. } if error.is_of_these_windows() => self.hole(chunk, asked),
            SourceError::Malformed { .. } if self.failures < BROKEN => {
                self.steps = (asked / 2).max(1);
            }
            SourceError::Denied { .. } if self.failures < TRIES => {}
            SourceError::GiveUp { .. }
            | SourceError::Malformed { .. }
            | SourceError::Denied { .. } => self.state = PastState::Failed,
        }
    }

    /// What was too much once is not asked again.
    fn too_much(&mut self, asked: i64) {
        if asked > 1 {
            self.steps = (asked / SHRINK).max(1);
            self.limit_to(asked / 2);
            self.failures = 0;
        } else if self.failures >= TRIES {
            self.state = PastState::Failed;
        }
    }

    fn limit_to(&mut self, steps: i64) {
        self.limit = Some(self.limit.map_or(steps, |l| l.min(steps)).max(1));
    }

    /// The server can compute other windows but not these: they are left out, one by one.
    fn hole(&mut self, chunk: Chunk, asked: i64) {
        self.failures = 0;
        if asked > 1 {
            self.steps = (asked / SHRINK).max(1);
            self.suspect = self.suspect.or(Some((chunk.start, asked)));
            return;
        }
        self.suspect = None;
        self.back = chunk.start;
        self.holes += 1;
        if self.holes >= HOLES {
            self.state = PastState::Failed;
        }
    }
}

fn steps(chunk: Chunk, step: Span) -> i64 {
    (chunk.end.since(chunk.start).millis() / step.millis().max(1)).max(1)
}

#[cfg(test)]
mod tests;
