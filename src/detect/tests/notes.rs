//! What is noticed and is no incident: each has its words, and nothing opens.
//! Incidents are in the parent file.

use super::made_up::*;
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::{Dim, Segment};
use crate::domain::time::Span;
use crate::verdict::{Judgement, Verdict};

/// Three days of history and `minutes` of live batches, the live ones changed.
fn lived(usual: Wrong, minutes: i64, alter: impl Fn(&mut Observation)) -> Judgement {
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    let mut dice = Dice(11);
    for hour in 1..=72 {
        engine.history(&window(&mut dice, NOON - hour * 3600, 60, usual));
    }
    let campaign = Change { kind: ChangeKind::Campaign, ..change("sale-7", at(NOON)) };
    engine.observe_changes(&[campaign]);
    let mut last = Judgement::default();
    for minute in 0..minutes {
        let mut batch = window(&mut dice, NOON + minute * 60, 1, usual);
        for o in &mut batch {
            alter(o);
        }
        engine.observe(&batch);
        last = engine.judge(at(NOON + (minute + 1) * 60));
    }
    last
}

fn said(judgement: &Judgement, word: &str) -> Vec<(Verdict, String)> {
    let rows = judgement.guardrails.iter().filter(|g| g.detail.contains(word));
    rows.map(|g| (g.verdict, g.detail.clone())).collect()
}

fn firing(judgement: &Judgement) -> usize {
    judgement.cases.iter().filter(|c| c.firing).count()
}

fn is(o: &Observation, dim: Dim, value: &str) -> bool {
    o.segment.get(dim).as_str() == value
}

#[test]
fn a_crowd_that_buys_nothing_is_called_bots() {
    let judgement = lived(Wrong::default(), 40, |o| {
        let seen = [Metric::Sessions, Metric::PageViews].contains(&o.metric);
        if let (true, Value::Count(n)) = (seen && is(o, Dim::Device, "desktop"), &mut o.value) {
            *n *= 5.0;
        }
    });
    let rows = said(&judgement, "bots: desktop");
    assert!(!rows.is_empty(), "{:?}", judgement.guardrails);
    assert!(rows.iter().all(|(verdict, _)| *verdict == Verdict::Unsure));
    assert_eq!(firing(&judgement), 0, "{:?}", judgement.cases);
}

#[test]
fn an_average_moved_by_who_came_is_called_a_mix_shift() {
    let usual = Wrong { mobile_pdp_slower: 3.0, ..Wrong::default() };
    let more = |o: &mut Observation| {
        if is(o, Dim::Template, "pdp") && is(o, Dim::Device, "mobile") {
            match &mut o.value {
                Value::Count(n) => *n *= 4.0,
                Value::Ratio { hits, trials } => (*hits, *trials) = (*hits * 4.0, *trials * 4.0),
                Value::Dist(h) => {
                    for c in &mut h.counts {
                        *c *= 4.0;
                    }
                }
                Value::Gauge(_) | Value::Missing(_) => {}
            }
        }
    };
    let judgement = lived(usual, 40, more);
    let rows = said(&judgement, "mix shift");
    assert!(!rows.is_empty(), "{:?}", judgement.guardrails);
    assert!(rows[0].1.contains("times its usual share"), "{rows:?}");
    assert!(rows[0].1.contains("campaign sale-7 since 12:00 UTC"), "{rows:?}");
    assert_eq!(rows[0].0, Verdict::Ok);
    assert!(said(&lived(usual, 40, |_| {}), "mix shift").is_empty());
}

/// The row's words about thin data and the cell of the whole shop, minute by minute.
fn thin(visits: f64, minutes: i64, metric: Metric) -> Vec<(String, Verdict)> {
    let mut shop = Shop::told(|_| {}, visits);
    let minute = |_| {
        let j = shop.run(1, Wrong { visits, ..Wrong::default() });
        assert_eq!(firing(&j), 0, "{:?}", j.cases);
        let row = j.guardrails.iter().find(|g| g.detail.contains("not enough data: "));
        let cell = j.cells.iter().find(|c| c.metric == metric && c.segment == Segment::all());
        (row.map(|g| g.detail.clone()).unwrap_or_default(), cell.expect("a cell").verdict)
    };
    (0..minutes).map(minute).collect()
}

#[test]
fn the_promised_minutes_turn_the_verdict() {
    let minutes = thin(0.2, 150, Metric::ConversionRate);
    let promised = minutes.iter().enumerate().skip(20).find_map(|(at, (text, _))| {
        let (_, tail) = text.split_once("to see a fall of 50% it needs ")?;
        Some((at, tail.split(' ').next()?.parse::<usize>().ok()?))
    });
    let (at, wait) = promised.expect("a promise");
    assert!(wait >= 3, "{wait} minutes at {at}");
    assert_eq!(minutes[at].1, Verdict::Unsure);
    assert_eq!(minutes[at + wait].1, Verdict::Ok, "{wait} minutes after {at}");
    let turned = (at..minutes.len()).find(|m| minutes[*m].1 == Verdict::Ok).expect("turned");
    assert!(turned + 1 >= at + wait - wait / 3, "minute {turned}, promised {}", at + wait);
}

#[test]
fn a_shop_with_few_visitors_says_what_could_be_seen() {
    let few = Wrong { visits: 0.02, ..Wrong::default() };
    let judgement = lived(few, 250, |_| {});
    let rows = said(&judgement, "not enough data");
    let words =
        |text: &str| rows.iter().any(|(v, detail)| *v == Verdict::Unsure && detail.contains(text));
    assert!(words("could be seen at this traffic"), "{:?}", judgement.guardrails);
    assert!(!words("more minutes"), "{rows:?}");
    let whole = |c: &&crate::verdict::Cell| {
        c.metric == Metric::ConversionRate && c.segment == Segment::all()
    };
    let cell = judgement.cells.iter().find(whole).expect("a cell");
    assert_eq!(cell.verdict, Verdict::Unsure, "thin data is not called well: {cell:?}");
    assert_eq!(firing(&judgement), 0, "{:?}", judgement.cases);
    assert!(said(&lived(Wrong::default(), 70, |_| {}), "not enough data").is_empty());
}
