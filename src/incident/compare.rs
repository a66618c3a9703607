//! What counts as news about a case: severity, segments, suspect, verdicts, figures beyond 10 %.
//! Small wobbles are not news; the journal is for people.

use std::collections::BTreeSet;

use crate::domain::money::Range;
use crate::verdict::{Case, Verdict};

/// Figures that differ by more than this share are news.
const NEWS: f64 = 0.10;

/// True when a person would want to know that `old` became `new`.
pub fn is_news(old: &Case, new: &Case) -> bool {
    old.severity != new.severity
        || old.class != new.class
        || old.rule != new.rule
        || old.suspect.release != new.suspect.release
        || old.suspect.confidence != new.suspect.confidence
        || tied(old) != tied(new)
        || segments(old) != segments(new)
        || breaches(old) != breaches(new)
        || headline_moved(old, new)
        || range_moved(old.risk_per_minute, new.risk_per_minute)
        || range_moved(old.affected, new.affected)
        || range_moved(old.lost, new.lost)
}

/// The changes between which it is a tie; which of them leads is no news.
fn tied(case: &Case) -> BTreeSet<&str> {
    let tie = case.suspect.is_tie();
    case.suspect.candidates.iter().filter(|_| tie).map(|c| c.release.as_str()).collect()
}

/// A copy whose numbers can be written down: JSON has no NaN and no infinity.
pub fn writable(case: &Case) -> Case {
    let clean = |r: Option<Range>| r.map(|r| Range::new(r.low, r.high));
    let mut case = case.clone();
    for finding in &mut case.findings {
        finding.n = if finding.n.is_finite() { finding.n } else { 0.0 };
        finding.value = finding.value.filter(|v| v.is_finite());
        finding.baseline = finding.baseline.filter(|v| v.is_finite());
        finding.now = finding.now.filter(|v| v.is_finite());
    }
    case.risk_per_minute = clean(case.risk_per_minute);
    case.burned_per_minute = clean(case.burned_per_minute);
    case.lost = clean(case.lost);
    case.affected = clean(case.affected);
    case
}

fn segments(case: &Case) -> BTreeSet<String> {
    case.segments.iter().map(ToString::to_string).collect()
}

fn breaches(case: &Case) -> BTreeSet<(&str, String)> {
    let breach = case.findings.iter().filter(|f| f.verdict == Verdict::Breach);
    breach.map(|f| (f.guardrail.as_str(), f.segment.to_string())).collect()
}

/// What the headline tells is the first finding: it is of something else now, or its numbers moved
/// by more than [`NEWS`]. A case without findings is known by its words.
fn headline_moved(old: &Case, new: &Case) -> bool {
    let (Some(a), Some(b)) = (old.findings.first(), new.findings.first()) else {
        return old.findings.len() != new.findings.len() || old.headline != new.headline;
    };
    (a.metric, &a.stat, &a.guardrail) != (b.metric, &b.stat, &b.guardrail)
        || figure_moved(a.value, b.value)
        || figure_moved(a.baseline, b.baseline)
}

fn figure_moved(old: Option<f64>, new: Option<f64>) -> bool {
    match (old, new) {
        (Some(a), Some(b)) => moved(a, b),
        (a, b) => a.is_some() != b.is_some(),
    }
}

fn range_moved(old: Option<Range>, new: Option<Range>) -> bool {
    match (old, new) {
        (Some(a), Some(b)) => moved(a.low, b.low) || moved(a.high, b.high),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

fn moved(old: f64, new: f64) -> bool {
    let size = old.abs().max(new.abs());
    size > 0.0 && (old - new).abs() / size > NEWS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metric::Metric;
    use crate::domain::segment::Scope;
    use crate::domain::severity::Severity;
    use crate::incident::tests::kit::case;
    use crate::verdict::Finding;

    fn told(metric: Metric, usual: Option<f64>, value: f64) -> Case {
        let mut case = case(Severity::Sev1);
        let lead = Finding {
            guardrail: "funnel-progression".into(),
            verdict: Verdict::Breach,
            metric,
            stat: "rate".to_owned(),
            segment: Scope::everything(),
            value: Some(value),
            unit: "ratio".to_owned(),
            n: 500.0,
            baseline: usual,
            now: None,
            bad_until: None,
            basis: None,
            test: String::new(),
            text: String::new(),
        };
        case.findings = vec![lead];
        case
    }

    #[test]
    fn only_figures_beyond_a_tenth_are_news_in_a_headline() {
        let step = |usual, value| told(Metric::PaymentRate, usual, value);
        let old = step(Some(0.610), 0.18);
        assert!(!headline_moved(&old, &step(Some(0.602), 0.185)));
        assert!(headline_moved(&old, &step(Some(0.610), 0.14)));
        assert!(headline_moved(&old, &told(Metric::CheckoutRate, Some(0.610), 0.18)));
        assert!(headline_moved(&old, &step(None, 0.18)));
        let worded = Case { headline: "other words for the same".to_owned(), ..old.clone() };
        assert!(!headline_moved(&old, &worded), "words are not what is compared");
        let blind = |names: &str| Case {
            findings: Vec::new(),
            headline: format!("No data from {names}"),
            ..old.clone()
        };
        assert!(headline_moved(&blind("rum"), &blind("orders and rum")));
        assert!(headline_moved(&old, &blind("rum")));
    }
}
