//! The judging sections of the config file as one value: shop, detect, journeys, services, rows.
//! Parsing only; what the rows mean is decided in `detect`.

use serde::Deserialize;

use super::detect::Detect;
use super::exposure::ShopExposure;
use super::guardrail::Guardrail;
use super::journey::Journey;
use super::services::Services;
use super::severity_rule::SeverityRule;

/// Everything judging is told by policy.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    pub shop: ShopExposure,
    pub detect: Detect,
    pub journey: Vec<Journey>,
    pub services: Services,
    pub guardrail: Vec<Guardrail>,
    pub severity_rule: Vec<SeverityRule>,
}

/// The sections of the config file that judging reads.
const SECTIONS: [&str; 6] = ["shop", "detect", "journey", "services", "guardrail", "severity_rule"];

impl Policy {
    /// Reads a TOML text that holds judging sections only.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// The shipped default: the judging sections of `config.example.toml`, read from its text.
    pub fn builtin() -> Result<Self, String> {
        let mut table: toml::Table = super::DEFAULT.parse().map_err(|e| format!("{e}"))?;
        table.retain(|name, _| SECTIONS.contains(&name));
        table.try_into().map_err(|e| format!("{e}"))
    }

    /// The journey whose templates hold `template`.
    pub fn journey_of(&self, template: &str) -> Option<&Journey> {
        self.journey.iter().find(|j| j.has_template(template))
    }

    /// The journey a synthetic check belongs to.
    pub fn journey_of_check(&self, check: &str) -> Option<&Journey> {
        self.journey.iter().find(|j| j.has_check(check))
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn the_default_policy_covers_the_seed() {
        let policy = Policy::builtin().expect("parses");
        assert_eq!(policy.guardrail.len(), 28);
        let quiet = |name: &&str| policy.guardrail.iter().any(|r| r.name.as_str() == *name);
        let guide = ["page-load-budget", "largest-paint-p95", "api-budget", "first-byte-p95"];
        assert!(guide.iter().all(quiet), "the rows of M1 to M8");
        assert_eq!(policy.journey.len(), 6);
        assert_eq!(policy.severity_rule.first().map(|r| r.level.number()), Some(1));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(Policy::parse("[detect]\nsensitivty = \"high\"\n").is_err());
        let row =
            "[[guardrail]]\nname='x'\nclass='funnel'\nmetric='inp'\nowner='o'\nresponse='r'\n";
        let bad = format!("{row}condition = {{ kind = 'band', min_change = 0.1, huh = 1 }}\n");
        assert!(Policy::parse(&bad).is_err());
    }
}
