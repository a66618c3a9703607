//! Opening: the releases every shop already had when it is first looked at, all of them innocent.
//! Scenario faults come on top; nothing here hurts anyone.

use super::dims::{ALL_TEMPLATES, TemplateMask, mask_of};
use super::rng::{Purpose, hash};
use super::timeline::{ReleasePlan, Service, ShopTimeline};

const MINUTES_PER_DAY: i64 = 1440;

/// (days before the start, service, templates, author, description), oldest first.
const PAST: [(f64, Service, &[&str], &str, &str); 9] = [
    (40.0, Service::Config, &[], "deploy-bot", "Beacon endpoint moved"),
    (35.0, Service::Theme, &["*"], "mara", "Autumn theme"),
    (33.0, Service::App, &["cart", "checkout"], "jonas", "Checkout app 4"),
    (15.9, Service::App, &["cart", "checkout"], "jonas", "Address lookup"),
    (9.4, Service::Theme, &["home", "collection"], "mara", "Collection filters"),
    (4.3, Service::App, &["checkout"], "jonas", "Invoice payment"),
    (2.2, Service::Theme, &["landing", "pdp"], "mara", "Size guide"),
    (0.34, Service::Theme, &["home"], "deploy-bot", "Weekend banner"),
    (0.14, Service::Theme, &["collection"], "mara", "Sort order"),
];

/// The timeline before anything goes wrong.
pub fn timeline(seed: u64, start: i64) -> ShopTimeline {
    let mut timeline = ShopTimeline::default();
    for (i, (days, service, names, author, description)) in PAST.into_iter().enumerate() {
        let jitter = (hash(seed, Purpose::Text, 0, i as u64) % 11).cast_signed() - 5;
        let at = start - (days * MINUTES_PER_DAY as f64) as i64 + jitter;
        let templates: TemplateMask =
            if names.contains(&"*") { ALL_TEMPLATES } else { mask_of(names) };
        let stages = [(at, 1.0)];
        timeline.release(&ReleasePlan { service, templates, stages: &stages, author, description });
    }
    timeline
}
