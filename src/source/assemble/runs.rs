//! Synthetic runs from series of passes, durations and statuses. Two series of one journey stay two
//! checks: by their location where the config names it, else by the labels they differ in.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::check::{Check, CheckOutcome};
use crate::domain::time::Timestamp;
use crate::source::error::{cut, words};
use crate::source::harvest::Harvest;
use crate::source::query::{LABEL, Labels};
use crate::source::units::scaled;

use super::{Answered, QueryFrame, SeriesLine};

/// Journey and location.
type CheckPlace = (String, String);
/// Journey to the labels that tell its series apart.
type Apart = BTreeMap<String, BTreeSet<String>>;
type RunSeries = BTreeMap<Timestamp, f64>;

impl QueryFrame<'_> {
    /// One check a series and instant. Durations of failed runs are dropped.
    pub fn checks(
        &self,
        (passed, duration, status): (&Answered, &Answered, &Answered),
        out: &mut Harvest,
    ) {
        let apart = self.told_apart(passed, out);
        let durations = self.by_place(duration, &apart);
        let statuses = self.by_place(status, &apart);
        let before = out.checks.len();
        for line in &passed.lines {
            let Some((journey, location)) = self.vantage(&line.labels, &apart) else { continue };
            let place = (journey.clone(), location.clone());
            for (at, number) in &line.points {
                let took = durations.get(&place).and_then(|p| p.get(at)).copied();
                let code = statuses.get(&place).and_then(|p| p.get(at)).copied();
                let (outcome, message) = judged(*number, took.map(|s| s * self.factor()), code);
                let good = outcome == CheckOutcome::Pass;
                out.checks.push(Check {
                    source: self.source.clone(),
                    journey: journey.as_str().into(),
                    location: location.clone(),
                    at: *at,
                    outcome,
                    duration_ms: took
                        .filter(|s| good && s.is_finite() && *s >= 0.0)
                        .map(|s| scaled(s, self.factor())),
                    message,
                });
            }
        }
        if out.checks.len() == before {
            out.note("check: no data".to_owned());
        }
        out.partial |= passed.partial || passed.truncated;
    }

    fn by_place(&self, answer: &Answered, apart: &Apart) -> BTreeMap<CheckPlace, RunSeries> {
        let places = answer.lines.iter().filter_map(|line| {
            let place = self.vantage(&line.labels, apart)?;
            Some((place, line.points.iter().copied().collect()))
        });
        places.collect()
    }

    /// Where several series would be one check at one instant: the labels they differ in. Each is
    /// a vantage point, or a page of the journey, of its own.
    fn told_apart(&self, passed: &Answered, out: &mut Harvest) -> Apart {
        let mut groups: BTreeMap<CheckPlace, Vec<&SeriesLine>> = BTreeMap::new();
        for line in &passed.lines {
            if let Some(place) = self.place(&line.labels) {
                groups.entry(place).or_default().push(line);
            }
        }
        let mut apart = Apart::new();
        for ((journey, _), lines) in groups {
            let mut seen = BTreeSet::new();
            let mut times = lines.iter().flat_map(|l| l.points.iter().map(|(at, _)| *at));
            if times.all(|at| seen.insert(at)) {
                continue;
            }
            let names: BTreeSet<&String> = lines.iter().flat_map(|l| l.labels.keys()).collect();
            let differs = |name: &&String| {
                let values: BTreeSet<Option<&String>> =
                    lines.iter().map(|l| l.labels.get(*name)).collect();
                values.len() > 1 && *name != "__name__"
            };
            let labels: Vec<String> = names.into_iter().filter(differs).cloned().collect();
            if !labels.is_empty() {
                let (n, by) = (lines.len(), words(&labels.join("`, `")));
                out.note(format!(
                    "check {}: {n} series are told apart by `{by}`: name the one that says from \
                     where as location_label",
                    words(&journey)
                ));
            }
            apart.entry(journey).or_default().extend(labels);
        }
        apart
    }

    /// The place of a series among those that are told apart.
    fn vantage(&self, labels: &Labels, apart: &Apart) -> Option<CheckPlace> {
        let (journey, location) = self.place(labels)?;
        let mut parts: Vec<&str> = Vec::from([location.as_str()]);
        for name in apart.get(&journey).into_iter().flatten() {
            parts.push(labels.get(name).map_or("", |v| cut(v, LABEL)));
        }
        parts.retain(|p| !p.is_empty());
        let location = parts.join(" ");
        Some((journey, location))
    }

    /// Journey and vantage point of a series; `None` for one that belongs to no journey.
    fn place(&self, labels: &Labels) -> Option<(String, String)> {
        let query = self.query;
        let theirs = query.journey_label.as_ref().and_then(|l| labels.get(l));
        let journey = match (&query.journey, theirs) {
            (Some(fixed), _) => fixed.clone(),
            (None, Some(name)) if query.journeys.is_empty() => cut(name, LABEL).to_owned(),
            (None, Some(name)) => query.journeys.get(name)?.clone(),
            (None, None) => return None,
        };
        let location = query.location_label.as_ref().and_then(|l| labels.get(l));
        Some((journey, location.map_or_else(String::new, |l| cut(l, LABEL).to_owned())))
    }
}

