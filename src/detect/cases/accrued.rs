//! What a case has cost and whom it has met so far, as sums that only grow. How a bucket is counted
//! is told elsewhere.

use crate::domain::money::Range;

/// Sums so far.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CumulativeImpact {
    /// The first and the last bucket counted.
    span: Option<(i64, i64)>,
    pub lost: Option<Range>,
    count: Count,
    /// Affected sessions; only ever grows.
    pub people: Option<Range>,
    pub method: String,
}

impl CumulativeImpact {
    /// The first and the last bucket counted.
    pub fn counted(&self) -> Option<(i64, i64)> {
        self.span
    }

    /// What of a span is not counted yet.
    pub fn new_parts(&mut self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let (first, last) = self.span.unwrap_or((to + 1, to));
        let fresh = self.span.is_none();
        self.span = Some((first.min(from), last.max(to)));
        let earlier = (from, if fresh { to } else { first - 1 });
        let later = (last + 1, to);
        [earlier, later].into_iter().filter(|(a, b)| a <= b).collect()
    }

    pub fn meet(&mut self, more: Count) {
        let add = |sum: &mut (f64, f64), x: (f64, f64)| (sum.0, sum.1) = (sum.0 + x.0, sum.1 + x.1);
        add(&mut self.count.least, more.least);
        add(&mut self.count.most, more.most);
        let low = self.count.least.0 - Z95 * self.count.least.1.sqrt();
        let high = self.count.most.0 + Z95 * self.count.most.1.sqrt();
        let old = self.people.unwrap_or(Range::new(0.0, 0.0));
        self.people = Some(Range::new(low.round().max(old.low), high.round().max(old.high)));
        self.method = more.method;
    }
}

/// Sessions as counted: the fewest and the most it can have been, and their variances.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Count {
    pub least: (f64, f64),
    pub most: (f64, f64),
    pub method: String,
}

pub const Z95: f64 = 1.96;
