//! One bad day must not shift what is usual: an hour of history that lies far from the same hour of
//! other days counts as if it lay at the edge of what is likely (Huber, 1964). No judgement here.

use crate::detect::evidence::stat::{HourMoments, Likelihood};

/// Days that must have told an hour before one of them can be called unlike the others.
const DAYS: usize = 4;
/// Robust standard deviations within which a day counts as it is.
const FAR: f64 = 3.0;
/// Events beside them: few events scatter to one side.
const EVENTS: f64 = 5.0;
/// Spread that days of a count are granted: weekends, weather.
const COUNT_SPREAD: f64 = 0.25;

/// Sums of the history by hour of day, `(units, events)`, each day's hour held within the likely.
/// `s2` is the variance of one unit; `timed` counts have an hour of exposure each.
pub fn by_hour_of_day(
    likelihood: Likelihood,
    hours: &[HourMoments],
    s2: f64,
    timed: bool,
) -> ([f64; 24], [f64; 24]) {
    let span = hours.last().zip(hours.first()).map_or(0, |(b, a)| (b.hour - a.hour) / 24 + 1);
    let span = usize::try_from(span).unwrap_or(0);
    if span < DAYS {
        return plain(hours);
    }
    let mut days: [Vec<(f64, f64)>; 24] = std::array::from_fn(|_| Vec::with_capacity(span.min(64)));
    for h in hours {
        if let Some(day) = days.get_mut(h.hour.rem_euclid(24) as usize) {
            day.push((f64::from(h.raw.count), f64::from(h.raw.sum)));
        }
    }
    let (mut n, mut s) = ([0.0; 24], [0.0; 24]);
    let mut scratch = Vec::new();
    for ((n, s), days) in n.iter_mut().zip(&mut s).zip(&days) {
        let limits = limits(likelihood, days, s2, timed, &mut scratch);
        for (units, sum) in days {
            *n += units;
            *s += match limits {
                Some((mid, spread)) => {
                    let units = if timed { 1.0 } else { *units };
                    let far = reach(likelihood, mid, spread, units, s2);
                    sum.clamp(units * mid - far, units * mid + far)
                }
                None => *sum,
            };
        }
    }
    (n, s)
}

/// Too few days to compare: as they are.
fn plain(hours: &[HourMoments]) -> ([f64; 24], [f64; 24]) {
    let (mut n, mut s) = ([0.0; 24], [0.0; 24]);
    for h in hours {
        let i = h.hour.rem_euclid(24) as usize;
        if let (Some(n), Some(s)) = (n.get_mut(i), s.get_mut(i)) {
            *n += f64::from(h.raw.count);
            *s += f64::from(h.raw.sum);
        }
    }
    (n, s)
}

/// How far from the middle an hour's sum may lie.
fn reach(likelihood: Likelihood, mid: f64, spread: f64, units: f64, s2: f64) -> f64 {
    let chance = (units * unit(likelihood, mid, s2)).sqrt();
    let events = if likelihood == Likelihood::LogNormal { 0.0 } else { EVENTS };
    FAR * (units * spread).max(chance) + events
}

fn unit(likelihood: Likelihood, mid: f64, s2: f64) -> f64 {
    match likelihood {
        Likelihood::LogNormal | Likelihood::Gauge => s2,
        Likelihood::Rare | Likelihood::Conversion => (mid * (1.0 - mid)).max(0.0),
        Likelihood::Poisson => mid.max(0.0),
    }
}

/// Middle and robust spread of the days' values; nothing when there are too few to tell.
fn limits(
    likelihood: Likelihood,
    days: &[(f64, f64)],
    s2: f64,
    timed: bool,
    values: &mut Vec<f64>,
) -> Option<(f64, f64)> {
    if days.len() < DAYS || likelihood == Likelihood::Gauge {
        return None;
    }
    let value = |(n, s): &(f64, f64)| if timed { *s } else { s / n };
    values.clear();
    values.extend(days.iter().filter(|(n, _)| timed || *n > 0.0).map(value));
    if values.len() < DAYS {
        return None;
    }
    let mid = middle(values);
    for v in values.iter_mut() {
        *v = (*v - mid).abs();
    }
    let spread = 1.4826 * middle(values);
    let spread = if timed { spread.max(COUNT_SPREAD * mid) } else { spread };
    (s2 > 0.0 && mid.is_finite()).then_some((mid, spread))
}

fn middle(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::baseline::profile::Profile;
    use crate::detect::evidence::stat::Moments;

    fn history(likelihood: Likelihood, bad: f64) -> Vec<HourMoments> {
        let hour = |hour: i32| {
            let wrong = if hour / 24 == 3 { bad } else { 1.0 };
            let level = 1.0 + f64::from(hour % 5) * 0.01;
            let s = if likelihood == Likelihood::LogNormal {
                500.0 * (level + wrong - 1.0)
            } else {
                25.0 * wrong
            };
            let (n, s) = (500.0_f32, s as f32);
            HourMoments { hour, raw: Moments { count: n, sum: s, sum_sq: s * s / n + 100.0 } }
        };
        (0..7 * 24).map(hour).collect()
    }

    #[test]
    fn one_bad_day_of_seven_hardly_shifts_what_is_usual() {
        for (likelihood, bad) in
            [(Likelihood::LogNormal, 2.0), (Likelihood::Rare, 8.0), (Likelihood::Conversion, 0.1)]
        {
            let mean = |bad| {
                Profile::learn(likelihood, &history(likelihood, bad), None, None).mean_at(0.0)
            };
            let (calm, shifted) = (mean(1.0), mean(bad));
            assert!((shifted / calm - 1.0).abs() < 0.12, "{likelihood:?} {calm} {shifted}");
        }
        let exposure = [7.0; 24];
        let mean = |bad| {
            let hours = history(Likelihood::Poisson, bad);
            Profile::learn(Likelihood::Poisson, &hours, Some(&exposure), None).mean_at(0.0)
        };
        assert!((mean(10.0) / mean(1.0) - 1.0).abs() < 0.3, "{} {}", mean(1.0), mean(10.0));
    }

    #[test]
    fn what_scatters_by_chance_alone_is_left_as_it_is() {
        let mut rare = Vec::new();
        for hour in 0..20 * 24 {
            let s = if (hour * 7919) % 97 == 0 { 1.0 } else { 0.0 };
            rare.push(HourMoments { hour, raw: Moments { count: 10.0, sum: s, sum_sq: 0.0 } });
        }
        let all: f32 = rare.iter().map(|h| h.raw.sum).sum();
        let (_, s) = by_hour_of_day(Likelihood::Rare, &rare, 1.0, false);
        assert!((s.iter().sum::<f64>() - f64::from(all)).abs() < 1e-9);
    }
}
