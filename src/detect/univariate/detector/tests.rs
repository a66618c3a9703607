//! The detector against series with known onsets, against cuts, rescaling and nonsense.
//! Series are made here by a small generator; nothing is read from disk.

use super::*;
use crate::domain::time::Span;

/// A generator good enough for noise: xorshift, and a rough normal from twelve uniforms.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

type SeriesSample = (Timestamp, Option<f64>);

const START: Timestamp = Timestamp::from_secs(1_700_000_000);
const FIVE: Span = Span::from_mins(5);

/// Days of five-minute rows: a daily wave with noise.
fn wave(days: usize, seed: u64) -> Vec<SeriesSample> {
    let mut noise = Noise(seed);
    (0i64..)
        .take(days * 288)
        .map(|i| {
            let phase = i as f64 / 288.0 * std::f64::consts::TAU;
            let x = 100.0 + 30.0 * phase.sin() + 2.0 * noise.normal();
            (START.plus(FIVE.times(i)), Some(x))
        })
        .collect()
}

fn scores(rows: &[SeriesSample], sensitivity: Sensitivity, bad: Bad) -> Vec<Score> {
    let mut detector = Detector::new(sensitivity, bad);
    rows.iter().map(|(at, x)| detector.step(*at, *x)).collect()
}

fn alarms(rows: &[SeriesSample], sensitivity: Sensitivity, bad: Bad) -> Vec<usize> {
    let all = scores(rows, sensitivity, bad);
    (0..all.len()).filter(|i| all[*i].score >= LINE).collect()
}

fn shifted(rows: &[SeriesSample], from: usize, rows_long: usize, by: f64) -> Vec<SeriesSample> {
    let mut out = rows.to_vec();
    for (_, x) in out.iter_mut().skip(from).take(rows_long) {
        *x = x.map(|v| v + by);
    }
    out
}

#[test]
fn a_spike_a_shift_and_an_outage_are_told_once_and_at_once() {
    let calm = wave(10, 3);
    let onset = 8 * 288 + 100;
    for (length, by) in [(3, 90.0), (400, 80.0), (30, -120.0)] {
        let rows = shifted(&calm, onset, length, by);
        let after: Vec<usize> = alarms(&rows, Sensitivity::Normal, Bad::Both)
            .into_iter()
            .filter(|i| (onset..onset + length.min(200)).contains(i))
            .collect();
        assert_eq!(after.first(), Some(&onset), "shift {by} over {length} rows: {after:?}");
        assert!(after.len() <= 2, "told {} times", after.len());
    }
}

#[test]
fn calm_weeks_are_quiet() {
    for seed in 1..6 {
        let found = alarms(&wave(14, seed), Sensitivity::Normal, Bad::Both);
        assert!(found.len() <= 1, "seed {seed}: {found:?}");
    }
}

#[test]
fn a_series_that_just_began_is_let_be() {
    for seed in 1..6 {
        let found = alarms(&wave(1, seed), Sensitivity::High, Bad::Both);
        assert!(found.is_empty(), "seed {seed}: {found:?}");
    }
}

#[test]
fn only_the_bad_direction_alarms() {
    let up = shifted(&wave(10, 5), 2500, 3, 90.0);
    let down = shifted(&wave(10, 5), 2500, 3, -120.0);
    let opened =
        |rows: &[SeriesSample], bad| alarms(rows, Sensitivity::Normal, bad).contains(&2500);
    assert!(opened(&up, Bad::Up) && opened(&down, Bad::Down));
    assert!(!opened(&up, Bad::Down) && !opened(&down, Bad::Up));
}

#[test]
fn higher_sensitivity_never_alarms_less() {
    let rows = shifted(&wave(12, 8), 2000, 2, 25.0);
    let count = |s| alarms(&rows, s, Bad::Both).len();
    assert!(count(Sensitivity::Low) <= count(Sensitivity::Normal));
    assert!(count(Sensitivity::Normal) <= count(Sensitivity::High));
}

#[test]
fn later_rows_change_nothing() {
    let rows = shifted(&wave(6, 11), 1500, 20, 60.0);
    let whole = scores(&rows, Sensitivity::Normal, Bad::Both);
    let mut noise = Noise(5);
    for _ in 0..8 {
        let cut = (noise.uniform() * rows.len() as f64) as usize;
        let part = scores(&rows[..cut], Sensitivity::Normal, Bad::Both);
        assert_eq!(part, whole[..cut], "cut at {cut}");
    }
}

