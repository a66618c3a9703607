//! One answer of a source taken apart: which groups of data it holds, by the end of their windows,
//! and which rows claim to be of the future. Keeps nothing; what is usual is known by `pulse`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::id::JourneyId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::Dim;
use crate::domain::time::{Span, Timestamp};
use crate::watch::event::Batch;

use super::pulse::PulseData;

/// What a clock may be ahead before its rows are called future ones.
pub const AHEAD: Span = Span::from_secs(60);

/// Data that come together and should go on coming together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Group {
    /// The numbers of one metric, cut one way.
    Cut(Metric, Vec<Dim>),
    /// The runs of one journey's checks.
    Runs(JourneyId),
    /// Those of them from one location.
    RunsFrom(JourneyId, String),
}

impl Group {
    pub fn metric(&self) -> Metric {
        match self {
            Self::Cut(metric, _) => *metric,
            Self::Runs(_) | Self::RunsFrom(..) => Metric::CheckSuccess,
        }
    }

    /// `page views by template and device`, `runs of checkout`.
    pub fn words(&self) -> String {
        match self {
            Self::Runs(journey) => format!("runs of {journey}"),
            Self::RunsFrom(journey, location) => format!("runs of {journey} from {location}"),
            Self::Cut(metric, dims) if dims.is_empty() => metric.row().label.to_owned(),
            Self::Cut(metric, dims) => {
                let dims: Vec<&str> = dims.iter().map(|d| d.name()).collect();
                format!("{} by {}", metric.row().label, dims.join(", "))
            }
        }
    }
}

/// The groups of an answer. Rows without a number are no data; what is still going on is none yet.
pub fn groups(batch: &Batch, at: Timestamp) -> BTreeMap<Group, PulseData> {
    let mut out: BTreeMap<Group, PulseData> = BTreeMap::new();
    for o in batch.observations.iter().filter(|o| o.window.end <= at.plus(AHEAD)) {
        let volume = match volume(o) {
            Volume::None => continue,
            Volume::Steady => None,
            Volume::Events(number) => Some(number),
        };
        let dims = o.segment.dims().map(|(dim, _)| dim).collect();
        let data = out.entry(Group::Cut(o.metric, dims)).or_default();
        let datum = data.entry(o.window.end.min(at)).or_default();
        datum.rows += 1;
        datum.print = datum.print.wrapping_add(print(o));
        if let Some(volume) = volume {
            datum.volume = Some(datum.volume.unwrap_or(0.0) + volume);
        }
    }
    for c in batch.checks.iter().filter(|c| c.at <= at.plus(AHEAD)) {
        let from = Group::RunsFrom(c.journey.clone(), c.location.clone());
        for group in [Group::Runs(c.journey.clone()), from] {
            out.entry(group).or_default().entry(c.at.min(at)).or_default().rows += 1;
        }
    }
    out
}

/// Takes out the rows that claim to be of the future and says how many of how many they were.
pub fn hold_future(batch: &mut Batch, at: Timestamp) -> (usize, usize) {
    let all = batch.observations.len() + batch.checks.len();
    batch.observations.retain(|o| o.window.start <= at.plus(AHEAD));
    batch.checks.retain(|c| c.at <= at.plus(AHEAD));
    (all - batch.observations.len() - batch.checks.len(), all)
}

/// What a number rests on.
enum Volume {
    /// It says nothing.
    None,
    /// It does not depend on events.
    Steady,
    Events(f64),
}

fn volume(o: &Observation) -> Volume {
    match &o.value {
        Value::Gauge(x) if x.is_finite() => Volume::Steady,
        Value::Missing(_) | Value::Gauge(_) => Volume::None,
        // Money is no number of events: a row stands for one at least.
        Value::Count(x) if o.metric == Metric::Revenue => Volume::Events(x.min(1.0)),
        // nobody can have come less often than never
        Value::Count(x) if *x < 0.0 => Volume::None,
        Value::Count(x) => Volume::Events(*x),
        Value::Ratio { trials, .. } => Volume::Events(*trials),
        Value::Dist(h) => Volume::Events(h.total()),
    }
}

/// A hash of place and value; rows of a window are added up, so their order does not matter.
fn print(o: &Observation) -> u64 {
    let mut hash = DefaultHasher::new();
    o.segment.hash(&mut hash);
    let mut number = |x: f64| x.to_bits().hash(&mut hash);
    match &o.value {
        Value::Missing(_) => {}
        Value::Gauge(x) | Value::Count(x) => number(*x),
        Value::Ratio { hits, trials } => {
            number(*hits);
            number(*trials);
        }
        Value::Dist(h) => h.counts.iter().for_each(|n| number(*n)),
    }
    hash.finish()
}
