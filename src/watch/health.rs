//! Is a source telling the truth now: live, partial, suspect, stale or blind, judged by its own
//! interval. Stale after 2 intervals without a good answer, or at once when it tells nothing new
//! any more; blind after 4 and >= 90 s. What is new and usual in an answer is `freshness`.

use crate::board::{MetricTold, SourceState, SourceView};
use crate::detect::cube::doubt::Doubt;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::time::{Span, Timestamp};

use super::event::Batch;
use super::freshness::Freshness;

/// Intervals without good data until stale, and until blind.
const STALE_AFTER: i64 = 2;
const BLIND_AFTER: i64 = 4;
/// A source is never called blind sooner than this.
const BLIND_AT_LEAST: Span = Span::from_secs(90);

/// What is known about one source.
#[derive(Clone, Debug)]
pub struct Health {
    pub name: SourceId,
    pub kind: String,
    pub every: Span,
    /// Stale and blind no sooner than this, for the wall's sake.
    haste: Span,
    patience: Span,
    /// When watching began; a source that never answered counts from here.
    pub started_at: Timestamp,
    good_at: Option<Timestamp>,
    /// Nobody asked it before: this process was paused until then.
    resumed_at: Option<Timestamp>,
    pub next_at: Option<Timestamp>,
    pub error: Option<String>,
    pub notes: Vec<String>,
    /// The last answer lacked something that was asked for.
    pub partial: bool,
    pub fresh: Freshness,
    state: SourceState,
    since: Timestamp,
}

impl Health {
    /// `speed` is shop seconds per wall second: where the shop runs fast, a poll is never due more
    /// often than each quarter of a wall second, and an answer may take some wall seconds.
    /// `measures`: it is asked for numbers or checks, not for changes alone.
    pub fn new(
        (name, kind): (SourceId, &str),
        (every, measures): (Span, bool),
        now: Timestamp,
        speed: f64,
    ) -> Self {
        let wall = |ms: f64| Span::from_millis((ms * speed.max(1.0)) as i64);
        let floor = if speed > 1.0 { wall(250.0) } else { Span::ZERO };
        let haste = if speed > 1.0 { wall(2000.0) } else { Span::ZERO };
        let patience = if speed > 1.0 { wall(5000.0) } else { Span::ZERO };
        let every = every.max(floor);
        Self {
            name,
            kind: kind.to_owned(),
            every,
            haste,
            patience,
            started_at: now,
            good_at: None,
            resumed_at: None,
            next_at: Some(now),
            error: None,
            notes: Vec::new(),
            partial: false,
            fresh: Freshness::new(every, measures),
            state: SourceState::Stale,
            since: now,
        }
    }

    /// It answered. Whether the answer was a good one is told by what is in it, not by the 200.
    pub fn answered(&mut self, at: Timestamp, next_at: Timestamp, batch: &mut Batch) {
        self.fresh.take(batch, at);
        if self.fresh.good() {
            self.good_at = Some(self.good_at.map_or(at, |t| t.max(at)));
        }
        self.next_at = Some(next_at);
        self.error = None;
        self.notes.clone_from(&batch.notes);
        self.partial = batch.partial;
        self.refresh(at);
    }

    /// The newest good datum. A list of changes is a datum of the instant it was told.
    pub fn last_ok_at(&self) -> Option<Timestamp> {
        if self.fresh.measures() { self.fresh.newest(None).or(self.good_at) } else { self.good_at }
    }

    /// This process was paused until `at` and asked nobody meanwhile: what was live has its
    /// interval anew, once until it is heard of again.
    pub fn resumed(&mut self, at: Timestamp) {
        let heard = self.good_at.is_some_and(|ok| self.resumed_at.is_none_or(|r| ok > r));
        if heard && self.answers() {
            self.resumed_at = Some(at);
        }
    }

    /// It was neither stale nor blind when it was last looked at.
    pub fn answers(&self) -> bool {
        !matches!(self.state, SourceState::Stale | SourceState::Blind)
    }

    /// From when its silence counts.
    fn silent_since(&self) -> Timestamp {
        let told = self.good_at.unwrap_or(self.started_at);
        self.resumed_at.map_or(told, |resumed| told.max(resumed))
    }

    /// It spoke, though not about now: the age of its last good answer starts anew, if it had one.
    pub fn alive(&mut self, at: Timestamp) {
        self.good_at = self.good_at.map(|t| t.max(at));
        self.refresh(at);
    }

    pub fn failed(&mut self, at: Timestamp, next_at: Timestamp, why: String) {
        self.next_at = Some(next_at);
        self.error = Some(why);
        self.refresh(at);
    }

    pub fn state(&self) -> SourceState {
        self.state
    }

    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Re-derives the state at `now`; true when it changed.
    pub fn refresh(&mut self, now: Timestamp) -> bool {
        let next = self.judge(now);
        if next == self.state {
            return false;
        }
        self.since = now;
        self.state = next;
        true
    }

