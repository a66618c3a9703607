//! Does a source still tell of now? It remembers how often each group of its data came and calls a
//! group silent that stays away longer than is usual for it; quiet groups are told apart by their
//! own past. Facts in, words out; states are `health`'s, verdicts are judging's.

pub mod answer;
pub mod pulse;
pub mod streak;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::detect::cube::doubt::{Doubt, hour};
use crate::domain::flaw::Flaw;
use crate::domain::id::JourneyId;
use crate::domain::metric::Metric;
use crate::domain::time::{Span, Timestamp};

use super::event::Batch;

use self::answer::{AHEAD, Group};
use self::pulse::{Pulse, PulseWhy};

/// Rows with an impossible time from which an answer is doubted as a whole.
const MANY: f64 = 0.1;
/// Tellings in a row in which a clock must be off.
const TELLINGS: usize = 3;
/// Windows of its past that are remembered, and how many of its last day make it one that tells
/// something all the time.
const PAST: usize = 1000;
const SELDOM: usize = 6;
/// What was silent so long, while the rest goes on, is not asked for any more.
const FORGOTTEN: Span = Span::from_hours(24);

/// What is remembered of one source.
#[derive(Clone, Debug)]
pub struct Freshness {
    every: Span,
    /// It is asked for numbers or checks, so that it has something to say at any time.
    measures: bool,
    groups: BTreeMap<Group, Pulse>,
    /// Data came while it was watched.
    told: bool,
    /// Ends of the windows of its past.
    past: BTreeSet<Timestamp>,
    /// What is implausible about the newest answer, and about which metrics.
    odd: Option<(String, BTreeSet<Metric>)>,
    clocks: VecDeque<Span>,
    /// The newest answer is empty where there was something.
    emptied: Option<String>,
}

impl Freshness {
    pub fn new(every: Span, measures: bool) -> Self {
        Self {
            every,
            measures,
            groups: BTreeMap::new(),
            told: false,
            past: BTreeSet::new(),
            odd: None,
            clocks: VecDeque::new(),
            emptied: None,
        }
    }

    /// A piece of its past: how often it told anything.
    pub fn past(&mut self, batch: &Batch) {
        self.past.extend(batch.observations.iter().map(|o| o.window.end));
        while self.past.len() > PAST {
            self.past.pop_first();
        }
    }

    /// Its past says that hours without anything are usual, so that an empty start is no fault.
    fn seldom(&self, at: Timestamp) -> bool {
        let day = self.past.range(at.minus(Span::from_hours(24))..).count();
        !self.past.is_empty() && day < SELDOM
    }

    /// Takes one answer, got at `at`; rows of the future are taken out of it.
    pub fn take(&mut self, batch: &mut Batch, at: Timestamp) {
        let future = answer::hold_future(batch, at);
        self.odd = None;
        self.emptied = None;
        self.flaws(&batch.flaws);
        if many(future.0, future.1) {
            self.doubt_times(format!("{} of {} rows from the future", future.0, future.1), &[]);
        }
        let said = answer::groups(batch, at);
        self.told |= !said.is_empty() || batch.waiting || self.seldom(at);
        for (group, data) in &said {
            let run = matches!(group, Group::Runs(_) | Group::RunsFrom(..));
            let new = || Pulse::new(run, at);
            self.groups.entry(group.clone()).or_insert_with(new).take(data, at, self.every);
        }
        let none = pulse::PulseData::new();
        for (_, pulse) in self.groups.iter_mut().filter(|(group, _)| !said.contains_key(group)) {
            pulse.take(&none, at, self.every);
        }
        if !self.mute() {
            let gone = |p: &Pulse| p.silent.is_some() && at.since(p.news_at) > FORGOTTEN;
            self.groups.retain(|_, pulse| !gone(pulse));
        }
    }

    fn flaws(&mut self, flaws: &[Flaw]) {
        for flaw in flaws {
            match flaw {
                Flaw::Times { what, metrics, rows, timeless, ahead, stale } => {
                    if many(timeless + ahead + stale, *rows) {
                        let text = odd_times(*rows, [*timeless, *ahead, *stale]);
                        self.doubt_times(format!("{what}: {text}"), metrics);
                    }
                }
                Flaw::Clock(off) => {
                    self.clocks.push_front(*off);
                    self.clocks.truncate(TELLINGS);
                }
                Flaw::Emptied { what } => self.emptied = Some(what.clone()),
                Flaw::Personal { .. } => {}
            }
        }
        let off = |span: &Span| span.millis().saturating_abs() > AHEAD.millis();
        if self.clocks.len() >= TELLINGS && self.clocks.iter().all(off) {
            let secs = self.clocks.front().map_or(0, |span| span.secs());
            let side = if secs < 0 { "behind" } else { "ahead of" };
            self.doubt_times(format!("its clock is {} s {side} ours", secs.abs()), &[]);
        }
    }

