//! Red beside green: checks and speed are fine and buying is not, or the other way round. Named as
//! findings of their own (seed 000, "Why synthetic and RUM must be used together").
//! Decides no severity and opens nothing.

use crate::domain::metric::Metric;
use crate::policy::guardrail::Guardrail;
use crate::verdict::{Case, Class, Finding, GuardrailState, Verdict};

/// Classes of guardrails, as the board names them.
const CHECKS: [&str; 1] = ["availability"];
const SPEED: [&str; 2] = ["performance", "errors"];
const BUYING: [&str; 2] = ["funnel", "conversion"];

/// Names both states in the cases they hold for, and in the guardrails of the red side.
pub fn name(policy: &[Guardrail], cases: &mut [Case], guardrails: &mut [GuardrailState]) {
    let tech = checked(policy, guardrails)
        && green(guardrails, &SPEED)
        && !red(guardrails, &[CHECKS[0], SPEED[0], SPEED[1]]);
    let business = green(guardrails, &BUYING) && !red(guardrails, &BUYING);
    let told = |list: &[GuardrailState], classes: &[&str]| {
        let fine = list.iter().filter(|g| has(g, classes) && g.verdict == Verdict::Ok);
        fine.map(|g| g.guardrail.as_str().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let fine_tech = told(guardrails, &[CHECKS[0], SPEED[0], SPEED[1]]);
    let fine_business = told(guardrails, &BUYING);
    for case in cases.iter_mut().filter(|c| c.firing) {
        let buys_less = matches!(case.class, Class::Conversion | Class::Efficiency);
        let breaks = matches!(case.class, Class::Regression | Class::Availability);
        // what was lost is told, whether or not it goes on
        let lost = case.findings.iter().any(|f| of_business(f.metric));
        let burns = case.burned_per_minute.is_none();
        if buys_less && tech && burns {
            let short = "green tech, red business: checks and speed are fine, buying is not";
            mark(guardrails, case, short);
            let text = format!("{short} (as usual: {fine_tech})");
            case.evidence_for.push(text.clone());
            add(case, "green-tech-red-business", Verdict::Breach, text);
        } else if breaks && business && !lost && burns {
            let text = format!(
                "red tech, business unharmed: shoppers buy as usual (as usual: {fine_business})"
            );
            case.evidence_against.push(text.clone());
            add(case, "red-tech-business-unharmed", Verdict::Ok, text);
        }
    }
}

fn has(row: &GuardrailState, classes: &[&str]) -> bool {
    classes.contains(&row.class.as_str())
}

/// Checks were run and pass: all rows on them say so.
fn checked(policy: &[Guardrail], rows: &[GuardrailState]) -> bool {
    let probed = |g: &&GuardrailState| {
        let row = policy.iter().find(|row| row.name == g.guardrail);
        row.is_some_and(|row| row.metric.contains(&Metric::CheckSuccess))
    };
    let mut rows = rows.iter().filter(probed).peekable();
    rows.peek().is_some() && rows.all(|g| g.verdict == Verdict::Ok)
}

/// One row of these classes at least says that all is well.
fn green(rows: &[GuardrailState], classes: &[&str]) -> bool {
    rows.iter().any(|g| has(g, classes) && g.verdict == Verdict::Ok)
}

fn red(rows: &[GuardrailState], classes: &[&str]) -> bool {
    let bad = |g: &GuardrailState| matches!(g.verdict, Verdict::Breach | Verdict::Blind);
    rows.iter().any(|g| has(g, classes) && bad(g))
}

fn of_business(metric: Metric) -> bool {
    Metric::STEPS.iter().any(|s| s.0 == metric)
        || matches!(metric, Metric::ConversionRate | Metric::Orders | Metric::Revenue)
        || matches!(metric, Metric::Sessions | Metric::EdgeRequests)
}

/// The rows of the red side say it too.
fn mark(rows: &mut [GuardrailState], case: &Case, short: &str) {
    let named = |g: &GuardrailState| case.findings.iter().any(|f| f.guardrail == g.guardrail);
    for row in rows.iter_mut().filter(|g| g.verdict == Verdict::Breach && named(g)) {
        row.detail = format!("{}; {short}", row.detail);
    }
}

fn add(case: &mut Case, name: &str, verdict: Verdict, text: String) {
    let Some(lead) = case.findings.first() else { return };
    let finding = Finding {
        guardrail: name.into(),
        verdict,
        metric: lead.metric,
        stat: "state".to_owned(),
        segment: lead.segment.clone(),
        value: None,
        unit: lead.unit.clone(),
        n: 0.0,
        baseline: None,
        now: None,
        bad_until: None,
        basis: None,
        test: "checks, speed and errors against buying".to_owned(),
        text,
    };
    case.findings.push(finding);
}
