//! Value novelty: how far a value lies from the nearest value ever seen.
//! A sorted set of bounded resolution and size; it forgets nothing and has no idea of time.

use crate::detect::maths::order::Sorted;

/// Values closer than this share of the usual deviation count as the same.
const GRAIN: f64 = 1e-4;
/// Bound on the set; when reached it is thinned to half.
const MOST: usize = 16_384;

/// All values seen, thinned to the grain.
#[derive(Clone, Debug, Default)]
pub struct ValueMemory(Sorted);

impl ValueMemory {
    /// Distance to the nearest remembered value, in the series' own units; 0 while there is none.
    pub fn novelty(&self, x: f64) -> f64 {
        self.0.nearest(x).unwrap_or(0.0)
    }

    /// Remembers `x`; `sd` is the usual deviation now.
    pub fn push(&mut self, x: f64, sd: f64) {
        if self.0.nearest(x).is_some_and(|d| d <= GRAIN * sd) {
            return;
        }
        if self.0.len() >= MOST {
            self.0.thin(MOST / 2);
        }
        self.0.insert(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_still_knows_its_range() {
        let mut memory = ValueMemory::default();
        for i in 0..100_000 {
            memory.push(f64::from(i), 0.0);
        }
        assert!(memory.0.len() <= MOST);
        assert!(memory.novelty(50_000.5) <= 32.0);
        assert_eq!(memory.novelty(99_999.0), 0.0);
    }
}