    /// No metrics named: all of them.
    fn doubt_times(&mut self, text: String, metrics: &[Metric]) {
        let (_, doubted) = self.odd.get_or_insert_with(|| (text, BTreeSet::new()));
        doubted.extend(metrics);
    }

    /// Its newest answer tells of now, as far as it can be expected to.
    pub fn good(&self) -> bool {
        !self.mute() && (self.told || !self.measures) && (self.measures || self.emptied.is_none())
    }

    /// Something is silent and nothing else speaks.
    pub fn mute(&self) -> bool {
        self.any_silent() && !self.groups.values().any(Pulse::speaks)
    }

    fn silent(&self) -> impl Iterator<Item = (&Group, &Pulse, PulseWhy)> {
        // a journey that is silent as a whole is said once
        let told = |journey: &JourneyId| {
            let whole = self.groups.get(&Group::Runs(journey.clone()));
            whole.is_some_and(|pulse| pulse.silent.is_some())
        };
        let all = self.groups.iter().filter(move |(group, _)| match group {
            Group::RunsFrom(journey, _) => !told(journey),
            Group::Runs(_) | Group::Cut(..) => true,
        });
        all.filter_map(|(group, pulse)| Some((group, pulse, pulse.silent?)))
    }

    pub fn any_silent(&self) -> bool {
        self.silent().next().is_some()
    }

    pub fn is_odd(&self) -> bool {
        self.odd.is_some() || self.emptied.is_some()
    }

    /// The newest good datum of all, or of one metric.
    pub fn newest(&self, metric: Option<Metric>) -> Option<Timestamp> {
        let mine = self.groups.iter().filter(|(g, _)| metric.is_none_or(|m| g.metric() == m));
        mine.filter_map(|(_, pulse)| pulse.newest()).max()
    }

    /// Whether there is something that its data could be the newest of.
    pub fn measures(&self) -> bool {
        self.measures
    }

    /// What is wrong, in words; nothing when all is as usual.
    pub fn words(&self) -> Option<String> {
        let odd = self.odd.as_ref().map(|(text, _)| text.clone());
        let empty = || self.emptied.as_ref().map(|what| format!("{what}: empty, and was not"));
        odd.or_else(empty).or_else(|| self.silence(None)).or_else(|| {
            let never = self.measures && !self.told;
            never.then(|| "it answers, but has told nothing yet".to_owned())
        })
    }

    /// Why a metric cannot be believed to be of now.
    pub fn doubt_of(&self, metric: Metric) -> Option<String> {
        let odd = self.odd.as_ref();
        let odd = odd.filter(|(_, metrics)| metrics.is_empty() || metrics.contains(&metric));
        odd.map(|(text, _)| text.clone()).or_else(|| self.silence(Some(metric)))
    }

    fn silence(&self, metric: Option<Metric>) -> Option<String> {
        let mine = |group: &Group| metric.is_none_or(|m| group.metric() == m);
        let all: Vec<_> = self.silent().filter(|(group, ..)| mine(group)).collect();
        let (group, pulse, why) = all.first()?;
        let since = pulse.newest().map_or_else(String::new, |t| format!(" since {}", hour(t)));
        let what = group.words();
        let text = match why {
            PulseWhy::Gone | PulseWhy::Quiet => format!("no new {what}{since}"),
            PulseWhy::Old => format!("newest {what} is old: none{since}"),
            PulseWhy::Same => format!("the same {what} again and again"),
            PulseWhy::Half => format!("half of {what} is missing"),
        };
        let more = all.len() - 1;
        Some(if more == 0 { text } else { format!("{text}; {more} more") })
    }

    /// What follows for judging while the source as a whole still speaks.
    pub fn doubt(&self) -> Option<Doubt> {
        let why = self.words()?;
        let mut doubt = Doubt::of(why);
        if let Some((_, metrics)) = &self.odd {
            doubt.whole = metrics.is_empty();
            doubt.metrics.clone_from(metrics);
        }
        for (group, _, why) in self.silent() {
            match group.clone() {
                Group::Cut(metric, dims) => doubt.cuts.insert((metric, dims)),
                Group::Runs(journey) => doubt.journeys.insert(journey),
                // the others go on telling of the journey
                Group::RunsFrom(..) => continue,
            };
            doubt.blind |= why != PulseWhy::Half;
        }
        Some(doubt)
    }
}

/// So many of so many rows are no accident.
fn many(bad: usize, all: usize) -> bool {
    bad > 0 && bad as f64 >= all as f64 * MANY
}

fn odd_times(rows: usize, [timeless, ahead, stale]: [usize; 3]) -> String {
    let kinds = [
        (timeless, "without a usable time"),
        (ahead, "from the future"),
        (stale, "with an old time"),
    ];
    let told = kinds.into_iter().filter(|(n, _)| *n > 0);
    let told: Vec<String> = told.map(|(n, what)| format!("{n} of {rows} rows {what}")).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests;
