//! What rose since somebody acknowledged: place and money. An acknowledgement is for what was seen
//! then; what is clearly more asks for it again and says what it is.

use super::fold::{AckSeen, Incident};
use crate::domain::segment::Scope;
use crate::domain::time::Timestamp;
use crate::policy::response::ResponsePolicy;
use crate::verdict::Case;

/// Money that rose is at least this many times what was the most then.
const MONEY: f64 = 2.0;
/// A place is clearly wider when it holds at least this many times the values.
const WIDER: usize = 2;

/// What rose since the newest acknowledgement and has stayed so for one recorded look at least.
pub(super) fn rose(
    incident: &Incident,
    case: &Case,
    policy: &ResponsePolicy,
    now: Timestamp,
) -> Option<String> {
    let seen = &incident.acks.last()?.seen;
    let stayed = now.since(incident.updated_at) >= policy.timing.update_every;
    let before = more(seen, &incident.case);
    before.and_then(|_| more(seen, case)).filter(|_| stayed)
}

/// Place and money beyond what was seen, in words.
fn more(seen: &AckSeen, case: &Case) -> Option<String> {
    let mut out: Vec<String> = Vec::new();
    let (old, new) = (&seen.segments, &case.segments);
    if !old.is_empty() {
        let other = new.iter().filter(|s| old.iter().all(|o| !o.overlaps(s)));
        let other: Vec<String> = other.map(ToString::to_string).collect();
        let wide = new.iter().find_map(|s| {
            let from = old.iter().find(|o| wider(s, o))?;
            old.iter().all(|o| !s.is_within(o)).then(|| format!("{from} -> {s}"))
        });
        if !other.is_empty() {
            out.push(format!("also in {}", other.join(", ")));
        }
        out.extend(wide.map(|w| format!("the place is wider: {w}")));
    }
    if let (Some(then), Some(now)) = (seen.risk, case.risk_per_minute)
        && then.high > 0.0
        && now.low > MONEY * then.high
    {
        let words = format!("money at risk: {:.0} -> {:.0} a minute at least", then.high, now.low);
        out.push(words);
    }
    (!out.is_empty()).then(|| out.join("; "))
}

/// Every shopper of `old` is in `new`, and many more.
fn wider(new: &Scope, old: &Scope) -> bool {
    let grown = old.dims.iter().any(|(d, values)| match new.dims.get(d) {
        None => true,
        Some(now) => now.len() >= WIDER * values.len(),
    });
    old.is_within(new) && grown
}
