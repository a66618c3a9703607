//! Series to records: what is summed, what is missing, how checks and builds are read.

use super::*;
use crate::domain::check::CheckOutcome;
use crate::domain::metric::Metric;
use crate::domain::segment::Dim;

const NOW: Timestamp = Timestamp::from_secs(1_795_207_980);

fn at(bucket: i64) -> Timestamp {
    NOW.minus(Span::from_mins(5 - bucket))
}

fn line(labels: &[(&str, &str)], points: &[(i64, f64)]) -> SeriesLine {
    SeriesLine {
        labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        points: points.iter().map(|(b, v)| (at(*b), *v)).collect(),
        natives: Vec::new(),
    }
}

fn answered(lines: Vec<SeriesLine>) -> Answered {
    Answered { lines, ..Answered::default() }
}

fn with(query: &Query, f: impl FnOnce(QueryFrame<'_>, &mut Harvest)) -> Harvest {
    let source = SourceId::new("s");
    let mut out = Harvest::default();
    f(QueryFrame { source: &source, query, window: Span::from_mins(1), now: NOW }, &mut out);
    out
}

#[test]
fn unmapped_labels_are_summed_and_absent_points_stay_absent() {
    let query = Query::bare(QueryKind::Count, Some(Metric::Orders));
    let a = line(&[("instance", "a")], &[(1, 2.0), (3, 4.0)]);
    let b = line(&[("instance", "b")], &[(1, 5.0)]);
    let out = with(&query, |f, out| f.numbers(&answered(vec![a, b]), out));
    let seen: Vec<_> = out.observations.iter().map(|o| (o.window.end, o.value.clone())).collect();
    assert_eq!(seen, [(at(1), Value::Count(7.0)), (at(3), Value::Count(4.0))]);
}

#[test]
fn no_number_is_missing_and_nothing_at_all_is_a_note() {
    let mut query = Query::bare(QueryKind::Gauge, Some(Metric::BeaconLag));
    query.sentinels.push(-1.0);
    let points = [(1, f64::NAN), (2, f64::NEG_INFINITY), (3, -1.0)];
    let out = with(&query, |f, out| f.numbers(&answered(vec![line(&[], &points)]), out));
    let values: Vec<_> = out.observations.iter().map(|o| o.value.clone()).collect();
    let want = [Missing::NotANumber, Missing::Infinite(true), Missing::Sentinel];
    assert_eq!(values, want.map(Value::Missing));
    let none = with(&query, |f, out| f.numbers(&answered(Vec::new()), out));
    assert!(none.is_empty());
    assert_eq!(none.notes, ["beacon_lag: no data"]);
}

#[test]
fn hits_that_never_came_are_missing_unless_declared_zero() {
    let mut query = Query::bare(QueryKind::Ratio, Some(Metric::JsErrorRate));
    query.labels.insert(Dim::Template, "t".to_owned());
    let trials = || answered(vec![line(&[("t", "a")], &[(1, 9.0)]), line(&[], &[(1, 5.0)])]);
    let hits = || answered(vec![line(&[("t", "a")], &[(1, 1.0)])]);
    let out = with(&query, |f, out| f.ratio(&hits(), &trials(), out));
    let value = |out: &Harvest, dim: &str| {
        let found = out.observations.iter().find(|o| o.segment.get(Dim::Template).as_str() == dim);
        found.map(|o| o.value.clone())
    };
    assert_eq!(value(&out, "a"), Some(Value::Ratio { hits: 1.0, trials: 9.0 }));
    assert_eq!(value(&out, "(unknown)"), Some(Value::Missing(Missing::NoData)));
    query.absent_hits = AbsentHits::Zero;
    let out = with(&query, |f, out| f.ratio(&hits(), &trials(), out));
    assert_eq!(value(&out, "(unknown)"), Some(Value::Ratio { hits: 0.0, trials: 5.0 }));
}

#[test]
fn checks_know_why_they_failed_and_failed_runs_have_no_duration() {
    let mut query = Query::bare(QueryKind::Check, None);
    query.journey_label = Some("instance".to_owned());
    query.journeys.insert("http://shop/checkout".to_owned(), "checkout".to_owned());
    query.location_label = Some("region".to_owned());
    let labels = [("instance", "http://shop/checkout"), ("region", "eu")];
    let other = line(&[("instance", "http://else")], &[(1, 0.0)]);
    let passed = line(&labels, &[(1, 1.0), (2, 0.0), (3, 0.0), (4, 2.0)]);
    let took = answered(vec![line(&labels, &[(1, 0.231), (2, 2.001), (3, 0.2), (4, 0.1)])]);
    let codes = answered(vec![line(&labels, &[(1, 200.0), (2, 0.0), (3, 503.0)])]);
    let passed = answered(vec![passed, other]);
    let out = with(&query, |f, out| f.checks((&passed, &took, &codes), out));
    let seen: Vec<_> = out.checks.iter().map(|c| (c.outcome.clone(), c.duration_ms)).collect();
    let fail = |kind: &str| (CheckOutcome::Fail(kind.to_owned()), None);
    let want = [
        (CheckOutcome::Pass, Some(231.0)),
        fail("timeout"),
        fail("status"),
        (CheckOutcome::Unknown, None),
    ];
    assert_eq!(seen, want);
    assert_eq!(out.checks[2].message, "status 503");
    assert_eq!(
        (out.checks[0].journey.as_str(), out.checks[0].location.as_str()),
        ("checkout", "eu")
    );
}

#[test]
fn a_new_version_is_a_change_and_the_first_one_is_not() {
    let mut query = Query::bare(QueryKind::Build, None);
    query.version_label = Some("version".to_owned());
    let mut live = builds::LiveVersions::new();
    let first = answered(vec![line(&[("version", "v1")], &[(1, 1.0), (2, 1.0)])]);
    let out = with(&query, |f, out| f.builds(&first, &mut live, out));
    assert!(out.changes.is_empty());
    let both = answered(vec![
        line(&[("version", "v2")], &[(3, 1.0), (4, 1.0)]),
        line(&[("version", "v1")], &[(1, 1.0), (2, 1.0)]),
    ]);
    let out = with(&query, |f, out| f.builds(&both, &mut live, out));
    let told: Vec<_> = out.changes.iter().map(|c| (c.version.as_str(), c.effective_at())).collect();
    assert_eq!(told, [("v1", at(0)), ("v2", at(2))], "the start is what v2 goes back to");
    assert_eq!(out.changes[0].previous, None);
    assert_eq!(out.changes[1].previous, Some("v1".into()));
    let before: Vec<bool> = out.changes.iter().map(|c| c.ran_before).collect();
    assert_eq!(before, [true, false], "nobody saw v1 begin");
    let still = answered(vec![
        line(&[("version", "v1")], &[(2, 1.0)]),
        line(&[("version", "v2")], &[(3, 1.0), (4, 1.0)]),
    ]);
    let again = with(&query, |f, out| f.builds(&still, &mut live, out)).changes;
    assert!(again.is_empty(), "an overlap tells of v1 again, it did not come back: {again:?}");
    let back = answered(vec![line(&[("version", "v1")], &[(5, 1.0)])]);
    let out = with(&query, |f, out| f.builds(&back, &mut live, out));
    assert_eq!(out.changes[0].version, "v1");
}

#[test]
fn versions_side_by_side_at_the_first_sight_are_the_start() {
    let mut query = Query::bare(QueryKind::Build, None);
    query.version_label = Some("version".to_owned());
    let mut live = builds::LiveVersions::new();
    let two = answered(vec![
        line(&[("version", "v1")], &[(1, 1.0), (2, 1.0)]),
        line(&[("version", "v2")], &[(1, 1.0), (2, 1.0), (3, 1.0)]),
    ]);
    assert!(with(&query, |f, out| f.builds(&two, &mut live, out)).changes.is_empty());
    let third = answered(vec![line(&[("version", "v3")], &[(4, 1.0)])]);
    let out = with(&query, |f, out| f.builds(&third, &mut live, out));
    let told: Vec<&str> = out.changes.iter().map(|c| c.version.as_str()).collect();
    assert_eq!(told, ["v2", "v3"]);
    assert_eq!(out.changes[1].previous, Some("v2".into()));
}

#[test]
fn partial_answers_and_wrong_units_are_marked_never_corrected() {
    let query = Query::bare(QueryKind::Gauge, Some(Metric::Lcp));
    let mut answer = answered(vec![line(&[], &[(1, 2.4)])]);
    answer.partial = true;
    let out = with(&query, |f, out| f.numbers(&answer, out));
    assert!(out.observations[0].quality.partial && out.observations[0].quality.unit_suspect);
    assert_eq!(out.observations[0].value, Value::Gauge(2.4));
    assert!(out.partial && out.notes[0].contains("factor 1000"));
}