/// Reads 1 as passed, 0 as failed and the rest (pending, maintenance, NaN) as unknown. The kind of
/// a failure comes from the HTTP status: 0 means that no answer came (blackbox_exporter).
fn judged(number: f64, took_ms: Option<f64>, status: Option<f64>) -> (CheckOutcome, String) {
    if number == 1.0 {
        return (CheckOutcome::Pass, String::new());
    }
    if number != 0.0 {
        return (CheckOutcome::Unknown, String::new());
    }
    let slow = took_ms.is_some_and(|ms| ms >= 1000.0);
    let (kind, message) = match status {
        Some(0.0) if slow => ("timeout", "no answer in time".to_owned()),
        Some(0.0) => ("connect", "no answer".to_owned()),
        Some(code) if code >= 400.0 => ("status", format!("status {code:.0}")),
        Some(code) if code >= 200.0 => ("body", format!("status {code:.0}, wrong content")),
        _ => ("unknown", String::new()),
    };
    (CheckOutcome::Fail(kind.to_owned()), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;
    use crate::source::query::{Query, QueryKind};

    const AT: Timestamp = Timestamp::from_secs(1_795_207_920);

    fn runs(query: &Query, lines: &[(&[(&str, &str)], f64)]) -> Harvest {
        let line = |(labels, number): &(&[(&str, &str)], f64)| SeriesLine {
            labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            points: vec![(AT, *number)],
            natives: Vec::new(),
        };
        let answer = Answered { lines: lines.iter().map(line).collect(), ..Answered::default() };
        let took: Vec<SeriesLine> = answer
            .lines
            .iter()
            .map(|l| SeriesLine { points: vec![(AT, 0.25)], ..l.clone() })
            .collect();
        let took = Answered { lines: took, ..Answered::default() };
        let source = "s".into();
        let frame = QueryFrame { source: &source, query, window: Span::from_mins(1), now: AT };
        let mut out = Harvest::default();
        frame.checks((&answer, &took, &Answered::default()), &mut out);
        out
    }

    #[test]
    fn checks_15_a_second_place_of_one_journey_is_told_apart_with_its_duration() {
        let mut query = Query::bare(QueryKind::Check, None);
        query.journey = Some("checkout".to_owned());
        let job = ("job", "pages");
        let out = runs(&query, &[(&[job, ("probe", "fra")], 1.0), (&[job, ("probe", "nyc")], 0.0)]);
        let seen: Vec<_> =
            out.checks.iter().map(|c| (c.location.as_str(), c.duration_ms)).collect();
        assert_eq!(seen, [("fra", Some(250.0)), ("nyc", None)]);
        assert!(out.notes.iter().any(|n| n.contains("told apart by `probe`")), "{:?}", out.notes);
        query.location_label = Some("probe".to_owned());
        let out = runs(
            &query,
            &[
                (&[("instance", "/pay"), ("probe", "fra")], 1.0),
                (&[("instance", "/card"), ("probe", "fra")], 1.0),
                (&[("instance", "/pay"), ("probe", "nyc")], 1.0),
            ],
        );
        let seen: BTreeSet<_> = out.checks.iter().map(|c| c.location.as_str()).collect();
        assert_eq!(seen.len(), 3, "{seen:?}");
        let alone = runs(&query, &[(&[("instance", "/pay"), ("probe", "fra")], 1.0)]);
        assert_eq!((alone.checks[0].location.as_str(), alone.notes.len()), ("fra", 0));
    }
}
