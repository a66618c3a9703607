//! What an honest Bayesian would say who knows the fleet: the true moment of each onset, how far
//! the guilty and the innocent usually lie from it, and how often nobody did it. No place, no data:
//! a line to hold the engine against, not one that it has to stay under.

use crate::detect::tests::fleet::plan::{KINDS, Plan, draw, instant};
use crate::verdict::{Candidate, Suspect};

/// Minutes before the onset at which a change went live, in bins.
const EDGES: [f64; 22] = [
    -10.0, -5.0, -2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0,
    16.0, 32.0, 64.0, 128.0, 1440.0,
];
/// Changes a day up to which a shop is of the first and of the second class.
const CLASSES: [usize; 2] = [25, 90];
/// Rounds that are drawn to learn from; none of them is ever read by the engine.
const ROUNDS: std::ops::Range<u64> = 5000..5150;

#[derive(Clone, Copy, Default)]
struct Counts {
    guilty: f64,
    innocent: f64,
}

/// What was learnt: by class of shop and bin, and how often nobody did it.
pub struct Ideal {
    bins: Vec<Vec<Counts>>,
    none: f64,
}

fn bin(minutes: f64) -> Option<usize> {
    let at = EDGES.iter().rposition(|e| *e <= minutes)?;
    (at + 1 < EDGES.len()).then_some(at)
}

fn class(plan: &Plan) -> usize {
    CLASSES.iter().position(|c| plan.changes.len() <= *c).unwrap_or(CLASSES.len())
}

fn gaps(plan: &Plan) -> impl Iterator<Item = (usize, usize)> {
    let onset = instant(plan.onset);
    plan.changes
        .iter()
        .enumerate()
        .filter_map(move |(i, c)| Some((i, bin(onset.since(c.effective_at()).as_mins_f64())?)))
}

impl Ideal {
    pub fn learn() -> Self {
        let mut bins = vec![vec![Counts::default(); EDGES.len()]; CLASSES.len() + 1];
        let (mut none, mut all) = (0.0, 0.0);
        for seed in ROUNDS {
            for kind in 0..KINDS.len() {
                let plan = draw(kind, seed);
                all += 1.0;
                none += f64::from(u8::from(plan.guilty.is_none()));
                for (i, at) in gaps(&plan) {
                    let slot = &mut bins[class(&plan)][at];
                    if Some(&plan.changes[i].id) == plan.guilty.as_ref() {
                        slot.guilty += 1.0;
                    } else {
                        slot.innocent += 1.0;
                    }
                }
            }
        }
        Self { bins, none: none / (all - none) }
    }

    /// The suspect by times alone, named by the rule of the engine.
    pub fn suspect(&self, plan: &Plan) -> Suspect {
        let rows = &self.bins[class(plan)];
        let guilty: f64 = rows.iter().map(|c| c.guilty).sum();
        let plans: f64 = guilty * (1.0 + self.none);
        let weight = |at: usize| {
            let c = rows[at];
            (c.guilty / guilty.max(1.0)) / ((c.innocent + 0.5) / plans.max(1.0))
        };
        let mut odds: Vec<(usize, f64)> = gaps(plan).map(|(i, at)| (i, weight(at))).collect();
        odds.sort_by(|a, b| b.1.total_cmp(&a.1));
        let all: f64 = self.none + odds.iter().map(|o| o.1).sum::<f64>();
        let shares: Vec<(usize, f64)> = odds.iter().map(|(i, o)| (*i, o / all)).collect();
        let worth = shares.iter().filter(|s| s.1 >= 0.05).take(6);
        let candidates = worth.map(|(i, share)| Candidate {
            release: plan.changes[*i].id.clone(),
            share: *share,
            previous: None,
        });
        let candidates: Vec<Candidate> = candidates.collect();
        let share = |i: usize| shares.get(i).map_or(0.0, |s| s.1);
        let named = share(0) > 0.5 && share(0) >= 2.0 * share(1);
        let release = candidates.first().filter(|_| named).map(|c| c.release.clone());
        Suspect { release, candidates, ..Suspect::default() }
    }
}
