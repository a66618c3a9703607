//! Telemetry: the measuring breaks, the shop does not.
//! Orders and edge requests stay as they are in every scenario of this file.

use super::draft::{ScenarioDraft, TrueVerdict, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::{ALL_TEMPLATES, mask_of};
use crate::shop::effect::HarmKind;
use crate::shop::timeline::Service;

fn blind<'a>(area: Scope, release: Option<&'a str>, note: &'static str) -> TrueVerdict<'a> {
    TrueVerdict {
        class: "telemetry",
        severity: 4,
        segments: vec![area],
        release,
        lasts: None,
        note,
    }
}

pub fn drop(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Browser, "chrome")]);
    d.harm(harm(HarmKind::BeaconLoss(0.6), area.clone()));
    d.incident(0, blind(area, None, "beacons vanish, visits and orders do not"));
}

pub fn sampling(d: &mut ScenarioDraft<'_>) {
    let release = d.release(Service::Config, ALL_TEMPLATES, 1);
    d.harm(harm(HarmKind::BeaconLoss(0.75), Scope::everything()).by(&release));
    let note = "sampling was cut to a quarter by a config release";
    d.incident(0, blind(Scope::everything(), Some(&release), note));
}

pub fn clock_skew(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Device, "mobile"), (Dim::Browser, "chrome")]);
    d.harm(harm(HarmKind::Delay { share: 0.7, minutes: 45 }, area.clone()));
    d.incident(0, blind(area, None, "beacons arrive 45 minutes late"));
}

pub fn twice(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Device, "mobile")]);
    let release = d.release(Service::Theme, ALL_TEMPLATES, 1);
    d.harm(harm(HarmKind::BeaconRepeat(1.0), area.clone()).by(&release));
    d.incident(0, blind(area, Some(&release), "each beacon is sent twice, visits are as usual"));
}

pub fn orphans(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "cart"), (Dim::Template, "checkout")]);
    let release = d.release(Service::App, mask_of(&["cart", "checkout"]), 1);
    d.harm(harm(HarmKind::Orphans(0.3), area.clone()).by(&release));
    let note = "requests cannot be joined with page views, shoppers notice nothing";
    d.incident(0, blind(area, Some(&release), note));
}

/// The address is one reserved for documentation (RFC 2606).
pub fn leak(d: &mut ScenarioDraft<'_>) {
    d.release_of("/account/erika.mustermann@example.com", Service::Theme, mask_of(&["home"]));
    let note = "a customer's address stands in the path of a page";
    d.incident(0, blind(Scope::everything(), None, note));
}

/// The way from the browser to the store is jammed, for everybody alike.
pub fn ingest_lag(d: &mut ScenarioDraft<'_>) {
    let everybody = Scope::everything();
    d.harm(harm(HarmKind::Delay { share: 0.5, minutes: 15 }, everybody.clone()));
    d.incident(0, blind(everybody, None, "half of all beacons arrive 15 minutes late"));
}

pub fn twice_in_one(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Browser, "firefox")]);
    d.harm(harm(HarmKind::BeaconRepeat(1.0), area.clone()));
    d.incident(0, blind(area, None, "one browser sends each beacon twice; no release explains it"));
}
