//! The pulse of one series group: how often its data came, and whether it still comes that way.
//! Counted in answers, not in time, so that a paused process or a stepped clock proves nothing.
//! Total and clock-free; what a silence means for the source is decided one level up.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::time::{Span, Timestamp};

use super::streak::Streak;

/// Data that must have been seen before anything is called usual.
const KNOWN: u32 = 4;
/// So many events must be missing before few events explain nothing.
const MISSED: f64 = 8.0;
/// A datum older than this, than four times its usual distance and than sixteen intervals tells
/// nothing of now.
const OLD: Span = Span::from_mins(15);
/// The same for a run of a check whose distance is not known yet.
const OLD_RUN: Span = Span::from_hours(1);
/// Fewer rows than this share of the least usual number is half an answer.
const HALF: f64 = 0.6;
/// Events from which two windows are hardly ever alike by chance.
const TELLING: f64 = 20.0;
/// Values that changed so often are known to change.
const CHANGES: usize = 20;
const REMEMBERED: usize = 64;
/// So many answers that told the same window again list windows, not news.
const AGAIN: u32 = 2;

/// The rows of one group in one window, or one run.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Datum {
    pub rows: u32,
    /// Events in it; `None` for readings and runs, which do not depend on shoppers.
    pub volume: Option<f64>,
    /// Hash of its values without their time.
    pub print: u64,
}

/// The data of one group in one answer, by the end of their window.
pub type PulseData = BTreeMap<Timestamp, Datum>;

/// What is wrong with a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PulseWhy {
    /// Answers lack what was there before.
    Gone,
    /// Answers repeat the same newest datum.
    Quiet,
    /// New windows carry the old numbers.
    Same,
    /// Half of the rows are missing.
    Half,
    /// The newest datum is too old to say anything of now.
    Old,
}

#[derive(Clone, Debug)]
pub struct Pulse {
    /// A run of a check: it comes whether or not there are shoppers.
    run: bool,
    newest: Option<Timestamp>,
    pub news_at: Timestamp,
    instants: u32,
    /// Answers in a row, from the first one on, that held the newest datum once more.
    again: u32,
    gaps: VecDeque<Span>,
    quiet: Streak,
    gone: Streak,
    same: Streak,
    print: Option<u64>,
    /// Rows of a window; rows of an answer where each window has one row.
    sizes: PulseSizes,
    totals: PulseSizes,
    volumes: VecDeque<(Timestamp, f64)>,
    pub silent: Option<PulseWhy>,
}

impl Pulse {
    pub fn new(run: bool, at: Timestamp) -> Self {
        Self {
            run,
            newest: None,
            news_at: at,
            instants: 0,
            again: 0,
            gaps: VecDeque::new(),
            quiet: Streak::default(),
            gone: Streak::default(),
            same: Streak::default(),
            print: None,
            sizes: PulseSizes::default(),
            totals: PulseSizes::default(),
            volumes: VecDeque::new(),
            silent: None,
        }
    }

    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Takes what one answer, got at `at`, says of this group.
    pub fn take(&mut self, data: &PulseData, at: Timestamp, every: Span) {
        let here = data.last_key_value().map(|(end, _)| *end);
        let present = here.is_some_and(|end| self.newest.is_none_or(|known| end >= known));
        let news = present && here > self.newest;
        let learn = self.silent.is_none();
        if present {
            if !news && self.gone.heard() == 0 && self.gone.now() == 0 {
                self.again = self.again.saturating_add(1);
            }
            if self.gone.now() > 0 {
                self.gone.ended(learn);
            }
            if !self.run && data.values().all(|d| d.rows == 1) {
                self.totals.take(u32::try_from(data.len()).unwrap_or(u32::MAX));
            }
        } else {
            self.gone.more();
        }
        if news {
            self.quiet.ended(learn);
            self.learn(data, learn);
            self.news_at = at;
        } else {
            self.quiet.more();
        }
        self.silent = self.judge(at, every);
    }

    /// It is in the newest answer, or is not missed yet.
    pub fn speaks(&self) -> bool {
        self.silent.is_none_or(|why| why == PulseWhy::Half)
            && self.gone.now() <= self.gone.longest()
    }

