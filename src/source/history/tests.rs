//! The order of pieces, their length, and what failures do to it.

use super::*;
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::Segment;

const NOW: Timestamp = Timestamp::from_secs(1_795_207_980);
const HOUR: Span = Span::from_hours(1);
const MEASURE: Measure =
    Measure { step: HOUR, most: Span::from_days(7), aim: Duration::from_millis(1500) };

fn told(chunk: Chunk) -> Harvest {
    let count = steps(chunk, HOUR);
    let row = |i: i64| Observation {
        source: "s".into(),
        metric: crate::domain::metric::Metric::Orders,
        segment: Segment::all(),
        window: Window::ending(chunk.start.plus(HOUR.times(i + 1)), HOUR),
        value: Value::Count(1.0),
        quality: Quality::GOOD,
    };
    Harvest { observations: (0..count).map(row).collect(), ..Harvest::default() }
}

/// What a server says to a piece, and how long it takes.
type Says = Box<dyn Fn(Chunk) -> (u64, Result<Harvest, SourceError>)>;

/// Asks until nothing is left; every piece that was asked, with whether it was answered.
fn read(plan: &mut HistoryPlan, says: &Says) -> Vec<(Chunk, bool)> {
    let mut asked = Vec::new();
    while let Some(chunk) = plan.next_chunk() {
        assert!(asked.len() < 2000, "no end");
        let (ms, result) = says(chunk);
        let good = plan.settle(chunk, (Duration::from_millis(ms), 1), result).is_ok();
        asked.push((chunk, good));
    }
    asked
}

fn hours(chunk: Chunk) -> i64 {
    steps(chunk, HOUR)
}

/// Every hour of the past was answered exactly once.
fn whole(asked: &[(Chunk, bool)], index: usize, days: i64) -> bool {
    let mut seen = BTreeSet::new();
    let good = asked.iter().filter(|(c, good)| *good && c.index == index);
    let each = good.flat_map(|(c, _)| (0..hours(*c)).map(|i| c.start.plus(HOUR.times(i))));
    let mut twice = false;
    for start in each {
        twice |= !seen.insert(start);
    }
    !twice && i64::try_from(seen.len()) == Ok(days * 24)
}

#[test]
fn every_question_gets_its_newest_day_before_any_goes_further_back() {
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1), (3, 1)]);
    let says: Says = Box::new(|c| (10, Ok(told(c))));
    let asked = read(&mut plan, &says);
    let first: Vec<_> = asked.iter().take(2).map(|(c, _)| (c.index, hours(*c))).collect();
    assert_eq!(first, [(0, 24), (3, 24)]);
    assert_eq!(asked[0].0.end, NOW.floor(HOUR));
    assert!(whole(&asked, 0, 21) && whole(&asked, 3, 21));
    assert!(asked.len() <= 12, "pieces grow while answers come fast: {}", asked.len());
    assert!(plan.progress().all(|(q, days, of)| q.state == PastState::Read && days == of));
}

#[test]
fn what_was_too_much_is_asked_smaller_and_never_as_large_again() {
    let errors = [
        SourceError::retry("timeout: query timed out in expression evaluation"),
        SourceError::give_up(
            "query refused: execution: query processing would load too many samples",
        ),
        SourceError::give_up(
            "query refused: bad_data: exceeded maximum resolution of 11,000 points",
        ),
        SourceError::give_up("query refused: execution: words that nobody has seen yet"),
        SourceError::malformed("answer too large (over 9 bytes)"),
        SourceError::retry("timeout first byte"),
        SourceError::retry("http 504"),
    ];
    for error in errors {
        let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1)]);
        let too_much = error.clone();
        let says: Says =
            Box::new(
                move |c| {
                    if hours(c) > 7 { (9000, Err(too_much.clone())) } else { (100, Ok(told(c))) }
                },
            );
        let asked = read(&mut plan, &says);
        assert!(whole(&asked, 0, 21), "{error}");
        let failed = asked.iter().filter(|(_, good)| !good).count();
        assert!(failed <= 3, "{error}: {failed} failures");
    }
}

#[test]
fn slow_answers_make_short_pieces() {
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1)]);
    let says: Says = Box::new(|c| (500 * hours(c).unsigned_abs(), Ok(told(c))));
    let asked = read(&mut plan, &says);
    assert!(whole(&asked, 0, 21));
    assert!(asked.iter().skip(3).all(|(c, _)| hours(*c) <= 4), "half a second an hour");
}

#[test]
fn a_wide_answer_is_asked_in_few_hours() {
    let plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 20_000)]);
    assert_eq!(plan.next_chunk().map(hours), Some(3));
}

#[test]
fn holes_are_passed_by_and_nothing_is_read_twice() {
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1)]);
    let bad = NOW.floor(HOUR).minus(Span::from_hours(100));
    let says: Says = Box::new(move |c| {
        let hit = (c.start..c.end).contains(&bad);
        let why = "query refused: execution: found duplicate series for the match group";
        if hit { (10, Err(SourceError::give_up(why))) } else { (10, Ok(told(c))) }
    });
    let asked = read(&mut plan, &says);
    let (question, ..) = plan.progress().next().expect("one");
    assert_eq!((question.told, question.state), (21 * 24 - 1, PastState::Read));
    assert!(asked.iter().filter(|(_, good)| !good).count() <= 5);
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1)]);
    let says: Says =
        Box::new(|c| (10, Ok(if hours(c) > 1 { Harvest::default() } else { told(c) })));
    read(&mut plan, &says);
    let (question, days, of) = plan.progress().next().expect("one");
    assert_eq!((question.told, days, of, question.state), (0, 21, 21, PastState::Read));
}

#[test]
fn a_server_that_is_away_is_asked_again_where_it_stopped() {
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1), (1, 1)]);
    let calls = std::cell::Cell::new(0);
    let says: Says = Box::new(move |c| {
        calls.set(calls.get() + 1);
        let away = (5..60).contains(&calls.get());
        if away { (1, Err(SourceError::retry("connection refused"))) } else { (10, Ok(told(c))) }
    });
    let asked = read(&mut plan, &says);
    assert!(whole(&asked, 0, 21) && whole(&asked, 1, 21));
}

#[test]
fn what_can_never_be_had_fails_alone_and_says_why() {
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1), (1, 1)]);
    let says: Says = Box::new(|c| match c.index {
        0 => (2000, Err(SourceError::retry("timeout total (2 s)"))),
        _ => (10, Ok(told(c))),
    });
    let asked = read(&mut plan, &says);
    assert!(whole(&asked, 1, 21));
    let (question, days, _) = plan.progress().next().expect("one");
    assert_eq!((question.state, days), (PastState::Failed, 0));
    assert_eq!(question.why.as_deref(), Some("timeout total (2 s)"));
    assert!(asked.iter().filter(|(c, _)| c.index == 0).count() <= 6);
    let mut plan = HistoryPlan::new(NOW, 21, MEASURE, &[(0, 1)]);
    let says: Says = Box::new(|_| (1, Err(SourceError::give_up("query refused: bad_data: parse"))));
    assert_eq!(read(&mut plan, &says).len(), 1, "a question that cannot work");
}
