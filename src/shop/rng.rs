//! Seeded randomness: one stream per (seed, minute, purpose), so any minute can be made at random
//! access and two runs agree bit for bit. No entropy from outside ever enters.

use rand::RngCore;
use rand_pcg::Pcg64Mcg;
use statrs::distribution::{ContinuousCDF, Normal};

/// What a stream is for; streams of different purposes never touch.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Purpose {
    World = 1,
    Visits = 2,
    Bots = 3,
    SharedNoise = 4,
    SourceNoise = 5,
    PageDrift = 6,
    Checks = 7,
    Text = 8,
    Orphans = 9,
    Lag = 10,
    Buyers = 11,
}

/// Mixes a word (the finaliser of SplitMix64).
pub const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A word that depends on all four parts.
pub const fn hash(seed: u64, purpose: Purpose, a: i64, b: u64) -> u64 {
    let mut h = mix(seed ^ 0x7469_6c6c_7761_7463);
    h = mix(h ^ purpose as u64);
    h = mix(h ^ a.cast_unsigned());
    mix(h ^ b)
}

/// The stream of a minute (or of any number) for a purpose.
pub fn stream(seed: u64, purpose: Purpose, minute: i64) -> Pcg64Mcg {
    let high = hash(seed, purpose, minute, 0x1d);
    let low = hash(seed, purpose, minute, 0xe7);
    Pcg64Mcg::new(u128::from(high) << 64 | u128::from(low))
}

/// Uniform in [0, 1) from a word.
pub const fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Uniform in [0, 1).
pub fn uniform(rng: &mut Pcg64Mcg) -> f64 {
    unit(rng.next_u64())
}

/// Standard exponential.
pub fn exponential(rng: &mut Pcg64Mcg) -> f64 {
    -(1.0 - uniform(rng)).ln()
}

const STEPS: usize = 1024;

/// Standard normal from 32 random bits: linear interpolation in a quantile table, fast in every
/// build profile. Tails end at about 4.2 standard deviations.
#[derive(Clone, Debug)]
pub struct Gauss {
    table: Vec<f32>,
}

impl Default for Gauss {
    fn default() -> Self {
        let normal = Normal::standard();
        let tail = 0.02 / STEPS as f64;
        let table = (0..=STEPS)
            .map(|i| normal.inverse_cdf((i as f64 / STEPS as f64).clamp(tail, 1.0 - tail)) as f32)
            .collect();
        Self { table }
    }
}

impl Gauss {
    /// A standard normal value.
    pub fn at(&self, bits: u32) -> f32 {
        let i = (bits >> 22) as usize;
        let share = (bits & 0x3f_ffff) as f32 / 4_194_304.0;
        match self.table.get(i..i + 2) {
            Some([low, high]) => low + (high - low) * share,
            _ => 0.0,
        }
    }

    /// A standard normal value that belongs to (seed, purpose, a, b) for ever.
    pub fn hashed(&self, seed: u64, purpose: Purpose, a: i64, b: u64) -> f64 {
        f64::from(self.at((hash(seed, purpose, a, b) >> 32) as u32))
    }

    /// Smooth noise of unit variance with knots every `knot` minutes: neighbours agree, minutes a
    /// few knots apart do not.
    pub fn smooth(&self, seed: u64, purpose: Purpose, minute: i64, knot: i64) -> f64 {
        let at = |i| self.hashed(seed, purpose, i, knot.cast_unsigned());
        let i = minute.div_euclid(knot);
        let x = minute.rem_euclid(knot) as f64 / knot as f64;
        let angle = std::f64::consts::FRAC_PI_2 * x * x * (3.0 - 2.0 * x);
        at(i) * angle.cos() + at(i + 1) * angle.sin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauss_has_unit_variance() {
        let gauss = Gauss::default();
        let mut rng = stream(1, Purpose::World, 0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..100_000 {
            let z = f64::from(gauss.at(rng.next_u32()));
            sum += z;
            squares += z * z;
        }
        assert!((sum / 1e5).abs() < 0.02, "mean {sum}");
        assert!((squares / 1e5 - 1.0).abs() < 0.02, "variance {squares}");
    }

    #[test]
    fn streams_differ_by_minute_and_purpose() {
        let first = |p, m| stream(7, p, m).next_u64();
        assert_eq!(first(Purpose::Visits, 5), first(Purpose::Visits, 5));
        assert_ne!(first(Purpose::Visits, 5), first(Purpose::Visits, 6));
        assert_ne!(first(Purpose::Visits, 5), first(Purpose::Bots, 5));
    }
}
