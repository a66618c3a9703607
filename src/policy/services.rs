//! `[services]`: who calls whom. Keys are services, templates or journeys; what they call are
//! services and providers. Also what names of services have in common. Nothing is judged here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::one_or_many::one_or_many;

/// The `[services]` section.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Services {
    /// Caller to what it calls; a service that calls nobody stands with an empty list.
    pub calls: BTreeMap<String, Callees>,
}

/// One name or a list of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Callees(#[serde(deserialize_with = "one_or_many")] pub Vec<String>);

/// Words that many names of services carry and that tell none apart.
const GENERIC: [&str; 12] = [
    "service",
    "services",
    "svc",
    "api",
    "app",
    "server",
    "backend",
    "prod",
    "production",
    "ms",
    "srv",
    "deploy",
];

impl Services {
    /// The name in the table that means `name` (`payment-service` is `payment`).
    pub fn known<'a>(&'a self, name: &str) -> Option<&'a str> {
        let all = || self.calls.iter().flat_map(|(k, v)| std::iter::once(k).chain(&v.0));
        let exact = all().find(|n| *n == name);
        exact.or_else(|| all().find(|n| same(n, name))).map(String::as_str)
    }

    /// Everything that `name` calls, directly or through others; without itself.
    pub fn called_by(&self, name: &str) -> BTreeSet<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![name];
        while let Some(one) = open.pop() {
            let key = self.calls.keys().find(|k| *k == one || same(k, one));
            let callees = key.and_then(|k| self.calls.get(k)).into_iter().flat_map(|c| &c.0);
            for callee in callees {
                if found.insert(callee) {
                    open.push(callee);
                }
            }
        }
        found.retain(|n| !same(n, name));
        found
    }

    /// `caller` calls `callee`, directly or through others.
    pub fn reaches(&self, caller: &str, callee: &str) -> bool {
        self.called_by(caller).iter().any(|n| same(n, callee))
    }

    /// True when the table says whom `name` calls.
    pub fn tells(&self, name: &str) -> bool {
        self.calls.keys().any(|k| same(k, name))
    }
}

/// The words of a name in lower case, without those that tell nothing: `org/Payment-Service-v2` is
/// `payment`.
pub fn words(name: &str) -> BTreeSet<String> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let parts = last.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty());
    let plain = parts.map(|p| {
        let low = p.to_lowercase();
        let tail = ["service", "svc"].iter().find_map(|t| low.strip_suffix(t));
        let stem = tail.filter(|t| t.chars().count() > 2).unwrap_or(&low);
        let one = stem.strip_suffix('s').filter(|t| t.chars().count() > 3 && !t.ends_with('s'));
        one.unwrap_or(stem).to_owned()
    });
    let version = |w: &str| {
        let digits = w.strip_prefix('v').unwrap_or(w);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    plain.filter(|w| !GENERIC.contains(&w.as_str()) && !version(w)).collect()
}

/// Two names of one service: equal, or equal in the words that tell services apart.
pub fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (x, y) = (words(a), words(b));
    !x.is_empty() && x == y
}

/// One name stands whole inside the other: `checkout-web` and `checkout`, `production-eu` and `eu`.
pub fn alike(a: &str, b: &str) -> bool {
    let (x, y) = (words(a), words(b));
    same(a, b) || !x.is_empty() && !y.is_empty() && (x.is_subset(&y) || y.is_subset(&x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Services {
        toml::from_str(
            r#"calls = { gateway = ["catalog", "cart"], cart = "payment", payment = ["bank"],
                         bank = [], checkout = ["gateway"] }"#,
        )
        .expect("a table")
    }

    #[test]
    fn calls_are_followed_through_others_and_around_circles() {
        let shop = shop();
        assert!(shop.reaches("gateway", "bank") && shop.reaches("checkout", "catalog"));
        assert!(!shop.reaches("catalog", "gateway") && !shop.reaches("bank", "bank"));
        let mut round = shop.clone();
        round.calls.insert("bank".into(), Callees(vec!["gateway".into()]));
        assert!(round.reaches("bank", "cart") && round.reaches("cart", "gateway"));
        assert!(!round.called_by("cart").contains("cart"));
    }

    #[test]
    fn a_name_is_known_in_every_style() {
        let shop = shop();
        for name in ["payment", "payment-service", "Payments", "a/paymentservice", "svc_payment"] {
            assert_eq!(shop.known(name), Some("payment"), "{name}");
        }
        assert_eq!((shop.known("payroll"), shop.known("shop")), (None, None));
        assert!(shop.reaches("gateway-svc", "payment-api"));
    }

    #[test]
    fn names_that_hold_each_other_are_alike() {
        assert!(alike("checkout-web", "checkout") && alike("production-eu", "eu"));
        assert!(!alike("checkout", "catalog") && !alike("service", "api"));
    }
}
