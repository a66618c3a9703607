//! Buckets: gaps, noise, several instances, native histograms, bounds that grow.

use super::*;
use crate::domain::metric::Metric;
use crate::domain::time::Span;
use crate::source::assemble::Native;
use crate::source::query::{Query, QueryKind};

const AT: Timestamp = Timestamp::from_secs(1_795_207_920);

fn line(labels: &[(&str, &str)], number: f64) -> SeriesLine {
    let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    SeriesLine { labels, points: vec![(AT, number)], natives: Vec::new() }
}

fn harvest(lines: Vec<SeriesLine>, bounds: &mut Bounds) -> Harvest {
    let mut query = Query::bare(QueryKind::Histogram, Some(Metric::Lcp));
    query.unit = Some(crate::source::units::Unit::S);
    query.labels.insert(crate::domain::segment::Dim::Template, "page".to_owned());
    let source = "s".into();
    let frame = QueryFrame { source: &source, query: &query, window: Span::from_mins(1), now: AT };
    let mut out = Harvest::default();
    frame.histogram(&Answered { lines, ..Answered::default() }, bounds, &mut out);
    out
}

fn only(harvest: &Harvest) -> &Histogram {
    match &harvest.observations[..] {
        [one] => match &one.value {
            Value::Dist(h) => h,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn instances_are_added_and_gaps_and_noise_hold_nothing() {
    let mut bounds = Bounds::default();
    let lines = vec![
        line(&[("page", "pdp"), ("instance", "a"), ("le", "1.0")], 4.0),
        line(&[("page", "pdp"), ("instance", "a"), ("le", "2.5")], 9.0),
        line(&[("page", "pdp"), ("instance", "a"), ("le", "4")], 8.999_999),
        line(&[("page", "pdp"), ("instance", "a"), ("le", "+Inf")], 10.0),
        line(&[("page", "pdp"), ("instance", "b"), ("le", "1")], 2.0),
        line(&[("page", "pdp"), ("instance", "b"), ("le", "+Inf")], 3.0),
    ];
    let out = harvest(lines, &mut bounds);
    let h = only(&out);
    assert_eq!(h.bounds[..], [1000.0, 2500.0, 4000.0, f64::INFINITY]);
    assert_eq!(h.counts, [6.0, 5.0, 0.0, 2.0]);
    assert!(out.notes.is_empty(), "{:?}", out.notes);
}

#[test]
fn bounds_stay_when_a_later_answer_lacks_buckets() {
    let mut bounds = Bounds::default();
    let all = ["0.5", "1", "2", "+Inf"].map(|le| line(&[("le", le)], 1.0)).to_vec();
    harvest(all, &mut bounds);
    let ends = vec![line(&[("le", "2")], 7.0), line(&[("le", "+Inf")], 7.0)];
    let out = harvest(ends, &mut bounds);
    assert_eq!(only(&out).counts, [0.0, 0.0, 7.0, 0.0]);
    let bad = harvest(vec![line(&[("le", "2")], f64::NAN), line(&[], 3.0)], &mut bounds);
    assert_eq!(bad.observations[0].value, Value::Missing(Missing::NotANumber));
    assert!(bad.notes.iter().any(|n| n.contains("1 series without a usable le")));
}

#[test]
fn native_histograms_keep_their_edges() {
    let mut bounds = Bounds::default();
    let native = Native { buckets: vec![(-1e-128, 1e-128, 1.0), (0.5, 1.0, 3.0), (2.0, 4.0, 5.0)] };
    let mut series = line(&[], 0.0);
    series.points.clear();
    series.natives.push((AT, native));
    let out = harvest(vec![series], &mut bounds);
    let h = only(&out);
    assert_eq!(h.total(), 9.0);
    assert_eq!(h.quantile(0.99).map(|q| (q.low, q.high)), Some((2000.0, 4000.0)));
}

#[test]
fn a_flood_of_bounds_is_cut() {
    let mut bounds = Bounds::default();
    let bins = (0..2000).map(|i| line(&[("le", &format!("{i}.5"))], 1.0));
    let lines = bins.chain([line(&[("le", "+Inf")], 1.0)]).collect();
    let out = harvest(lines, &mut bounds);
    assert!(only(&out).bounds.len() <= MOST);
    assert!(!out.notes.is_empty());
}

#[test]
fn histogram_04_without_an_end_or_with_buckets_that_shrink_nothing_is_judged() {
    for (bins, words) in [
        (&[("1", 50.0), ("2.5", 60.0)][..], "no le=\"+Inf\""),
        (&[("1", 50.0), ("2.5", 20.0), ("+Inf", 60.0)], "hold fewer up to a higher bound"),
        (&[("1", 50.0), ("2.5", 60.0), ("+Inf", 30.0)], "hold fewer up to a higher bound"),
    ] {
        let lines = bins.iter().map(|(le, n)| line(&[("page", "pdp"), ("le", le)], *n)).collect();
        let out = harvest(lines, &mut Bounds::default());
        assert_eq!(out.observations[0].value, Value::Missing(Missing::Error), "{bins:?}");
        assert!(out.notes.iter().any(|n| n.contains(words) && n.contains("1 of 1")), "{out:?}");
    }
    // One bad sender of two spoils their sum: what is known of half is not known of all.
    let mut lines = vec![line(&[("pod", "a"), ("le", "1")], 9.0)];
    lines.push(line(&[("pod", "b"), ("le", "1")], 9.0));
    lines.push(line(&[("pod", "b"), ("le", "+Inf")], 9.0));
    let out = harvest(lines, &mut Bounds::default());
    assert_eq!(out.observations[0].value, Value::Missing(Missing::Error));
}
