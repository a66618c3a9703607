//! What bends with a case, told: of the services that are hurt, of what they and the hurt pages
//! call, and of the suspect's. It never opens a case.

use std::collections::BTreeSet;

use crate::detect::attribution::resource_bends::{Bend, bends};
use crate::detect::cases::open_case::OpenCase;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::units;
use crate::domain::metric::Metric;
use crate::domain::segment::Dim;
use crate::policy::judging::Policy;

/// What bends with a case, in words: of the services that are hurt, of what they and the hurt pages
/// call, and of the suspect's.
pub fn words(policy: &Policy, cube: &Cube, live: &OpenCase, bucket: i64) -> Vec<String> {
    if live.is_telemetry() || live.shifts.is_empty() {
        return Vec::new();
    }
    let onset =
        |e: &crate::detect::scan::shift::Shift| (e.onset.low, e.onset.high.max(e.onset.bucket));
    let spans = || live.shifts.iter().map(onset);
    let low = spans().map(|s| s.0).min().unwrap_or(bucket);
    let high = spans().map(|s| s.1).min().unwrap_or(bucket);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for e in &live.shifts {
        names.extend(e.place.dims.get(&Dim::Service).into_iter().flatten().map(String::as_str));
        for page in e.place.dims.get(&Dim::Template).into_iter().flatten() {
            names.insert(page);
            names.extend(policy.journey_of(page).map(|j| j.name.as_str()));
        }
    }
    let below: Vec<&str> = names.iter().flat_map(|n| policy.services.called_by(n)).collect();
    names.extend(below);
    let all: Vec<&str> = names.into_iter().collect();
    let found = bends(cube, &all, (low, high), bucket);
    found.into_iter().take(LINES).map(|b| line(cube, &b)).collect()
}

pub fn line(cube: &Cube, bend: &Bend) -> String {
    let since = units::hour(cube.start_of(bend.from));
    let amount = |x: f64| units::amount(bend.metric, x);
    let (label, service) = (bend.metric.row().label, &bend.service);
    if bend.metric == Metric::ServiceRestarts {
        return format!("{service}: {} restarts since {since}", amount(bend.now));
    }
    format!("{service}: {label} {} -> {} since {since}", amount(bend.usual), amount(bend.now))
}

/// Lines that a case carries.
pub const LINES: usize = 4;
