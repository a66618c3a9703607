//! What the shop of a plan tells, minute by minute: late by its scrapes, with harm that wanders, in
//! labels of its own. Truth is in the plan.

use crate::detect::tests::fleet::plan::{DEVICES, Harm, Plan, REGIONS, TEMPLATES, Wrong, instant};
use crate::detect::tests::made_up::{Dice, NOON, at, dist, fact, seg};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::Dim;

/// Parts of a minute at which harm is looked at.
const PARTS: u32 = 12;

/// The teller of one incident.
pub struct Teller<'a> {
    plan: &'a Plan,
    dice: Dice,
    /// How far the harm of now wanders from its mean.
    off: f64,
}

impl<'a> Teller<'a> {
    pub fn new(plan: &'a Plan) -> Self {
        Self { plan, dice: plan.dice.clone(), off: 0.0 }
    }

    /// An hour of the past, `back` hours before noon.
    pub fn hour(&mut self, back: i64) -> Vec<Observation> {
        self.window(NOON - back * 3600, 60, &|_| 0.0)
    }

    /// The minute that begins so many minutes after noon.
    pub fn minute(&mut self, minute: i64) -> Vec<Observation> {
        let fresh = (0..6).map(|_| self.dice.next()).sum::<f64>() - 3.0;
        self.off = 0.6 * self.off + 0.2 * fresh;
        let (plan, wander) = (self.plan, self.off.exp());
        let start = minute as f64 * 60.0 - plan.lag;
        let part = |i: u32| start + 60.0 * (f64::from(i) + 0.5) / f64::from(PARTS);
        let whole = |w: &Wrong| {
            (0..PARTS).map(|i| now(plan, w, part(i))).sum::<f64>() / f64::from(PARTS) * wander
        };
        self.window(NOON + minute * 60, 1, &whole)
    }

    fn window(
        &mut self,
        start: i64,
        minutes: i64,
        dose: &dyn Fn(&Wrong) -> f64,
    ) -> Vec<Observation> {
        let w = Window { start: at(start), end: at(start + minutes * 60) };
        let busy = minutes as f64 * self.plan.views;
        let mut out = Vec::new();
        let plan = self.plan;
        let hurt = |harm: Harm, t: Option<usize>, r: Option<usize>| {
            let here = move |x: &&Wrong| {
                x.harm == harm
                    && x.template.is_none_or(|p| Some(p) == t)
                    && x.region.is_none_or(|p| r.is_none_or(|r| r == p))
            };
            plan.wrongs.iter().filter(here).map(|x| (x, dose(x)))
        };
        for (t, template) in TEMPLATES.iter().enumerate() {
            for (r, region) in REGIONS.iter().enumerate() {
                let s = seg(&[(Dim::Template, template), (Dim::Region, region)]);
                let trials = self.dice.count(busy);
                let more: f64 = hurt(Harm::Errors, Some(t), Some(r)).map(|(x, d)| x.size * d).sum();
                let bad = self.dice.count(trials * (0.008 + more.min(0.9))).min(trials);
                let value = Value::Ratio { hits: trials - bad, trials };
                out.push(fact("gw", Metric::ApiSuccess, s, w, value));
            }
            for device in DEVICES {
                let s = seg(&[(Dim::Template, template), (Dim::Device, device)]);
                let more: f64 =
                    hurt(Harm::SlowChecks, Some(t), None).map(|(x, d)| (x.size - 1.0) * d).sum();
                let samples = self.dice.count(busy).min(150.0);
                let value = dist(&mut self.dice, samples, 140.0 * (1.0 + more));
                out.push(fact("rum", Metric::Inp, s, w, value));
            }
        }
        for (r, region) in REGIONS.iter().enumerate() {
            let lost: f64 = hurt(Harm::Orders, None, Some(r)).map(|(x, d)| x.size * d).sum();
            let tries = self.dice.count(busy * 0.4);
            let orders = self.dice.count(tries * 0.93 * (1.0 - lost.min(1.0))).min(tries);
            let s = seg(&[(Dim::Region, region)]);
            for (metric, n) in [(Metric::PaymentTry, tries), (Metric::Orders, orders)] {
                out.push(fact("till", metric, s.clone(), w, Value::Count(n)));
            }
        }
        out
    }
}

/// How much of a harm there is at an instant, 0 to 1.
fn now(plan: &Plan, w: &Wrong, secs: f64) -> f64 {
    if secs < w.from || secs > w.until {
        return 0.0;
    }
    let by = w.by.and_then(|(i, wait)| Some((plan.changes.get(i)?, wait)));
    let share = by.map_or(1.0, |(c, wait)| c.share_at(instant(secs - wait)));
    let risen = if w.rise > 0.0 { ((secs - w.from) / w.rise).clamp(0.0, 1.0) } else { 1.0 };
    share * risen
}