    fn learn(&mut self, data: &PulseData, usual: bool) {
        let known = self.newest;
        for (end, datum) in data.iter().filter(|(end, _)| known.is_none_or(|k| **end > k)) {
            if let Some(last) = self.newest.filter(|_| usual) {
                remember(&mut self.gaps, end.since(last));
            }
            self.newest = Some(*end);
            self.instants = self.instants.saturating_add(1);
            if !self.run {
                self.sizes.take(datum.rows);
                self.printed(datum);
            }
            if let Some(volume) = datum.volume {
                remember(&mut self.volumes, (*end, volume));
            }
        }
    }

    /// Windows of few events are alike by nature.
    fn printed(&mut self, datum: &Datum) {
        if datum.volume.is_some_and(|volume| volume < TELLING) {
            return;
        }
        if self.print.replace(datum.print) == Some(datum.print) {
            self.same.more();
        } else {
            self.same.ended(true);
        }
    }

    fn judge(&self, at: Timestamp, every: Span) -> Option<PulseWhy> {
        let newest = self.newest?;
        let (age, cadence) = (at.since(newest), self.cadence());
        let known = self.instants >= KNOWN;
        if known && age > OLD.max(cadence.times(4)).max(every.times(16)) {
            return Some(PulseWhy::Old);
        }
        if self.run && !known && age > OLD_RUN {
            return Some(PulseWhy::Old);
        }
        if !known {
            return None;
        }
        // Until some rounds were heard, the distance of its data stands for them.
        let young = self.quiet.heard() < KNOWN as usize;
        let answers = (cadence.millis() / every.millis().max(1)).clamp(0, 100_000) as u32 + 1;
        let seed = if young { answers } else { 0 };
        let missed = self.missed(age);
        // what has events all the time and was told again and again is missed at once; a reading
        // or a run may be out of an answer's reach
        let always = self.gone.heard() == 0 && self.again >= AGAIN && !self.volumes.is_empty();
        let shown = if always { 0 } else { seed };
        if missed && self.gone.now() >= self.gone.limit(shown) {
            return Some(PulseWhy::Gone);
        }
        if missed && self.quiet.now() >= self.quiet.limit(seed) {
            return Some(PulseWhy::Quiet);
        }
        let changing = self.same.heard() >= CHANGES;
        if changing && self.same.now() >= self.same.limit(0).saturating_mul(2).max(3) {
            return Some(PulseWhy::Same);
        }
        (self.sizes.half() || self.totals.half()).then_some(PulseWhy::Half)
    }

    /// The longest distance of two data of late.
    fn cadence(&self) -> Span {
        self.gaps.iter().copied().max().unwrap_or(Span::ZERO)
    }

    /// Few events would not explain that none came for so long: a group that writes its zeros down
    /// always speaks; another one had enough events that some would be here.
    fn missed(&self, age: Span) -> bool {
        let (Some(first), Some(last)) = (self.volumes.front(), self.volumes.back()) else {
            return true;
        };
        let recent = self.volumes.len().saturating_sub(10);
        let sum: f64 = self.volumes.iter().skip(recent).map(|(_, volume)| volume).sum();
        let from = self.volumes.get(recent).map_or(first.0, |(end, _)| *end);
        let over = last.0.since(from).as_secs_f64() + self.cadence().as_secs_f64().max(1.0);
        self.volumes.iter().any(|(_, volume)| *volume <= 0.0)
            || sum / over * age.as_secs_f64() >= MISSED
    }
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= REMEMBERED {
        list.pop_front();
    }
    list.push_back(item);
}

/// How many rows came, and whether of late only half of the least of them do.
#[derive(Clone, Debug, Default)]
struct PulseSizes {
    usual: VecDeque<u32>,
    small: u32,
}

impl PulseSizes {
    /// What was seen so often is usual.
    const ENOUGH: usize = 10;
    const SURE: usize = 20;
    /// A half that lasts so long is what is usual now.
    const SETTLED: u32 = 120;

    fn take(&mut self, rows: u32) {
        let least = self.usual.iter().copied().min().unwrap_or(0);
        let half = least >= 4 && f64::from(rows) <= f64::from(least) * HALF;
        if half && self.usual.len() >= Self::ENOUGH && self.small < Self::SETTLED {
            self.small += 1;
            return;
        }
        if self.small >= Self::SETTLED {
            self.usual.clear();
        }
        self.small = 0;
        remember(&mut self.usual, rows);
    }

    fn half(&self) -> bool {
        let least = self.usual.iter().copied().min().unwrap_or(0);
        let sure = self.usual.len() >= Self::SURE && least >= 8;
        self.small >= if sure { 1 } else { 2 }
    }
}
