//! What blame says, in words for somebody who was asleep a minute ago: a name, a tie, nobody. All
//! shares are whole percents. Weighs nothing.

use super::inquiry::{Inquiry, previous};
use super::weigh::Weighed;
use crate::domain::change::Change;
use crate::verdict::{Candidate, Confidence, Considered, Suspect};

pub fn percent(p: f64) -> u32 {
    (p * 100.0).round().clamp(0.0, 100.0) as u32
}

/// A share in whole percents.
pub fn whole(p: f64) -> f64 {
    f64::from(percent(p)) / 100.0
}

/// Every change with its share and why.
pub fn considered(all: &[Weighed<'_>], shares: &[f64]) -> Vec<Considered> {
    let one = |(w, p): (&Weighed<'_>, &f64)| {
        let words: Vec<String> = w.words.iter().chain(&w.against).cloned().collect();
        let why = format!("{} % likely: {}", percent(*p), words.join("; "));
        Considered { release: w.change.id.clone(), why }
    };
    all.iter().zip(shares).map(one).collect()
}

/// Those with a share that is worth a line.
pub fn candidates(
    all: &[Weighed<'_>],
    shares: &[f64],
    (least, most): (f64, usize),
) -> Vec<Candidate> {
    let worth = all.iter().zip(shares).filter(|(_, p)| **p >= least).take(most);
    worth.map(|(w, p)| Candidate { share: whole(*p), ..previous(w.change) }).collect()
}

/// `one of A (48 %), B (40 %)`, and how likely none of them is where that is worth a word.
pub fn tie(candidates: &[Candidate], none: f64) -> String {
    let each = candidates.iter().map(|c| format!("{} ({} %)", c.release, percent(c.share)));
    let each: Vec<String> = each.collect();
    let lead = if each.len() == 1 { "perhaps " } else { "one of " };
    let rest =
        if none >= 0.05 { format!(", or no release ({} %)", percent(none)) } else { String::new() };
    format!("{lead}{}{rest}: their times alone do not tell", each.join(", "))
}

/// Nobody: how sure that is, and who comes closest.
pub fn none(scene: &Inquiry<'_>, all: &[Weighed<'_>], none: f64) -> String {
    if all.is_empty() {
        return scene.feed.none("no release explains this: none went live in the day before");
    }
    format!("no release explains this ({} % likely)", percent(none))
}

/// The place carries the name of one change.
pub fn certain(change: &Change, why: String) -> Suspect {
    Suspect {
        release: Some(change.id.clone()),
        confidence: Confidence::High,
        candidates: vec![Candidate { share: 1.0, ..previous(change) }],
        reasons: vec![why],
        against: Vec::new(),
        considered: vec![Considered {
            release: change.id.clone(),
            why: "named by the segment".into(),
        }],
    }
}

/// What is left of a suspect without changes that were taken back and did not help.
pub fn without(told: &Suspect, gone: &[&Change]) -> Suspect {
    let is_gone = |c: &&Candidate| gone.iter().any(|g| g.id == c.release);
    let lost: f64 = told.candidates.iter().filter(is_gone).map(|c| c.share).sum();
    let left = (1.0 - lost).max(0.01);
    let rest = told.candidates.iter().filter(|c| !is_gone(c));
    let share = |p: f64| whole(p / left);
    let candidates = rest.map(|c| Candidate { share: share(c.share), ..c.clone() });
    let candidates: Vec<Candidate> = candidates.collect();
    let names: Vec<&str> = gone.iter().map(|c| c.id.as_str()).collect();
    let back = format!("{} was taken back and it got no better", names.join(", "));
    let listed: f64 = candidates.iter().map(|c| c.share).sum();
    let reason = if listed > 0.5 {
        format!("{}; {back}", tie(&candidates, 1.0 - listed))
    } else {
        format!("no release explains this: {back}")
    };
    Suspect {
        release: None,
        confidence: Confidence::None,
        candidates,
        reasons: vec![reason],
        against: Vec::new(),
        considered: told.considered.clone(),
    }
}
