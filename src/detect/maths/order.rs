//! Order statistics over a set that changes: a sorted vector with neighbours, quantiles and MAD.
//! Numbers only; who inserts, forgets or scales them is decided elsewhere.

/// Values in ascending order. Only finite values may enter (the detector filters the rest).
#[derive(Clone, Debug, Default)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn insert(&mut self, x: f64) {
        let i = self.0.partition_point(|q| *q < x);
        self.0.insert(i, x);
    }

    /// Removes one element equal to `x`, if there is one.
    pub fn remove(&mut self, x: f64) {
        let i = self.0.partition_point(|q| *q < x);
        if self.0.get(i).is_some_and(|q| *q == x) {
            self.0.remove(i);
        }
    }

    /// Thins the set to about `most` elements spread evenly over its bulk; outliers stay.
    pub fn thin(&mut self, most: usize) {
        let gap = (self.quantile(0.999) - self.quantile(0.001)) / most.max(1) as f64;
        let mut kept = f64::NEG_INFINITY;
        self.0.retain(|x| {
            let keep = x - kept > gap;
            if keep {
                kept = *x;
            }
            keep
        });
    }

    /// Distance from `x` to the nearest element; none when the set is empty.
    pub fn nearest(&self, x: f64) -> Option<f64> {
        let i = self.0.partition_point(|q| *q < x);
        let above = self.0.get(i).map(|q| q - x);
        let below = i.checked_sub(1).and_then(|j| self.0.get(j)).map(|q| x - q);
        match (above, below) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The `p` quantile (0..=1), linear between order statistics; 0 when empty.
    pub fn quantile(&self, p: f64) -> f64 {
        let k = p * self.0.len().saturating_sub(1) as f64;
        let low = self.at(k.floor() as usize);
        let high = self.at(k.ceil() as usize);
        low + (high - low) * k.fract()
    }

    /// The lower median of absolute deviations from `centre`, in O(log n): both sides of the
    /// centre are already sorted by distance, so the median is a selection from two sorted lists.
    pub fn deviation(&self, centre: f64) -> f64 {
        let n = self.0.len();
        if n == 0 {
            return 0.0;
        }
        let left = self.0.partition_point(|q| *q < centre);
        let right = n - left;
        let take = (n - 1) / 2 + 1;
        let below = |i: usize| centre - self.at(left - 1 - i);
        let above = |j: usize| self.at(left + j) - centre;
        let (mut lo, mut hi) = (take.saturating_sub(right), take.min(left));
        while lo < hi {
            let i = usize::midpoint(lo, hi);
            if above(take - i - 1) > below(i) { lo = i + 1 } else { hi = i }
        }
        let from_left = if lo > 0 { below(lo - 1) } else { 0.0 };
        let from_right = if take > lo { above(take - lo - 1) } else { 0.0 };
        from_left.max(from_right)
    }

    fn at(&self, i: usize) -> f64 {
        self.0.get(i).copied().unwrap_or(0.0)
    }
}

/// The median of a few values in ascending order; none when there are none.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let high = sorted.len() / 2;
    let low = sorted.len().checked_sub(1)? / 2;
    Some(f64::midpoint(*sorted.get(low)?, *sorted.get(high)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_is_the_lower_median_distance() {
        let mut rng = 7u64;
        for n in 1..60usize {
            let mut set = Sorted::default();
            let mut plain = Vec::new();
            for _ in 0..n {
                rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let x = (rng >> 58) as f64;
                set.insert(x);
                plain.push(x);
            }
            for centre in [0.0, 13.5, 31.0, 90.0] {
                let mut d: Vec<f64> = plain.iter().map(|x| (x - centre).abs()).collect();
                d.sort_by(f64::total_cmp);
                assert_eq!(set.deviation(centre), d[(n - 1) / 2], "n {n} centre {centre}");
            }
        }
    }

    #[test]
    fn nearest_and_removal() {
        let mut set = Sorted::default();
        assert_eq!(set.nearest(1.0), None);
        for x in [5.0, 1.0, 3.0] {
            set.insert(x);
        }
        assert_eq!(
            (set.nearest(4.5), set.nearest(9.0), set.nearest(3.0)),
            (Some(0.5), Some(4.0), Some(0.0))
        );
        set.remove(3.0);
        set.remove(42.0);
        assert_eq!((set.len(), set.nearest(3.0)), (2, Some(2.0)));
        assert_eq!(set.quantile(0.5), 3.0);
    }
}
