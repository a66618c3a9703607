//! Telemetry: the measuring breaks, the shop does not.
//! Orders and edge requests stay as they are in every scenario of this file.

use super::draft::{Draft, Verdict, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::ALL_TEMPLATES;
use crate::shop::effect::Kind;
use crate::shop::timeline::Service;

fn blind<'a>(area: Scope, release: Option<&'a str>, note: &'static str) -> Verdict<'a> {
    Verdict { class: "telemetry", severity: 4, segments: vec![area], release, lasts: None, note }
}

pub fn drop(d: &mut Draft<'_>) {
    let area = scope(&[(Dim::Browser, "chrome")]);
    d.harm(harm(Kind::BeaconLoss(0.6), area.clone()));
    d.incident(0, blind(area, None, "beacons vanish, visits and orders do not"));
}

pub fn sampling(d: &mut Draft<'_>) {
    let release = d.release(Service::Config, ALL_TEMPLATES, 1);
    d.harm(harm(Kind::BeaconLoss(0.75), Scope::everything()).by(&release));
    let note = "sampling was cut to a quarter by a config release";
    d.incident(0, blind(Scope::everything(), Some(&release), note));
}

pub fn clock_skew(d: &mut Draft<'_>) {
    let area = scope(&[(Dim::Device, "mobile"), (Dim::Browser, "chrome")]);
    d.harm(harm(Kind::Delay { share: 0.7, minutes: 45 }, area.clone()));
    d.incident(0, blind(area, None, "beacons arrive 45 minutes late"));
}