    fn judge(&self, now: Timestamp) -> SourceState {
        let age = now.since(self.silent_since());
        if age > self.blind_after() {
            SourceState::Blind
        } else if self.good_at.is_none() || age > self.stale_after() || self.fresh.mute() {
            SourceState::Stale
        } else if self.fresh.is_odd() {
            SourceState::Suspect
        } else if self.partial || self.fresh.any_silent() {
            SourceState::Partial
        } else {
            SourceState::Live
        }
    }

    fn stale_after(&self) -> Span {
        self.every.times(STALE_AFTER).max(self.haste)
    }

    fn blind_after(&self) -> Span {
        self.every.times(BLIND_AFTER).max(BLIND_AT_LEAST).max(self.patience)
    }

    /// The next instant at which the state may change by itself.
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let from = self.silent_since();
        [self.stale_after(), self.blind_after()]
            .into_iter()
            .map(|span| from.plus(span).plus(Span::from_millis(1)))
            .find(|t| *t > now)
    }

    /// What judging may not build an `Ok` on.
    pub fn doubt(&self) -> Option<Doubt> {
        match self.state {
            SourceState::Live => None,
            SourceState::Partial | SourceState::Suspect => self.fresh.doubt(),
            SourceState::Stale | SourceState::Blind => {
                Some(Doubt { whole: true, blind: true, ..Doubt::of(self.words()) })
            }
        }
    }

    fn words(&self) -> String {
        let told = self.error.clone().or_else(|| self.fresh.words());
        told.unwrap_or_else(|| "it does not answer".to_owned())
    }

    /// How fresh `metric` is. `None` is said of a metric that this source never told.
    pub fn told(&self, metric: Metric) -> MetricTold {
        let doubt = match self.state {
            SourceState::Live | SourceState::Partial | SourceState::Suspect => {
                self.fresh.doubt_of(metric)
            }
            SourceState::Stale | SourceState::Blind => Some(self.words()),
        };
        MetricTold { metric, newest_at: self.fresh.newest(Some(metric)), doubt }
    }

    pub fn view(&self) -> SourceView {
        let note = || self.notes.first().cloned();
        SourceView {
            name: self.name.clone(),
            kind: self.kind.clone(),
            state: self.state,
            since: self.since,
            last_ok_at: self.last_ok_at(),
            next_at: self.next_at,
            error: self.error.clone().or_else(|| self.fresh.words()).or_else(note),
            url: String::new(),
            metrics: Vec::new(),
            told: Vec::new(),
            past: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::{Check, CheckOutcome};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    fn health(every: i64) -> Health {
        Health::new(("rum".into(), "prometheus"), (Span::from_secs(every), true), at(0), 1.0)
    }

    fn run_at(secs: i64) -> Batch {
        let run = Check {
            source: "rum".into(),
            journey: "checkout".into(),
            location: String::new(),
            at: at(secs),
            outcome: CheckOutcome::Pass,
            duration_ms: None,
            message: String::new(),
        };
        Batch { checks: vec![run], ..Batch::default() }
    }

    #[test]
    fn goes_stale_after_two_intervals_and_blind_after_ninety_seconds() {
        let mut health = health(15);
        assert_eq!(health.state(), SourceState::Stale, "never green before the first answer");
        health.answered(at(0), at(15), &mut run_at(0));
        for (secs, want) in [
            (30, SourceState::Live),
            (31, SourceState::Stale),
            (90, SourceState::Stale),
            (91, SourceState::Blind),
        ] {
            health.refresh(at(secs));
            assert_eq!(health.state(), want, "after {secs} s");
        }
        assert_eq!(health.since(), at(91));
        let truncated = Batch { partial: true, ..run_at(99) };
        health.answered(at(100), at(115), &mut truncated.clone());
        assert_eq!(health.state(), SourceState::Partial);
    }

    #[test]
    fn a_pause_of_our_own_is_nobodys_silence_and_gives_a_dead_source_one_interval_more() {
        let source = || health(15);
        let mut health = source();
        health.answered(at(0), at(15), &mut run_at(0));
        health.resumed(at(600));
        for (secs, want) in
            [(601, SourceState::Live), (631, SourceState::Stale), (691, SourceState::Blind)]
        {
            health.refresh(at(secs));
            assert_eq!(health.state(), want, "after {secs} s");
        }
        health.resumed(at(700));
        health.refresh(at(700));
        assert_eq!(health.state(), SourceState::Blind, "a pause makes nobody live");
        let mut dead = source();
        dead.answered(at(0), at(15), &mut run_at(0));
        for second in (3..60).step_by(3) {
            dead.resumed(at(second));
            dead.refresh(at(second));
        }
        assert_eq!(dead.state(), SourceState::Stale, "many short pauses hide nothing");
    }

    #[test]
    fn a_source_that_never_answers_becomes_blind() {
        let mut health = health(60);
        health.failed(at(5), at(6), "refused".into());
        assert_eq!(health.next_boundary(at(5)), Some(at(120).plus(Span::from_millis(1))));
        health.refresh(at(241));
        assert_eq!(health.state(), SourceState::Blind);
        assert_eq!(health.view().error.as_deref(), Some("refused"));
    }
}
