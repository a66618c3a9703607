//! What an incident is about, in the few words that documents count by: guardrails, place, the
//! layer a metric belongs to. Read off the recorded evidence; nothing is judged here.

use crate::domain::id::GuardrailId;
use crate::domain::metric::Metric;
use crate::verdict::{Case, Verdict};

/// Guardrails in breach, in the order of the evidence; where none is, those that were looked at.
pub fn guardrails(case: &Case) -> Vec<GuardrailId> {
    let of = |breach: bool| {
        let mut found: Vec<GuardrailId> = Vec::new();
        for finding in case.findings.iter().filter(|f| !breach || f.verdict == Verdict::Breach) {
            if !found.contains(&finding.guardrail) {
                found.push(finding.guardrail.clone());
            }
        }
        found
    };
    let breach = of(true);
    if breach.is_empty() { of(false) } else { breach }
}

/// The guardrail that a case is counted under; its class where the evidence names none.
pub fn guardrail(case: &Case) -> String {
    let lead = guardrails(case).first().map(ToString::to_string);
    lead.unwrap_or_else(|| format!("(none named, class {})", case.class.name()))
}

/// Where it is, always in the same order.
pub fn place(case: &Case) -> String {
    let mut places = places(case);
    places.sort();
    places.join("; ")
}

pub fn places(case: &Case) -> Vec<String> {
    if case.segments.is_empty() {
        return vec!["everywhere".to_owned()];
    }
    case.segments.iter().map(ToString::to_string).collect()
}

/// Which of the seed's layers tells a metric; a source may tell more than its own.
pub fn layer(metric: Metric) -> &'static str {
    match metric {
        Metric::CheckSuccess | Metric::CheckDuration => "synthetic",
        Metric::EdgeRequests => "edge",
        Metric::Lcp
        | Metric::Inp
        | Metric::Cls
        | Metric::Fcp
        | Metric::Ttfb
        | Metric::Tbt
        | Metric::PageLoad
        | Metric::PageLoadSuccess
        | Metric::JsErrorRate
        | Metric::UserErrorRate
        | Metric::ApiSuccess
        | Metric::CrashRate
        | Metric::PageViews
        | Metric::Sessions
        | Metric::BeaconLag
        | Metric::OrphanShare
        | Metric::PersonalData => RUM,
        Metric::Own(_) => "the shop's own",
        metric if metric.is_of_service() => "service",
        _business => "business",
    }
}

/// Real-user monitoring.
pub const RUM: &str = "real users";
