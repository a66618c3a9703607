//! Surges: more is bought, or for less, than demand explains. Something is given away.
//! Announced crowds are `benign`; losses are `funnel`.

use super::draft::{Draft, Verdict, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::mask_of;
use crate::shop::effect::{Kind, Shape, Step};
use crate::shop::timeline::Service;

fn surge<'a>(area: Scope, release: Option<&'a str>, note: &'static str) -> Verdict<'a> {
    Verdict { class: "surge", severity: 2, segments: vec![area], release, lasts: None, note }
}

pub fn price_zero(d: &mut Draft<'_>) {
    let everybody = Scope::everything();
    let release = d.release(Service::Config, mask_of(&["pdp", "cart"]), 1);
    d.harm(harm(Kind::OrderValue(0.03), everybody.clone()).by(&release));
    d.harm(harm(Kind::StepFactor(Step::AddToCart, 2.2), everybody.clone()).by(&release));
    d.harm(harm(Kind::StepFactor(Step::CheckoutStart, 1.4), everybody.clone()).by(&release));
    d.incident(0, surge(everybody, Some(&release), "prices are near zero, and word gets round"));
}

pub fn coupons(d: &mut Draft<'_>) {
    let everybody = Scope::everything();
    d.harm(harm(Kind::OrderValue(0.4), everybody.clone()).shape(Shape::Ramp(10)));
    let carts = Kind::StepFactor(Step::CheckoutStart, 1.5);
    d.harm(harm(carts, everybody.clone()).shape(Shape::Ramp(10)));
    d.incident(0, surge(everybody, None, "a coupon can be used again and again"));
}

pub fn double_orders(d: &mut Draft<'_>) {
    let everybody = Scope::everything();
    let release = d.release(Service::App, mask_of(&["checkout"]), 1);
    d.harm(harm(Kind::OrderRepeat(0.9), everybody.clone()).by(&release));
    d.incident(0, surge(everybody, Some(&release), "orders are written twice, payments are not"));
}

pub fn scalpers(d: &mut Draft<'_>) {
    let who = scope(&[(Dim::TrafficSource, "direct"), (Dim::Device, "desktop")]);
    d.harm(harm(Kind::Buyers(0.6), who.clone()));
    d.incident(0, surge(who, None, "machines buy a limited product faster than people can"));
}
