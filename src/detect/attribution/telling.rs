//! What the minutes of one shift say of a dose over time: sums of a least squares fit whose
//! weights know that harm is never exactly a step. Nothing here knows of changes or of priors.

use crate::detect::evidence::stat::{Dispersion, Tally};
use crate::detect::scan::onset::{variance, weight};
use crate::detect::scan::shift::Shift;

/// Share by which the harm of a bucket wanders about its mean: retries, caches that fill, other
/// visitors. Without it a large shop would date harm to the second and believe it.
const WANDERS: f64 = 0.3;
/// Deviations from what is likely at most, in standard deviations of noise: one wild bucket says no
/// more than a bad one.
const WILD: f64 = 2.0;

/// One bucket: what it says for a full dose (`b`), and how heavily (`w`).
#[derive(Clone, Copy, Debug, Default)]
struct TellingPart {
    b: f64,
    w: f64,
}

/// The buckets of one shift from `first` on, gaps as nothing.
#[derive(Clone, Debug)]
pub struct Telling {
    first: i64,
    parts: Vec<TellingPart>,
    /// Sums of `b`, `i b`, `w`, `i w`, `i i w` before each index, for ramps.
    sums: Vec<[f64; 5]>,
}

impl Telling {
    pub fn of(shift: &Shift, series: &[(i64, Tally)], dispersion: Dispersion) -> Self {
        let first = series.first().map_or(0, |s| s.0);
        let last = series.last().map_or(first, |s| s.0);
        let length = usize::try_from(last - first + 1).unwrap_or(0);
        let mut parts = vec![TellingPart::default(); length];
        for (bucket, acc) in series {
            let at = usize::try_from(bucket - first).ok().and_then(|i| parts.get_mut(i));
            if let Some(part) = at {
                *part = part_of(shift, acc, dispersion);
            }
        }
        let mut sums = Vec::with_capacity(length + 1);
        let mut sum = [0.0; 5];
        sums.push(sum);
        for (i, p) in parts.iter().enumerate() {
            let i = i as f64;
            for (slot, more) in sum.iter_mut().zip([p.b, i * p.b, p.w, i * p.w, i * i * p.w]) {
                *slot += more;
            }
            sums.push(sum);
        }
        Self { first, parts, sums }
    }

    /// First bucket, and the one after the last.
    pub fn span(&self) -> (i64, i64) {
        (self.first, self.first + i64::try_from(self.parts.len()).unwrap_or(0))
    }

    fn between(&self, from: usize, to: usize) -> [f64; 5] {
        let zero = [0.0; 5];
        let (a, b) = (self.sums.get(from).unwrap_or(&zero), self.sums.get(to).unwrap_or(&zero));
        let mut out = [0.0; 5];
        for (slot, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
            *slot = b - a;
        }
        out
    }

    /// Nats of harm that begins at `at` (in buckets, with a fraction) and is whole `length` buckets
    /// later; at once when that is nothing.
    pub fn rise(&self, at: f64, length: f64) -> f64 {
        let n = self.parts.len();
        let at = at - self.first as f64;
        let begin = at.floor();
        let index = |x: f64| x.clamp(0.0, n as f64) as usize;
        let i = index(begin);
        // The bucket it begins in has a part of the dose.
        let head = if begin >= 0.0 { self.parts.get(i).copied() } else { None };
        let head = head.unwrap_or_default();
        let left = 1.0 - (at - begin);
        if length <= 1.0 {
            let [b, _, w, ..] = self.between(index(begin + 1.0), n);
            return nats(b + left * head.b, w + left * left * head.w);
        }
        // Middle of bucket i is i + 1/2; its dose (i + 1/2 - at) / length until that is 1.
        let full = index((at + length - 0.5).ceil().max(begin + 1.0));
        let [b0, b1, w0, w1, w2] = self.between(index(begin + 1.0), full);
        let c = 0.5 - at;
        let (b, w) = (b1 + c * b0, w2 + 2.0 * c * w1 + c * c * w0);
        let [fb, _, fw, ..] = self.between(full, n);
        let d = left * left / 2.0 / length;
        nats(b / length + fb + d * head.b, w / (length * length) + fw + d * d * head.w)
    }

