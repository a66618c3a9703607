//! Outages: the checkout answers errors, by a release, by the payment provider, or now and then.
//! Only things that break; slowness is `speed`.

use super::draft::{ScenarioDraft, TrueVerdict, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::mask_of;
use crate::shop::effect::{HarmKind, HarmShape, ShopStep};
use crate::shop::timeline::Service;

pub fn checkout(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout")]);
    let release = d.release(Service::Theme, mask_of(&["cart", "checkout"]), 1);
    d.harm(harm(HarmKind::ErrorAdd(0.55), area.clone()).only_by(&release));
    d.harm(harm(HarmKind::StepFactor(ShopStep::PaymentTry, 0.10), area.clone()).only_by(&release));
    d.harm(harm(HarmKind::StepFactor(ShopStep::Order, 0.60), area.clone()).only_by(&release));
    d.harm(harm(HarmKind::CheckFail { share: 1.0, status: 503 }, area.clone()).by(&release));
    d.incident(
        0,
        TrueVerdict {
            class: "availability",
            severity: 1,
            segments: vec![area],
            release: Some(&release),
            lasts: None,
            note: "the release breaks the checkout for everyone",
        },
    );
}

pub fn payment(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout")]);
    d.harm(harm(HarmKind::StepFactor(ShopStep::Order, 0.15), Scope::everything()).lasting(90));
    d.harm(harm(HarmKind::CheckFail { share: 0.9, status: 502 }, area.clone()).lasting(90));
    d.incident(
        0,
        TrueVerdict {
            class: "availability",
            severity: 1,
            segments: vec![area],
            release: None,
            lasts: Some(90),
            note: "the payment provider is down; no release explains it",
        },
    );
}

pub fn flapping(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout")]);
    let probed = area.clone().with(Dim::Region, "eu").with(Dim::Region, "us");
    let shape = HarmShape::Flap(10, 20);
    let fail = HarmKind::CheckFail { share: 0.8, status: 503 };
    d.harm(harm(fail, probed).lasting(180).shape(shape));
    d.harm(harm(HarmKind::ErrorAdd(0.08), area.clone()).lasting(180).shape(shape));
    d.incident(
        0,
        TrueVerdict {
            class: "availability",
            severity: 2,
            segments: vec![area],
            release: None,
            lasts: Some(180),
            note: "one incident, not six",
        },
    );
}

pub fn region(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout"), (Dim::Region, "us")]);
    d.harm(harm(HarmKind::ErrorAdd(0.40), area.clone()));
    d.harm(harm(HarmKind::StepFactor(ShopStep::PaymentTry, 0.15), area.clone()));
    d.harm(harm(HarmKind::CheckFail { share: 1.0, status: 504 }, area.clone()));
    d.incident(
        0,
        TrueVerdict {
            class: "availability",
            severity: 2,
            segments: vec![area],
            release: None,
            lasts: None,
            note: "one region's checkout is down; the others are fine",
        },
    );
}

/// Name service or network of one region: nobody there reaches the shop, whatever page they want.
/// Probes come by another way and see nothing.
pub fn region_dark(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Region, "us")]);
    d.harm(harm(HarmKind::VisitFactor(0.03), area.clone()));
    d.incident(
        0,
        TrueVerdict {
            class: "availability",
            severity: 2,
            segments: vec![area],
            release: None,
            lasts: None,
            note: "visits of one region are missing; pages, funnel and probes look fine",
        },
    );
}
