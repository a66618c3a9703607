//! A rollback plan in lines for a terminal.
//! Words only; what the plan is worth is judged elsewhere.

use crate::board::{Precheck, RollbackPlan};

/// A plan in lines; what fails comes first.
pub(super) fn plan(plan: &RollbackPlan) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} {}: {} -> {} by {}",
            plan.environment, plan.service, plan.from, plan.to, plan.host
        ),
        format!("confirm token: {}", plan.confirm_token),
    ];
    lines.extend(plan.resend_of.as_ref().map(|id| {
        format!("its outcome is unknown: this sends {id} again, same key and same bytes")
    }));
    let mut checks: Vec<&Precheck> = plan.prechecks.iter().collect();
    checks.sort_by_key(|check| check.ok);
    lines.extend(checks.into_iter().map(|check| {
        let past =
            if check.stops() && check.waivable { " (--reason TEXT goes past it)" } else { "" };
        let mark = if check.ok { "ok" } else { "NO" };
        format!("  [{mark}] {}{past}", check.words())
    }));
    lines
}
