//! Observed against expected over some leaves and buckets, and what known incidents explain of it.
//! Sums only.

/// Observed against expected over some leaves and buckets.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Tally {
    /// Samples, trials or exposure.
    pub units: f64,
    /// Observed sum.
    pub observed: f64,
    /// Expected sum.
    pub expected: f64,
    /// Variance of the observed sum when nothing is wrong and samples are independent.
    pub variance: f64,
    /// What known incidents explain; already taken out of `a`.
    pub explained: f64,
}

impl Tally {
    pub fn add(&mut self, o: &Self) {
        self.units += o.units;
        self.observed += o.observed;
        self.expected += o.expected;
        self.variance += o.variance;
        self.explained += o.explained;
    }

    pub fn sub(&mut self, o: &Self) {
        self.units -= o.units;
        self.observed -= o.observed;
        self.expected -= o.expected;
        self.variance -= o.variance;
        self.explained -= o.explained;
    }

    /// Takes out what known incidents explain.
    pub fn explain(&mut self, known: Explained) {
        self.observed -= known.sum;
        self.explained += known.sum;
        self.variance += known.variance;
    }
}

/// What known incidents add to a sum.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Explained {
    pub sum: f64,
    /// Its variance where a cut cannot tell who was hit: of a few samples more or fewer are.
    pub variance: f64,
}

impl Explained {
    pub fn add(&mut self, o: &Self) {
        self.sum += o.sum;
        self.variance += o.variance;
    }
}
