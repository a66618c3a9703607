//! Benign days: things look different and nothing is wrong. The right answer is silence.
//! No incident is ever written here.

use super::draft::{ScenarioDraft, harm, scope};
use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::mask_of;
use crate::shop::effect::{HarmKind, HarmShape, ShopStep};
use crate::shop::timeline::Service;

pub fn calm_day(d: &mut ScenarioDraft<'_>) {
    d.staged(Service::App, mask_of(&["cart"]), &[(40, 0.5), (70, 1.0)]);
    d.staged(Service::Theme, mask_of(&["collection"]), &[(90, 1.0)]);
    d.benign(None, "nothing happens but releases");
}

pub fn campaign(d: &mut ScenarioDraft<'_>) {
    let crowd =
        scope(&[(Dim::TrafficSource, "paid"), (Dim::Device, "mobile"), (Dim::Customer, "new")]);
    d.announce("campaign", "spring sale", Some(480));
    d.harm(harm(HarmKind::VisitFactor(4.0), crowd).shape(HarmShape::Ramp(20)).lasting(480));
    d.benign(Some(480), "mix shift: the average worsens, no segment does");
}

pub fn bots(d: &mut ScenarioDraft<'_>) {
    let crowd = scope(&[
        (Dim::TrafficSource, "direct"),
        (Dim::Device, "desktop"),
        (Dim::Browser, "chrome"),
    ]);
    d.harm(harm(HarmKind::Bots(8.0), crowd).lasting(200));
    d.benign(Some(200), "bots: the rate falls, orders do not");
}

pub fn holiday(d: &mut ScenarioDraft<'_>) {
    d.announce("holiday", "bank holiday", Some(720));
    let ramp = HarmShape::Ramp(180);
    d.harm(harm(HarmKind::VisitFactor(1.7), Scope::everything()).shape(ramp).lasting(720));
    let carts = HarmKind::StepFactor(ShopStep::AddToCart, 1.25);
    d.harm(harm(carts, Scope::everything()).shape(ramp).lasting(720));
    d.benign(Some(720), "announced holiday");
}

pub fn flash_sale(d: &mut ScenarioDraft<'_>) {
    d.announce("campaign", "flash sale", Some(90));
    let ramp = HarmShape::Ramp(3);
    d.harm(harm(HarmKind::VisitFactor(3.0), Scope::everything()).shape(ramp).lasting(90));
    let carts = HarmKind::StepFactor(ShopStep::AddToCart, 1.3);
    d.harm(harm(carts, Scope::everything()).shape(ramp).lasting(90));
    d.benign(Some(90), "announced: demand explains every order");
}

pub fn maintenance(d: &mut ScenarioDraft<'_>) {
    d.announce("maintenance", "payment upgrade", Some(50));
    let area = scope(&[(Dim::Template, "checkout")]);
    d.harm(harm(HarmKind::CheckFail { share: 1.0, status: 503 }, area).after(2).lasting(45));
    let step = HarmKind::StepFactor(ShopStep::CheckoutStart, 0.03);
    d.harm(harm(step, Scope::everything()).after(2).lasting(45));
    d.benign(Some(60), "announced maintenance");
}

pub fn location_glitch(d: &mut ScenarioDraft<'_>) {
    let probe =
        scope(&[(Dim::Template, "checkout"), (Dim::Template, "pdp"), (Dim::Region, "apac")]);
    d.harm(harm(HarmKind::CheckFail { share: 0.95, status: 0 }, probe).lasting(40));
    d.benign(Some(45), "one probe location is broken, shoppers are fine");
}