#[test]
fn scale_offset_and_date_do_not_matter() {
    let rows = shifted(&wave(9, 13), 2100, 5, 55.0);
    let plain = scores(&rows, Sensitivity::Normal, Bad::Both);
    let moved: Vec<SeriesSample> = rows
        .iter()
        .map(|(at, x)| (at.plus(Span::from_days(400)), x.map(|v| v * 3.0 + 7.0)))
        .collect();
    for (a, b) in plain.iter().zip(scores(&moved, Sensitivity::Normal, Bad::Both)) {
        assert!((a.score - b.score).abs() < 1e-3, "{a:?} {b:?}");
    }
}

#[test]
fn gaps_score_zero_and_teach_nothing() {
    let rows = wave(4, 17);
    let plain = scores(&rows, Sensitivity::Normal, Bad::Both);
    let odd = [None, Some(f64::NAN), Some(f64::INFINITY), Some(1e300)];
    let mut holed = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        holed.push((row.0, odd[i % 4]));
        holed.push(*row);
    }
    let all = scores(&holed, Sensitivity::Normal, Bad::Both);
    for (pair, expected) in all.chunks(2).zip(&plain) {
        assert_eq!((pair[0].score, &pair[0].reason), (0.0, &Reason::Gap));
        assert_eq!(pair[1].score, expected.score);
    }
}

#[test]
fn wild_clocks_and_values_end_in_finite_scores() {
    let mut noise = Noise(23);
    let mut detector = Detector::new(Sensitivity::High, Bad::Both);
    let extremes = [i64::MIN, i64::MAX, 0, -1, 1, 4_102_444_800_000];
    for (i, beat) in (0usize..6000).zip((0i64..50).cycle()) {
        let at = match beat {
            0 => Timestamp::from_millis(extremes[(i / 50) % extremes.len()]),
            n if n < 10 => START,
            n => START.plus(Span::from_secs((n - 30) * 977)),
        };
        let x = match i % 7 {
            0 => 0.0,
            1 => 1e149 * noise.normal(),
            2 => 1e-300,
            _ => noise.normal(),
        };
        let score = detector.step(at, Some(x));
        assert!((0.0..=1.0).contains(&score.score), "row {i}: {}", score.score);
        assert!(!score.reason.to_string().is_empty());
    }
}

#[test]
fn an_hour_told_twice_does_not_alarm() {
    // clocks go back: one hour of timestamps repeats
    let mut rows = wave(8, 29);
    let back = Span::from_hours(1);
    for (at, _) in rows.iter_mut().skip(6 * 288) {
        *at = at.minus(back);
    }
    let found = alarms(&rows, Sensitivity::Normal, Bad::Both);
    assert!(found.iter().all(|i| *i < 6 * 288 - 12), "{found:?}");
}

#[test]
fn a_flat_line_is_quiet_and_its_end_is_not() {
    let at = |i: i64| START.plus(FIVE.times(i));
    let mut rows: Vec<SeriesSample> = (0..1000).map(|i| (at(i), Some(45.0))).collect();
    assert!(scores(&rows, Sensitivity::High, Bad::Both).iter().all(|s| s.score == 0.0));
    rows.extend((1000..1010).map(|i| (at(i), Some(46.0))));
    assert_eq!(alarms(&rows, Sensitivity::Low, Bad::Both), [1000]);
}

#[test]
fn one_huge_spike_does_not_blind_for_a_week() {
    let mut rows = shifted(&wave(14, 31), 1000, 1, 1e6);
    rows = shifted(&rows, 1000 + 9 * 288, 3, 90.0);
    assert!(alarms(&rows, Sensitivity::Normal, Bad::Both).contains(&(1000 + 9 * 288)));
}

#[test]
fn the_reason_names_the_leading_part() {
    let rows = shifted(&wave(10, 3), 2500, 3, 90.0);
    let all = scores(&rows, Sensitivity::Normal, Bad::Both);
    let opening = &all[2500];
    assert_eq!(opening.state, LatchState::Opened);
    assert!(opening.reason.leading().is_some());
    let text = opening.reason.to_string();
    assert!(text.contains("deviations off") && text.contains("value"), "{text}");
    assert_eq!(all[2501].reason, Reason::Ongoing);
    let (low, high) = opening.band.expect("band");
    let expected = opening.expected.expect("expected");
    assert!(low < high && (60.0..140.0).contains(&expected), "{low} {high} {expected}");
}
