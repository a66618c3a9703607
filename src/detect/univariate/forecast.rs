//! One-step forecast: recursive least squares that forgets, on the squashed scale of `recent`.
//! Six inputs, a 6 x 6 covariance; the error is evidence, the forecast is shown to people.

const N: usize = 6;
/// Errors are clipped before they teach: one spike must not rewrite the model.
const CLIP: f64 = 3.0;
/// The covariance trace above which it is scaled back (it grows without excitation).
const WIDEST: f64 = 1e4;

/// Inputs: last three values, mean of twelve, same time yesterday, one.
pub type Inputs = [f64; N];

#[derive(Clone, Debug)]
pub struct StepForecast {
    weights: [f64; N],
    covariance: [[f64; N]; N],
}

impl Default for StepForecast {
    fn default() -> Self {
        let mut covariance = [[0.0; N]; N];
        for (i, row) in covariance.iter_mut().enumerate() {
            if let Some(cell) = row.get_mut(i) {
                *cell = 10.0;
            }
        }
        // the prior: tomorrow is like now
        Self { weights: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], covariance }
    }
}

impl StepForecast {
    pub fn predict(&self, inputs: &Inputs) -> f64 {
        dot(&self.weights, inputs)
    }

    /// Learns from the error of a prediction; `keep` in 0..1 is the forgetting factor.
    pub fn learn(&mut self, inputs: &Inputs, error: f64, keep: f64) {
        let gain = self.covariance.map(|row| dot(&row, inputs));
        let scale = keep + dot(&gain, inputs);
        let error = error.clamp(-CLIP, CLIP);
        for (w, g) in self.weights.iter_mut().zip(gain) {
            *w += g / scale * error;
        }
        let mut trace = 0.0;
        for (i, (row, gi)) in self.covariance.iter_mut().zip(gain).enumerate() {
            for (cell, gj) in row.iter_mut().zip(gain) {
                *cell = (*cell - gi * gj / scale) / keep;
            }
            trace += row.get(i).copied().unwrap_or(0.0);
        }
        if trace > WIDEST {
            let shrink = 0.1 * WIDEST / trace;
            self.covariance = self.covariance.map(|row| row.map(|c| c * shrink));
        }
        if !trace.is_finite() || self.weights.iter().any(|w| !w.is_finite()) {
            *self = Self::default();
        }
    }
}

fn dot(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
