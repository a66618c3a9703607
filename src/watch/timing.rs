//! What the watcher knows about its own time: steps of the machine's clock, pauses of its own
//! process, and the sentences of the board about them. Facts are handed in; no clock is asked.

use std::collections::BTreeSet;

use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};

/// A step or a pause that is over is told for so long.
const TOLD: Span = Span::from_mins(10);
/// The machine's clock is off when it is further from ours than this.
const OFF: Span = Span::from_secs(2);
/// Shorter pauses are nothing to tell anybody.
const WORTH_TELLING: Span = Span::from_secs(10);

#[derive(Clone, Debug, Default)]
pub struct WatchTiming {
    step: Option<ClockStep>,
    pause: Option<Pause>,
    /// Deadlines that run have to come earlier by this; not written down yet.
    pub owed: Span,
    /// Not heard of since the last pause; judging waits for them, but not for ever.
    awaited: BTreeSet<SourceId>,
    wait_until: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct ClockStep {
    by: Span,
    /// How far the machine's clock is ahead of ours since.
    off: Span,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    /// On the wall.
    by: Span,
    until: Timestamp,
}

impl WatchTiming {
    /// The machine's clock was set; deadlines that run come `earlier` by so much.
    pub fn stepped(&mut self, by: Span, off: Span, earlier: Span, at: Timestamp) {
        self.step = Some(ClockStep { by, off, at });
        let earlier = earlier.max(Span::ZERO).millis();
        self.owed = Span::from_millis(self.owed.millis().saturating_add(earlier));
    }

    /// This process did not run; `sources` are waited for until `until`.
    pub fn paused(
        &mut self,
        by: Span,
        at: Timestamp,
        sources: BTreeSet<SourceId>,
        until: Timestamp,
    ) {
        let before = self.pause.filter(|p| at.since(p.until) < TOLD).map_or(Span::ZERO, |p| p.by);
        self.pause = Some(Pause { by: by.max(before), until: at });
        self.awaited = sources;
        self.wait_until = until;
    }

    /// A source told something, or why it cannot.
    pub fn heard(&mut self, source: &SourceId) {
        self.awaited.remove(source);
    }

    /// After a pause nothing new is known yet: old figures say nothing about now.
    pub fn knows_nothing_yet(&self, now: Timestamp) -> bool {
        !self.awaited.is_empty() && now < self.wait_until
    }

    /// When the wait after a pause ends at the latest.
    pub fn boundary(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.wait_until).filter(|t| *t > now && !self.awaited.is_empty())
    }

    /// For the board.
    pub fn notices(&self, now: Timestamp) -> Vec<String> {
        let distance = |span: Span| Span::from_millis(span.millis().abs());
        let fresh = |at: Timestamp| now.since(at) < TOLD;
        let step = self.step.filter(|s| distance(s.off) > OFF || fresh(s.at)).map(|s| {
            let way = if s.by < Span::ZERO { "back" } else { "forward" };
            let (by, at) = (length(distance(s.by)), s.at.utc().format("%H:%M:%SZ"));
            format!("clock stepped {way} {by} at {at}; earlier deadlines kept")
        });
        let pause = self.pause.filter(|p| p.by >= WORTH_TELLING && fresh(p.until)).map(|p| {
            let (by, until) = (length(p.by), p.until.utc().format("%H:%M:%SZ"));
            format!("this watcher was paused {by} until {until}")
        });
        step.into_iter().chain(pause).collect()
    }
}

/// `40 s`, `3 min`, `1h`, `1h30m`, `20786d`.
fn length(span: Span) -> String {
    let secs = (span.millis() + 500) / 1000;
    let mins = (secs + 30) / 60;
    match secs {
        ..100 => format!("{secs} s"),
        100..3570 => format!("{mins} min"),
        3570..172_800 if mins % 60 == 0 => format!("{}h", mins / 60),
        3570..172_800 => format!("{}h{:02}m", mins / 60, mins % 60),
        _ => format!("{}d", (secs + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    #[test]
    fn lengths_read_like_speech() {
        for (secs, said) in [
            (3, "3 s"),
            (90, "90 s"),
            (180, "3 min"),
            (3600, "1h"),
            (5400, "1h30m"),
            (86_400, "24h"),
            (20_786 * 86_400, "20786d"),
        ] {
            assert_eq!(length(Span::from_secs(secs)), said);
        }
        assert_eq!(length(Span::from_millis(3_600_020)), "1h");
    }

    #[test]
    fn a_step_is_told_while_the_clock_is_off_and_a_while_after() {
        let mut timing = WatchTiming::default();
        timing.stepped(Span::from_hours(-1), Span::from_hours(-1), Span::ZERO, at(0));
        let told = timing.notices(at(7 * 86_400));
        assert_eq!(told, ["clock stepped back 1h at 13:46:40Z; earlier deadlines kept"]);
        timing.stepped(Span::from_hours(1), Span::ZERO, Span::ZERO, at(60));
        assert!(timing.notices(at(61))[0].starts_with("clock stepped forward 1h at 13:47:40Z"));
        assert!(timing.notices(at(60 + 600)).is_empty());
    }

    #[test]
    fn a_pause_is_told_and_ends_with_news_of_every_source_or_in_time() {
        let mut timing = WatchTiming::default();
        let sources: BTreeSet<SourceId> = ["a".into(), "b".into()].into();
        timing.paused(Span::from_mins(3), at(0), sources.clone(), at(30));
        assert_eq!(timing.notices(at(1)), ["this watcher was paused 3 min until 13:46:40Z"]);
        assert!(timing.knows_nothing_yet(at(1)) && timing.boundary(at(1)) == Some(at(30)));
        timing.heard(&"a".into());
        assert!(timing.knows_nothing_yet(at(2)));
        timing.heard(&"b".into());
        assert!(!timing.knows_nothing_yet(at(2)) && timing.boundary(at(2)).is_none());
        timing.paused(Span::from_secs(3), at(100), sources, at(130));
        assert!(timing.notices(at(101))[0].contains("paused 3 min"), "the longer one is told");
        assert!(!timing.knows_nothing_yet(at(130)));
        assert!(timing.notices(at(800)).is_empty());
    }
}