    /// Nats of any dose over time.
    pub fn dosed(&self, dose: impl Fn(i64) -> f64) -> f64 {
        let (mut b, mut w) = (0.0, 0.0);
        for (bucket, part) in (self.first..).zip(&self.parts) {
            let dose = dose(bucket);
            b += dose * part.b;
            w += dose * dose * part.w;
        }
        nats(b, w)
    }
}

/// Nats over "nothing happened"; a fit in the good direction has none.
fn nats(b: f64, w: f64) -> f64 {
    if w > 0.0 && b > 0.0 { b * b / (2.0 * w) } else { 0.0 }
}

fn part_of(shift: &Shift, acc: &Tally, dispersion: Dispersion) -> TellingPart {
    let noise = variance(shift.likelihood, shift.sign, acc, dispersion, shift.harm);
    let lift = shift.harm * weight(shift.likelihood, acc);
    let var = noise + (WANDERS * lift).powi(2);
    if var <= 0.0 || !var.is_finite() {
        return TellingPart::default();
    }
    let far = lift + WILD * noise.max(0.0).sqrt();
    let off = shift.sign * (acc.observed - acc.expected);
    let off = off.clamp(lift / 2.0 - far, lift / 2.0 + far);
    TellingPart { b: lift * off / var, w: lift * lift / var }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `before` buckets without harm and `after` with so much of it, told well.
    fn telling(doses: &[f64]) -> Telling {
        let parts: Vec<TellingPart> =
            doses.iter().map(|d| TellingPart { b: 6.0 * d, w: 6.0 }).collect();
        let mut sums = vec![[0.0; 5]];
        for (i, p) in parts.iter().enumerate() {
            let i = i as f64;
            let last = sums.last().copied().unwrap_or_default();
            let more = [p.b, i * p.b, p.w, i * p.w, i * i * p.w];
            let mut next = [0.0; 5];
            for (slot, (a, b)) in next.iter_mut().zip(last.iter().zip(more)) {
                *slot = a + b;
            }
            sums.push(next);
        }
        Telling { first: 100, parts, sums }
    }

    #[test]
    fn a_rise_says_what_the_same_dose_says_bucket_by_bucket() {
        let t = telling(&[0.0, 0.1, 0.0, 0.4, 0.9, 1.1, 1.0, 1.0]);
        for at in [98.0, 100.0, 102.25, 103.5, 107.9, 120.0] {
            let step = |b: i64| (b as f64 + 1.0 - at).clamp(0.0, 1.0);
            assert!((t.rise(at, 0.0) - t.dosed(step)).abs() < 1e-9, "step at {at}");
            for length in [2.0, 3.5, 40.0] {
                let ramp = |b: i64| {
                    let (mid, end) = (b as f64 + 0.5, b as f64 + 1.0);
                    let head = mid - at < 0.5 && end > at;
                    let d = if head { (end - at).powi(2) / 2.0 } else { mid - at };
                    (d / length).clamp(0.0, 1.0)
                };
                let (fast, slow) = (t.rise(at, length), t.dosed(ramp));
                assert!((fast - slow).abs() < 1e-9, "ramp at {at} over {length}: {fast} {slow}");
            }
        }
    }

    #[test]
    fn the_best_rise_is_the_one_that_was_drawn() {
        let step = telling(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let ramp = telling(&[0.0, 0.0, 0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0, 1.0]);
        assert!(step.rise(103.0, 0.0) > step.rise(102.0, 0.0) + 1.0);
        assert!(step.rise(103.0, 0.0) > step.rise(103.0, 5.0) + 1.0);
        assert!(ramp.rise(103.0, 5.0) > ramp.rise(105.0, 0.0) + 0.5);
    }
}
