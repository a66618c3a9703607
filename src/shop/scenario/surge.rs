//! Surges: more is bought, or for less, than demand explains. Something is given away.
//! Announced crowds are `benign`; losses are `funnel`.

use super::draft::{ScenarioDraft, TrueVerdict, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::mask_of;
use crate::shop::effect::{HarmKind, HarmShape, ShopStep};
use crate::shop::timeline::Service;

fn surge<'a>(area: Scope, release: Option<&'a str>, note: &'static str) -> TrueVerdict<'a> {
    TrueVerdict { class: "surge", severity: 2, segments: vec![area], release, lasts: None, note }
}

pub fn price_zero(d: &mut ScenarioDraft<'_>) {
    let everybody = Scope::everything();
    let release = d.release(Service::Config, mask_of(&["pdp", "cart"]), 1);
    d.harm(harm(HarmKind::OrderValue(0.03), everybody.clone()).by(&release));
    d.harm(harm(HarmKind::StepFactor(ShopStep::AddToCart, 2.2), everybody.clone()).by(&release));
    d.harm(
        harm(HarmKind::StepFactor(ShopStep::CheckoutStart, 1.4), everybody.clone()).by(&release),
    );
    d.incident(0, surge(everybody, Some(&release), "prices are near zero, and word gets round"));
}

pub fn coupons(d: &mut ScenarioDraft<'_>) {
    let everybody = Scope::everything();
    d.harm(harm(HarmKind::OrderValue(0.4), everybody.clone()).shape(HarmShape::Ramp(10)));
    let carts = HarmKind::StepFactor(ShopStep::CheckoutStart, 1.5);
    d.harm(harm(carts, everybody.clone()).shape(HarmShape::Ramp(10)));
    d.incident(0, surge(everybody, None, "a coupon can be used again and again"));
}

pub fn double_orders(d: &mut ScenarioDraft<'_>) {
    let everybody = Scope::everything();
    let release = d.release(Service::App, mask_of(&["checkout"]), 1);
    d.harm(harm(HarmKind::OrderRepeat(0.9), everybody.clone()).by(&release));
    d.incident(0, surge(everybody, Some(&release), "orders are written twice, payments are not"));
}

pub fn scalpers(d: &mut ScenarioDraft<'_>) {
    let who = scope(&[(Dim::TrafficSource, "direct"), (Dim::Device, "desktop")]);
    d.harm(harm(HarmKind::Buyers(0.6), who.clone()));
    d.incident(0, surge(who, None, "machines buy a limited product faster than people can"));
}
