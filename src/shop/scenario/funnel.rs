//! Funnel: shoppers stop buying while pages look fine, or nearly fine.
//! Conversions only; a checkout that answers errors to everyone is `outage`.

use super::draft::{ScenarioDraft, TrueVerdict, harm, scope};
use crate::domain::segment::Dim;
use crate::shop::dims::mask_of;
use crate::shop::effect::{HarmKind, ShopStep};
use crate::shop::timeline::Service;

pub fn payment_drop(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout")]);
    let release = d.release(Service::App, mask_of(&["checkout"]), 1);
    d.harm(harm(HarmKind::StepFactor(ShopStep::PaymentTry, 0.30), area.clone()).only_by(&release));
    d.harm(harm(HarmKind::StepFactor(ShopStep::Order, 0.80), area.clone()).only_by(&release));
    d.incident(
        0,
        TrueVerdict {
            class: "conversion",
            severity: 1,
            segments: vec![area],
            release: Some(&release),
            lasts: None,
            note: "pages and probes are green, the payment step is not",
        },
    );
}

pub fn search_errors(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "collection")]);
    d.harm(harm(HarmKind::ErrorAdd(0.09), area.clone()));
    d.harm(harm(HarmKind::StepFactor(ShopStep::AddToCart, 0.80), scope(&[])));
    d.incident(
        0,
        TrueVerdict {
            class: "regression",
            severity: 2,
            segments: vec![area],
            release: None,
            lasts: None,
            note: "the search backend fails; no release explains it",
        },
    );
}

pub fn login_break(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout"), (Dim::Customer, "returning")]);
    let release = d.release(Service::App, mask_of(&["checkout"]), 1);
    d.harm(harm(HarmKind::StepFactor(ShopStep::PaymentTry, 0.45), area.clone()).only_by(&release));
    d.incident(
        0,
        TrueVerdict {
            class: "conversion",
            severity: 2,
            segments: vec![area],
            release: Some(&release),
            lasts: None,
            note: "only returning customers are hit",
        },
    );
}

pub fn paid_mobile(d: &mut ScenarioDraft<'_>) {
    let who = scope(&[(Dim::Device, "mobile"), (Dim::TrafficSource, "paid")]);
    d.harm(harm(HarmKind::StepFactor(ShopStep::AddToCart, 0.40), who.clone()));
    d.harm(harm(HarmKind::StepFactor(ShopStep::CheckoutStart, 0.60), who.clone()));
    d.incident(
        0,
        TrueVerdict {
            class: "conversion",
            severity: 2,
            segments: vec![who.with(Dim::Template, "pdp")],
            release: None,
            lasts: None,
            note: "no page is slower and nothing was released",
        },
    );
}

pub fn stock_out(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "pdp")]);
    d.harm(harm(HarmKind::StepFactor(ShopStep::AddToCart, 0.55), scope(&[])));
    d.incident(
        0,
        TrueVerdict {
            class: "conversion",
            severity: 2,
            segments: vec![area],
            release: None,
            lasts: None,
            note: "what shoppers want cannot be put into the cart; no release explains it",
        },
    );
}

/// Nobody on the site can see it: a paid visit costs more and buys as usual.
pub fn paid_efficiency(d: &mut ScenarioDraft<'_>) {
    let everybody = scope(&[]);
    d.harm(harm(HarmKind::AdCost(4.0), everybody.clone()));
    d.incident(
        0,
        TrueVerdict {
            class: "efficiency",
            severity: 3,
            segments: vec![everybody],
            release: None,
            lasts: None,
            note: "clicks cost more; demand, pages and funnel are as usual",
        },
    );
}

pub fn safari_errors(d: &mut ScenarioDraft<'_>) {
    let area = scope(&[(Dim::Template, "checkout"), (Dim::Browser, "safari")]);
    let release = d.release(Service::App, mask_of(&["checkout", "cart"]), 1);
    d.harm(harm(HarmKind::ErrorAdd(0.10), area.clone()).only_by(&release));
    d.harm(harm(HarmKind::StepFactor(ShopStep::PaymentTry, 0.62), area.clone()).only_by(&release));
    d.incident(
        0,
        TrueVerdict {
            class: "regression",
            severity: 2,
            segments: vec![area],
            release: Some(&release),
            lasts: None,
            note: "one browser's checkout throws errors",
        },
    );
}
