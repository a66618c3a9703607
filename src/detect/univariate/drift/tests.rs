//! A drift row over a number: what opens it, what
//! does not, and when it ends.

use super::*;

const RULE: DriftRule = DriftRule {
    min_change: 0.2,
    hold: Span::from_hours(1),
    clear: Span::from_hours(1),
    demand: true,
};

/// One minute each, from a list of (minutes, value).
fn turns(drift: &mut Drift, parts: &[(i64, f64)]) -> Vec<(i64, DriftTurn)> {
    let mut out = Vec::new();
    let mut minute = 0;
    for (minutes, value) in parts {
        for _ in 0..*minutes {
            let at = Timestamp::from_secs(1_800_000_000 + minute * 60);
            let turn = drift.step(at, at.plus(Span::from_mins(1)), *value);
            if turn != DriftTurn::Stay {
                out.push((minute, turn));
            }
            minute += 1;
        }
    }
    out
}

fn run(parts: &[(i64, f64)]) -> Vec<(i64, DriftTurn)> {
    turns(&mut Drift::new(RULE, Sensitivity::Normal, Bad::Up), parts)
}

const DAY: i64 = 1440;

#[test]
fn a_daily_number_is_judged_by_its_changes() {
    let days = [(DAY, 41.0), (DAY, 43.0), (DAY, 40.0), (DAY, 42.0), (DAY, 39.0)];
    assert!(run(&days).is_empty());
    let mut worse = days.to_vec();
    worse.push((DAY, 55.0));
    let turns = run(&worse);
    assert_eq!(turns.first().map(|(at, _)| *at), Some(5 * DAY + 59), "after the hold: {turns:?}");
    let since = Timestamp::from_secs(1_800_000_000 + 5 * DAY * 60);
    assert!(
        matches!(turns[0].1, DriftTurn::Opened { since: s, usual, .. } if s == since && usual == 41.0)
    );
}

#[test]
fn a_small_first_step_a_short_one_and_a_good_one_open_nothing() {
    assert!(run(&[(600, 41.0), (600, 44.0)]).is_empty(), "below the row's share");
    assert!(run(&[(600, 41.0), (600, 52.0)]).is_empty(), "one known value asks for twice of it");
    assert!(run(&[(600, 41.0), (59, 90.0), (600, 41.0)]).is_empty(), "shorter than the hold");
    assert!(run(&[(600, 41.0), (600, 20.0)]).is_empty(), "the good way");
    assert_eq!(run(&[(600, 41.0), (600, 60.0)]).len(), 1);
}

#[test]
fn it_ends_when_it_is_good_for_the_clear_time_and_a_new_level_becomes_usual() {
    let turns = run(&[(600, 41.0), (120, 60.0), (30, 41.0), (10, 58.0), (90, 41.0)]);
    assert_eq!(turns.len(), 2, "{turns:?}");
    assert_eq!(turns[1], (600 + 120 + 30 + 10 + 59, DriftTurn::Closed));
    let turns = run(&[(600, 41.0), (15 * DAY, 60.0), (DAY, 62.0)]);
    assert_eq!(turns.last(), Some(&(600 + 14 * DAY - 1, DriftTurn::Closed)), "{turns:?}");
}

#[test]
fn a_number_that_swings_widely_by_itself_asks_for_more() {
    let swing: Vec<(i64, f64)> = (0..60).map(|n| (60, [30.0, 38.0, 46.0][n % 3])).collect();
    let mut drift = Drift::new(RULE, Sensitivity::Normal, Bad::Up);
    assert!(turns(&mut drift, &swing).is_empty());
    let (usual, line) = drift.usual().expect("taught");
    assert!(usual == 38.0 && line > 0.5, "{usual} {line}");
}
