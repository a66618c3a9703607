//! How far each source has told its past, and the words about it: beside guardrails that have no
//! verdict for want of one, and on the page of sources. Facts in, words out; nothing is asked here.

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::univariate::book::SeriesRules;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::past::{Past, PastState};
use crate::verdict::{GuardrailState, Judged, Verdict};

/// The pasts of all sources.
#[derive(Clone, Debug, Default)]
pub struct Pasts {
    of: BTreeMap<SourceId, Vec<Past>>,
    /// Sources that have not come to the end of theirs.
    open: BTreeSet<SourceId>,
}

impl Pasts {
    /// `open` can tell of their past and have not yet.
    pub fn new(open: BTreeSet<SourceId>) -> Self {
        Self { of: BTreeMap::new(), open }
    }

    pub fn told(&mut self, source: &SourceId, pasts: Vec<Past>) {
        self.of.insert(source.clone(), pasts);
    }

    pub fn ended(&mut self, source: &SourceId) {
        self.open.remove(source);
    }

    pub fn of(&self, source: &SourceId) -> Vec<Past> {
        self.of.get(source).cloned().unwrap_or_default()
    }

    /// More of the past of this metric may come from this source.
    pub fn is_open(&self, source: &SourceId, metric: Metric) -> bool {
        let reads = |p: &Past| p.metric == metric && p.state == PastState::Reading;
        let known = self.of.get(source);
        self.open.contains(source) && known.is_none_or(|all| all.iter().any(reads))
    }

    /// Rows that learn say how far their past has been read, or why there is none.
    pub fn explain(&self, rows: &mut [GuardrailState], rules: &SeriesRules) {
        let silent = |row: &&mut GuardrailState| {
            row.verdict == Verdict::Unsure && row.judged == Judged::Learning
        };
        for row in rows.iter_mut().filter(silent) {
            let mine = |p: &&Past| {
                let watched = rules.guardrails.get(&p.metric);
                watched.is_some_and(|g| g.name == row.guardrail)
            };
            let told = self.of.values().flatten().filter(mine);
            // what failed is said before what goes on by itself
            let worst = told.max_by_key(|p| (p.state == PastState::Failed, p.words().is_some()));
            if let Some(words) = worst.and_then(Past::words) {
                row.detail = format!("{}; {words}", row.detail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::univariate::book::SeriesRow;
    use crate::domain::segment::Dim;
    use crate::policy::guardrail::Exposure;

    fn past(metric: Metric, state: PastState, days: u32) -> Past {
        let why = (state == PastState::Failed).then(|| "timeout total (2 s)".to_owned());
        let (by, hours) = (vec![Dim::Region], days * 24);
        Past { metric, by, days, of_days: 21, hours, state, why }
    }

    fn row(name: &str, judged: Judged) -> GuardrailState {
        GuardrailState {
            guardrail: name.into(),
            class: "performance".to_owned(),
            owner: String::new(),
            verdict: Verdict::Unsure,
            detail: "learning what is usual".to_owned(),
            judged,
            exposure: Exposure::High,
        }
    }

    #[test]
    fn a_row_that_learns_says_how_far_its_past_is_or_why_there_is_none() {
        let (source, metric) = (SourceId::from("rum"), Metric::Lcp);
        let mut pasts = Pasts::new([source.clone()].into());
        assert!(pasts.is_open(&source, metric), "nothing told yet");
        pasts.told(&source, vec![past(metric, PastState::Reading, 3)]);
        assert!(pasts.is_open(&source, metric) && !pasts.is_open(&source, Metric::Inp));
        let drift = |name: &str| SeriesRow { name: name.into(), drift: None };
        let guardrails = [(metric, drift("web-vitals")), (Metric::Orders, drift("visits"))].into();
        let rules = SeriesRules { guardrails, ..SeriesRules::default() };
        let mut rows = [row("web-vitals", Judged::Learning), row("visits", Judged::Learning)];
        pasts.explain(&mut rows, &rules);
        let said = "learning what is usual; reading the past of lcp by region: 3 of 21 days";
        assert_eq!([&rows[0].detail, &rows[1].detail], [said, "learning what is usual"]);
        pasts.told(&source, vec![past(metric, PastState::Failed, 0)]);
        pasts.ended(&source);
        assert!(!pasts.is_open(&source, metric));
        let mut rows = [row("web-vitals", Judged::Learning), row("web-vitals", Judged::Yes)];
        pasts.explain(&mut rows, &rules);
        assert!(rows[0].detail.contains("no past for lcp by region: timeout total (2 s)"));
        assert_eq!(rows[1].detail, "learning what is usual", "it has a verdict");
    }
}
