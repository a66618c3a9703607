//! Configuration: the file, its checks with line and key, paths and secrets.
//! `config.example.toml` is embedded and parsed to make the default.

pub mod callees;
pub mod check;
pub mod file;
pub mod load;
pub mod own;
pub mod paths;
pub mod problem;
pub mod schema;
pub mod sections;
pub mod take_out;
pub mod theme;

use crate::policy::calendar::Calendar;
use crate::policy::detect::Detect;
use crate::policy::exposure::ShopExposure;
use crate::policy::guardrail::Guardrail;
use crate::policy::journey::Journey;
use crate::policy::maintenance::MaintenanceRow;
use crate::policy::paging::Paging;
use crate::policy::response::{ResponsePolicy, Timing};
use crate::policy::services::Services;
use crate::policy::severity::Response;
use crate::policy::severity_rule::SeverityRule;
use crate::sink::config::ActionConfig;
use crate::sink::pager::SinkConfig;
use crate::source::SourceConfig;

use sections::{IdentitySection, JournalSection, KeysSection, UiSection};

/// The default config as text: every option, with its reasons. `tillwatch init` prints it.
pub const EXAMPLE: &str = crate::policy::DEFAULT;

/// Everything the program can be told, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub shop: ShopExposure,
    pub detect: Detect,
    pub journal: JournalSection,
    pub identity: IdentitySection,
    pub ui: UiSection,
    pub keys: KeysSection,
    pub calendar: Calendar,
    pub timing: Timing,
    pub journeys: Vec<Journey>,
    pub services: Services,
    pub guardrails: Vec<Guardrail>,
    pub severities: Vec<Response>,
    pub severity_rules: Vec<SeverityRule>,
    pub maintenance: Vec<MaintenanceRow>,
    pub sources: Vec<SourceConfig>,
    pub actions: Vec<ActionConfig>,
    pub sinks: Vec<SinkConfig>,
}

impl Config {
    /// Who is told of what as one value.
    pub fn paging(&self) -> Paging {
        let rows = self.sinks.iter().map(SinkConfig::row).collect();
        Paging::new(rows, &self.guardrails, &self.shop.currency)
    }

    /// The response side of policy as one value.
    pub fn response(&self) -> ResponsePolicy {
        // The zone was checked when the config was read.
        let time_zone = self.shop.time_zone.parse().unwrap_or(chrono_tz::UTC);
        ResponsePolicy {
            rows: self.severities.clone(),
            calendar: Calendar { time_zone, ..self.calendar.clone() },
            timing: self.timing.clone(),
            maintenance: self.maintenance.clone(),
        }
    }
}
