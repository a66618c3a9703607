//! What a case holds beside shifts: failing checks of a journey, silent sources, a flaw of the
//! telling. Data with the few questions that are asked of it.

use std::collections::BTreeMap;

use crate::domain::id::{JourneyId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};

/// A flaw as a case holds it.
#[derive(Clone, PartialEq, Debug)]
pub struct QualityFlaw {
    pub source: SourceId,
    pub metric: Metric,
    pub since: Timestamp,
    pub last: Timestamp,
    pub over: bool,
    pub text: String,
}

/// What came later, as it is called (`None`: a whole case), and why it belongs to a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Join {
    pub what: Option<String>,
    pub why: String,
}

impl Join {
    /// `checks of checkout: the same minute`
    pub fn words(&self) -> String {
        match &self.what {
            Some(what) => format!("{what}: {}", self.why),
            None => self.why.clone(),
        }
    }
}

/// The suspect was taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TakenBack {
    pub at: Timestamp,
    /// How long afterwards it was well again; `None` while it is not.
    pub healed: Option<Span>,
}

/// How checks of one journey fail.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Failing {
    /// Not looked at yet.
    #[default]
    Somehow,
    /// Single runs, at none of so many locations two in a row.
    NowAndThen { locations: usize },
    /// At so many of all locations, with the kinds of failure.
    At { failing: usize, all: usize, kinds: String },
}

impl Failing {
    /// `3 of 3 locations fail (status)`.
    pub fn words(&self) -> String {
        self.told("fail")
    }

    /// `3 of 3 locations failed (status)`.
    fn past(&self) -> String {
        self.told("failed")
    }

    fn told(&self, verb: &str) -> String {
        match self {
            Self::Somehow => "checks fail".to_owned(),
            Self::NowAndThen { locations } => {
                format!("runs fail now and then at {locations} locations")
            }
            Self::At { failing, all, kinds } => {
                format!("{failing} of {all} locations {verb} ({kinds})")
            }
        }
    }
}

/// Failing checks of one journey inside a case.
#[derive(Clone, PartialEq, Debug)]
pub struct FailingChecks {
    pub journey: JourneyId,
    pub place: Option<Scope>,
    pub since: Timestamp,
    pub over: bool,
    /// As it was when most failed.
    pub how: Failing,
    /// Locations failing when most failed; failing and all of the last vote.
    pub worst: usize,
    pub now: (usize, usize),
}

impl FailingChecks {
    pub fn new(journey: JourneyId, place: Option<Scope>, since: Timestamp) -> Self {
        Self { journey, place, since, over: false, how: Failing::default(), worst: 0, now: (0, 0) }
    }

    /// Nothing fails any more, long enough or not.
    pub fn is_well(&self) -> bool {
        self.over || self.now.0 == 0
    }

    /// `3 of 3 locations fail (status)`, in the past tense once they pass.
    pub fn words(&self) -> String {
        let Self { how, now: (failing, all), .. } = self;
        let was = || how.past();
        match failing {
            0 if self.worst == 0 && !self.over => how.words(),
            _ if self.over && self.worst == 0 => {
                "runs failed now and then; they pass again".to_owned()
            }
            _ if self.over => format!("were down: {}; they pass again", was()),
            0 => format!("were down: {}; all pass now, not yet for long enough", was()),
            _ if *failing < self.worst => format!("{}, {failing} of {all} now", was()),
            _ => how.words(),
        }
    }
}

/// A source that tells nothing any more.
#[derive(Clone, PartialEq, Debug)]
pub struct SilentSources {
    /// Sources that fell silent together, and since when each.
    pub sources: BTreeMap<SourceId, Timestamp>,
    pub since: Timestamp,
    pub over: bool,
    pub checkout: bool,
}

impl SilentSources {
    /// `rum`, `orders and rum`, `orders, probes and 3 more`.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.sources.keys().map(SourceId::as_str).collect();
        match names.as_slice() {
            [] => "a source".to_owned(),
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} and {two}"),
            [one, two, three] => format!("{one}, {two} and {three}"),
            [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        }
    }
}
