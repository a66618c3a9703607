//! What came of a fleet of incidents, counted and printed: guilty, innocent, ties, none, each by
//! confidence; how far shares can be believed. Runs nothing.

use std::collections::BTreeMap;

use crate::detect::tests::fleet::ideal::Ideal;
use crate::detect::tests::fleet::plan::{KINDS, Plan, instant};
use crate::domain::change::Change;
use crate::domain::id::ReleaseId;
use crate::verdict::{Confidence, Suspect};

/// What a suspect came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    Guilty,
    TieHolds,
    RightlyNone,
    WronglyNone,
    TieMisses,
    Innocent,
    Unseen,
}

pub fn outcome(told: Option<&Suspect>, guilty: Option<&ReleaseId>) -> Outcome {
    let Some(told) = told else { return Outcome::Unseen };
    let holds = || told.candidates.iter().any(|c| Some(&c.release) == guilty);
    match &told.release {
        Some(named) if Some(named) == guilty => Outcome::Guilty,
        Some(_) => Outcome::Innocent,
        None if told.is_tie() && holds() => Outcome::TieHolds,
        None if told.is_tie() => Outcome::TieMisses,
        None if guilty.is_none() => Outcome::RightlyNone,
        None => Outcome::WronglyNone,
    }
}

/// `flag: guilty web-4 | web-4 +0.6 82 %, api-7 -3.0 11 % | Medium`: minutes from live to onset.
pub fn line(plan: &Plan, told: Option<&Suspect>) -> String {
    let guilty = plan.guilty.as_ref().map_or("nobody", |g| g.as_str());
    let Some(told) = told else { return format!("{guilty} | unseen") };
    let gap = |id: &ReleaseId| {
        let live = plan.changes.iter().find(|c| c.id == *id).map(Change::effective_at);
        instant(plan.onset).since(live.unwrap_or_default()).as_mins_f64()
    };
    let one = |id: &ReleaseId, p: f64| format!("{id} {:+.1} {:.0} %", gap(id), p * 100.0);
    let each: Vec<String> = told.candidates.iter().map(|c| one(&c.release, c.share)).collect();
    let truth = plan.guilty.as_ref().map_or(0.0, gap);
    format!(
        "{}: {guilty} {truth:+.1} | {} | {:?}",
        KINDS.get(plan.kind).unwrap_or(&"?"),
        each.join(", "),
        told.confidence
    )
}

/// One incident's answers: as told ten minutes in, at the end, and with the changes moved.
pub struct FleetRow {
    pub plan: Plan,
    pub guilty: Option<ReleaseId>,
    pub early: Option<Suspect>,
    pub end: Option<Suspect>,
    pub moved: Vec<Option<Suspect>>,
}

#[derive(Default)]
pub struct Tally {
    pub rows: Vec<FleetRow>,
}

impl Tally {
    pub fn count(&self, of: impl Fn(&FleetRow) -> Option<&Suspect>, wanted: Outcome) -> usize {
        let hit = |r: &&FleetRow| outcome(of(r), r.guilty.as_ref()) == wanted;
        self.rows.iter().filter(hit).count()
    }

    pub fn innocents_at_high(&self) -> usize {
        let high = |r: &&FleetRow| {
            let told = r.early.as_ref().is_some_and(|s| s.confidence == Confidence::High);
            told && outcome(r.early.as_ref(), r.guilty.as_ref()) == Outcome::Innocent
        };
        self.rows.iter().filter(high).count()
    }

    /// Suspects that change when all changes are moved; those at high first.
    pub fn flips(&self) -> (usize, usize, usize) {
        let (mut high, mut any, mut asked) = (0, 0, 0);
        for row in &self.rows {
            let Some(told) = &row.early else { continue };
            for moved in row.moved.iter().flatten() {
                asked += 1;
                let flip = moved.release != told.release;
                any += usize::from(flip);
                let named = told.confidence == Confidence::High;
                high += usize::from(flip && named);
            }
        }
        (high, any, asked)
    }

    /// Of shares within bounds: how many, and how many of them did it.
    pub fn calibration(&self, low: f64, high: f64) -> (usize, usize) {
        let told = self.rows.iter().filter_map(|r| Some((r, r.early.as_ref()?)));
        let shares = told.flat_map(|(r, s)| s.candidates.iter().map(move |c| (r, c)));
        let within: Vec<bool> = shares
            .filter(|(_, c)| low <= c.share && c.share < high)
            .map(|(r, c)| Some(&c.release) == r.guilty.as_ref())
            .collect();
        (within.len(), within.iter().filter(|x| **x).count())
    }

    pub fn print(&self, title: &str) {
        use Outcome::{Guilty, Innocent, RightlyNone, TieHolds, TieMisses, Unseen, WronglyNone};
        let all = [Guilty, TieHolds, RightlyNone, WronglyNone, TieMisses, Innocent, Unseen];
        println!("\n## {title}: {} incidents", self.rows.len());
        let ideal = Ideal::learn();
        let best: Vec<Suspect> = self.rows.iter().map(|r| ideal.suspect(&r.plan)).collect();
        println!("| told | ten minutes in | at the end | an honest Bayesian |\n|---|---|---|---|");
        for o in all {
            let (a, b) = (self.count(|r| r.early.as_ref(), o), self.count(|r| r.end.as_ref(), o));
            let rows = self.rows.iter().zip(&best);
            let c = rows.filter(|(r, s)| outcome(Some(*s), r.guilty.as_ref()) == o).count();
            println!("| {o:?} | {a} | {b} | {c} |");
        }
        println!("| confidence | guilty | innocent |\n|---|---|---|");
        for c in [Confidence::High, Confidence::Medium, Confidence::Low] {
            let of = |o: Outcome| {
                let hit = |r: &&FleetRow| {
                    r.early.as_ref().is_some_and(|s| s.confidence == c)
                        && outcome(r.early.as_ref(), r.guilty.as_ref()) == o
                };
                self.rows.iter().filter(hit).count()
            };
            println!("| {c:?} | {} | {} |", of(Guilty), of(Innocent));
        }
        println!("| share | said | did it |\n|---|---|---|");
        for (low, high) in [(0.05, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)] {
            let (n, hit) = self.calibration(low, high);
            let part = 100.0 * hit as f64 / n.max(1) as f64;
            println!("| {low:.2}-{high:.2} | {n} | {hit} ({part:.0} %) |");
        }
        let (high, any, asked) = self.flips();
        println!("moved by -20, -10, 10, 20 s: {asked} asked, {any} others named, {high} at high");
        let mut kinds: BTreeMap<usize, BTreeMap<Outcome, usize>> = BTreeMap::new();
        for r in &self.rows {
            let o = outcome(r.early.as_ref(), r.guilty.as_ref());
            *kinds.entry(r.plan.kind).or_default().entry(o).or_default() += 1;
        }
        for (kind, counts) in kinds {
            println!("{:<24} {counts:?}", KINDS.get(kind).unwrap_or(&"?"));
        }
    }
}
