//! Names that incidents and actions are known by, made from facts alone: no randomness, no clock.
//! Two bastions without a common store make the same action id.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE32_NOPAD;

use crate::domain::id::{ActionId, IncidentId, ReleaseId};
use crate::domain::time::Timestamp;

/// Crockford's letters: none of them is read as another one on the phone.
const SPOKEN: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J',
    'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// What a rollback is, so far as its identity goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RollbackFacts<'a> {
    pub environment: &'a str,
    pub service: &'a str,
    pub from: &'a ReleaseId,
    /// When the release that is left went live.
    pub deployed_at: Timestamp,
    pub to: &'a ReleaseId,
    pub attempt: u32,
    /// A rehearsal has a name of its own, else a receiver would take the real one for a repeat.
    pub dry_run: bool,
}

/// `INC-` and five letters from `now` (in steps of ten seconds) plus `counter`. As long as time
/// does not fall and the counter grows with each call, no two of the next ten years are alike.
pub fn incident_id(now: Timestamp, counter: u64) -> IncidentId {
    const BITS: u64 = 1 << 25;
    const ODD: u64 = 0x09E_3779; // odd, so that neighbours differ in every letter and none is lost
    let tens = u64::try_from(now.secs()).unwrap_or(0) / 10;
    let mixed = (tens.wrapping_add(counter) % BITS).wrapping_mul(ODD) % BITS;
    let letters: String =
        (0..5).rev().filter_map(|i| SPOKEN.get((mixed >> (i * 5) & 31) as usize)).collect();
    IncidentId::new(format!("INC-{letters}"))
}

/// Base32 of SHA-256 over the facts, each with its length before it so that no two facts can
/// run into each other. 52 letters; also the `webhook-id` and the `Idempotency-Key`.
pub fn action_id(facts: &RollbackFacts<'_>) -> ActionId {
    let mut fields = vec![
        facts.environment.to_owned(),
        facts.service.to_owned(),
        facts.from.to_string(),
        facts.deployed_at.to_string(),
        facts.to.to_string(),
        facts.attempt.to_string(),
    ];
    if facts.dry_run {
        fields.push("dry-run".to_owned());
    }
    let text = fields.iter().fold(String::new(), |t, f| t + &format!("{}:{f}\n", f.len()));
    ActionId::new(base32(digest(&SHA256, text.as_bytes()).as_ref()))
}

/// The last six letters and digits, lower case: what a person types to confirm.
/// Empty when there are none; nothing can be confirmed then.
pub fn confirm_token(release: &ReleaseId) -> String {
    let plain: Vec<char> = release.as_str().chars().filter(|c| c.is_alphanumeric()).collect();
    let tail = plain.get(plain.len().saturating_sub(6)..).unwrap_or_default();
    tail.iter().flat_map(|c| c.to_lowercase()).collect()
}

/// True when what was typed is the token: case and blanks do not matter, and an empty token is
/// nobody's. The one rule for the dialog, the command line and the journal's gate.
pub fn confirms(typed: &str, token: &str) -> bool {
    let plain: String =
        typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    !token.is_empty() && plain == token
}

/// RFC 4648, section 6, in lower case and without padding.
fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn base32_is_the_one_of_rfc_4648() {
        for (plain, want) in
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foobar", "mzxw6ytboi"), ("fooba", "mzxw6ytb")]
        {
            assert_eq!(base32(plain.as_bytes()), want);
        }
    }

    #[test]
    fn incident_ids_stay_apart_when_time_stands_still_or_runs() {
        let mut seen = BTreeSet::new();
        for n in 0..5000_u64 {
            let at = Timestamp::from_secs(1_795_000_000 + i64::try_from(n / 7).unwrap_or(0));
            assert!(seen.insert(incident_id(at, n)), "number {n}");
        }
        let one = incident_id(Timestamp::from_secs(1_795_000_000), 1);
        assert_eq!(one.as_str().len(), 9);
    }

    #[test]
    fn tokens_are_the_last_six_letters_and_digits() {
        let token = |text: &str| confirm_token(&ReleaseId::from(text));
        assert_eq!(token("theme-2026.11.20-3"), "611203");
        assert_eq!(token("Checkout-API v1.4-RC2"), "v14rc2");
        assert_eq!(token("7"), "7");
        assert_eq!(token("---"), "");
    }

    #[test]
    fn a_token_is_confirmed_by_its_letters_whatever_their_case_and_the_blanks_between() {
        for typed in ["v14rc2", "V14RC2", " v14rc2 ", "v14 rc2", "\tv1 4r c2\n", "v14\u{a0}rc2"] {
            assert!(confirms(typed, "v14rc2"), "{typed:?}");
        }
        for typed in ["", " ", "v14rc", "v14rc22", "xv14rc2", "v14-rc2", "v14rc2;"] {
            assert!(!confirms(typed, "v14rc2"), "{typed:?}");
        }
        assert!(!confirms("", "") && !confirms(" ", ""));
        assert!(confirms("\u{dc}NI7", "\u{fc}ni7"));
    }

    #[test]
    fn each_fact_makes_another_action_id_and_the_same_facts_the_same_one() {
        let (from, to) = (ReleaseId::from("v3"), ReleaseId::from("v2"));
        let base = RollbackFacts {
            environment: "production",
            service: "checkout",
            from: &from,
            deployed_at: Timestamp::from_secs(1),
            to: &to,
            attempt: 1,
            dry_run: false,
        };
        let all = [
            base,
            RollbackFacts { environment: "productio", service: "ncheckout", ..base },
            RollbackFacts { deployed_at: Timestamp::from_secs(2), ..base },
            RollbackFacts { from: &to, to: &from, ..base },
            RollbackFacts { attempt: 2, ..base },
            RollbackFacts { dry_run: true, ..base },
        ];
        let ids: BTreeSet<_> = all.iter().map(action_id).collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(action_id(&base), action_id(&base.clone()));
        assert_eq!(action_id(&base).as_str().len(), 52);
    }
}
