//! What sources told of late about their own telling: clocks that are off, personal data in a
//! field. Names fields, never values; opens no case.

use std::collections::BTreeMap;

use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value};
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::Condition;
use crate::verdict::Verdict;

/// What sources told of late.
#[derive(Clone, Debug, Default)]
pub struct QualityLog {
    pub clocks: BTreeMap<SourceId, ToldClock>,
    pub personal: BTreeMap<SourceId, BTreeMap<(&'static str, &'static str), Timestamp>>,
}

impl QualityLog {
    pub fn take(&mut self, source: &SourceId, quality: &[Flaw], at: Timestamp) {
        for flaw in quality {
            match flaw {
                Flaw::Clock(off) => {
                    let new = || ToldClock { offs: Vec::new(), told: at };
                    let clock = self.clocks.entry(source.clone()).or_insert_with(new);
                    clock.told = at;
                    clock.offs.insert(0, *off);
                    clock.offs.truncate(TELLINGS);
                }
                Flaw::Personal { field, what } => {
                    let fields = self.personal.entry(source.clone()).or_default();
                    fields.insert((*field, *what), at);
                }
                // Whether a source can be believed at all is said by its health.
                Flaw::Times { .. } | Flaw::Emptied { .. } => {}
            }
        }
    }

    /// Somebody else's scan found personal data: a count of `personal_data` above zero.
    pub fn reported(&mut self, o: &Observation) {
        let some = matches!(o.value, Value::Count(n) if n > 0.0);
        if o.metric == Metric::PersonalData && some && !o.quality.incomplete {
            let flaw = Flaw::Personal { field: REPORT, what: "a finding" };
            self.take(&o.source, &[flaw], o.window.end);
        }
    }

    /// What there is to say while nothing is wrong, for a row that judges flaws.
    pub fn calm(&self, condition: &Condition) -> Option<(Verdict, String)> {
        match condition {
            Condition::Seen => {
                Some((Verdict::Ok, "no personal data in what sources tell".to_owned()))
            }
            Condition::Skew { .. } => {
                let worst = self.clocks.values().filter_map(ToldClock::off).map(distance).max();
                let none = || (Verdict::Unsure, "no source tells its clock".to_owned());
                Some(worst.map_or_else(none, |off| {
                    (Verdict::Ok, format!("clocks within {} of ours", length(off)))
                }))
            }
            _ => None,
        }
    }
}

/// The newest tellings: one alone may be a slow answer or a stale cache.
#[derive(Clone, Debug)]
pub struct ToldClock {
    pub offs: Vec<Span>,
    pub told: Timestamp,
}

impl ToldClock {
    /// The least distance of the newest tellings; nothing before there are enough of them.
    pub fn off(&self) -> Option<Span> {
        let least = self.offs.iter().min_by_key(|off| distance(**off));
        least.copied().filter(|_| self.offs.len() >= TELLINGS)
    }
}

/// Tellings in a row in which a clock must be off.
pub const TELLINGS: usize = 3;

/// What a data loss prevention tool tells; nothing of it passed through here.
pub const REPORT: &str = "a DLP report";

pub fn distance(off: Span) -> Span {
    Span::from_millis(off.millis().saturating_abs())
}

/// `45 s`, `10 min`, `3 h`, `2 days`.
pub fn length(off: Span) -> String {
    let secs = distance(off).as_secs_f64();
    match secs {
        s if s < 180.0 => format!("{s:.0} s"),
        s if s < 10_800.0 => format!("{:.0} min", s / 60.0),
        s if s < 259_200.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}
