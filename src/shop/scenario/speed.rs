//! Speed: pages or taps become slow, by a release, a region, a third party, an experiment or time.
//! Nothing breaks here; breaking is `outage`.

use super::draft::{ScenarioDraft, TrueVerdict, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::{ALL_TEMPLATES, mask_of};
use crate::shop::effect::{HarmKind, HarmShape, ShopStep};
use crate::shop::timeline::Service;

fn regression<'a>(severity: u8, area: &Scope, release: Option<&'a str>) -> TrueVerdict<'a> {
    TrueVerdict {
        class: "regression",
        severity,
        segments: vec![area.clone()],
        release,
        lasts: None,
        note: "",
    }
}

pub fn inp(d: &mut ScenarioDraft<'_>) {
    let area =
        scope(&[(Dim::Template, "pdp"), (Dim::Device, "mobile"), (Dim::TrafficSource, "paid")]);
    let release = d.release(Service::Theme, mask_of(&["pdp"]), 1);
    d.harm(harm(HarmKind::InpFactor(1.7), area.clone()).only_by(&release));
    d.harm(harm(HarmKind::StepFactor(ShopStep::AddToCart, 0.72), area.clone()).only_by(&release));
    d.incident(0, regression(2, &area, Some(&release)));
}

pub fn drift(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "pdp")]);
    d.harm(harm(HarmKind::LcpFactor(1.28), area.clone()).shape(HarmShape::Ramp(360)));
    d.incident(0, regression(3, &area, None));
}

pub fn innocent(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "pdp"), (Dim::Template, "collection")]);
    d.staged(Service::Theme, mask_of(&["pdp"]), &[(-2, 0.2), (120, 1.0)]);
    d.harm(harm(HarmKind::LcpFactor(1.45), area.clone()));
    d.harm(harm(HarmKind::InpFactor(1.25), area.clone()));
    let note = "a third-party outage; old and new version are equally slow";
    d.incident(0, TrueVerdict { note, ..regression(2, &area, None) });
}

pub fn cdn_region(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Region, "us")]);
    d.harm(harm(HarmKind::LcpFactor(1.7), area.clone()).lasting(300));
    d.harm(harm(HarmKind::CheckSlow(1.7), area.clone()).lasting(300));
    d.incident(0, TrueVerdict { lasts: Some(300), ..regression(2, &area, None) });
}

pub fn third_party(d: &mut ScenarioDraft<'_>) {
    let area =
        scope(&[(Dim::Template, "landing"), (Dim::Template, "pdp"), (Dim::Template, "home")]);
    d.harm(harm(HarmKind::InpFactor(1.4), area.clone()));
    d.harm(harm(HarmKind::LcpFactor(1.15), area.clone()));
    d.incident(0, regression(2, &area, None));
}

pub fn ab_cohort(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "collection"), (Dim::Cohort, "variant")]);
    d.announce_share("experiment", "collection grid", None, (mask_of(&["collection"]), 0.5));
    let id = d.timeline.announcements.last().map(|a| a.id.clone());
    d.harm(harm(HarmKind::InpFactor(1.5), area.clone()));
    d.incident(0, regression(3, &area, id.as_deref()));
}

pub fn two_at_once(d: &mut ScenarioDraft<'_>) {
    let carts = scope(&[(Dim::Template, "cart"), (Dim::Device, "mobile")]);
    let region = scope(&[(Dim::Region, "apac")]);
    let release = d.release(Service::App, mask_of(&["cart"]), 1);
    d.harm(harm(HarmKind::InpFactor(1.9), carts.clone()).only_by(&release));
    d.harm(harm(HarmKind::LcpFactor(1.7), region.clone()).after(10).lasting(300));
    d.incident(0, regression(2, &carts, Some(&release)));
    d.incident(10, TrueVerdict { lasts: Some(300), ..regression(2, &region, None) });
}

pub fn no_help(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout"), (Dim::Template, "cart")]);
    d.release(Service::App, mask_of(&["checkout"]), 2);
    d.harm(harm(HarmKind::InpFactor(1.7), area.clone()));
    let note = "rolling the release back changes nothing: it must be cleared";
    d.incident(0, TrueVerdict { note, ..regression(2, &area, None) });
}

pub fn staged(d: &mut ScenarioDraft<'_>) {
    let pages = scope(&[(Dim::Template, "pdp"), (Dim::Template, "collection")]);
    let release = d.staged(Service::Theme, mask_of(&["pdp", "collection"]), &[(-1, 0.05)]);
    d.harm(harm(HarmKind::InpFactor(2.4), pages.clone()).only_by(&release));
    let area = pages.with(Dim::Release, &release);
    d.incident(0, regression(3, &area, Some(&release)));
}

pub fn images(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[
        (Dim::Template, "pdp"),
        (Dim::Template, "collection"),
        (Dim::Template, "landing"),
        (Dim::Network, "slow"),
    ]);
    let pages = mask_of(&["pdp", "collection", "landing"]) & ALL_TEMPLATES;
    let release = d.release(Service::Theme, pages, 1);
    d.harm(harm(HarmKind::LcpFactor(1.7), area.clone()).only_by(&release));
    d.incident(0, regression(2, &area, Some(&release)));
}
