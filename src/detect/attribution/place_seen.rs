//! What is hurt and what stayed well, read once for all changes: services and whom they call,
//! pages, and for each other dimension what the values outside would have shown at the same size.

use std::collections::{BTreeMap, BTreeSet};

use super::inquiry::Inquiry;
use super::resource_bends;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::evidence::stat::{Likelihood, Tally, evidence, harm};
use crate::detect::scan::onset;
use crate::detect::scan::shift::Shift;
use crate::domain::change::Change;
use crate::domain::segment::{Dim, DimValue, Scope};
use crate::domain::time::Timestamp;
use crate::policy::journey::Journey;
use crate::policy::judging::Policy;
use crate::policy::services::{alike, same, words};

/// Dimensions whose untouched values are asked.
const ASKED: [Dim; 7] = [
    Dim::Region,
    Dim::PaymentMethod,
    Dim::Device,
    Dim::Browser,
    Dim::Network,
    Dim::Customer,
    Dim::TrafficSource,
];
/// Nats by which a value's own numbers can speak at most: baselines are no better than that.
const BOUND: f64 = 40.0;
/// Buckets after the onset that are asked.
const LOOK: i64 = 60;
/// Share of the largest harm from which a service may be where it begins.
const MOSTLY: f64 = 0.7;
/// One in so many services at most may bend for that to point at any of them.
const FEW: usize = 3;
/// Nats from which a service that opened nothing counts as suffering too.
const WEAK: f64 = 5.0;

/// One dimension of the place.
pub struct PlacePart {
    pub dim: Dim,
    /// The values that are hurt; none when no value is named.
    pub hit: Option<BTreeSet<String>>,
    /// Every value the data tell.
    pub values: BTreeSet<String>,
    /// Nats of "the others are hurt as much" over "they are as usual".
    pub others: f64,
}

impl PlacePart {
    /// The value that a change names: its region in the environment, its payment method in the
    /// service.
    pub fn named_by(&self, change: &Change) -> Option<&String> {
        if !matches!(self.dim, Dim::Region | Dim::PaymentMethod) {
            return None;
        }
        let told = [&change.service, &change.environment].map(|name| words(name));
        let stands = |v: &&String| {
            let own = words(v);
            !own.is_empty() && told.iter().any(|name| own.is_subset(name))
        };
        self.values.iter().filter(stands).max_by_key(|v| v.len())
    }

    /// Every value that is hurt is named like this provider.
    pub fn is_of(&self, provider: &Change) -> bool {
        let hit = self.hit.as_ref().filter(|hit| !hit.is_empty());
        hit.is_some_and(|hit| hit.iter().all(|v| alike(v, &provider.service)))
    }
}

/// Everything about the place of a case that does not depend on a change.
pub struct PlaceSeen<'a> {
    pub policy: &'a Policy,
    pub main: &'a Shift,
    pub parts: Vec<PlacePart>,
    /// Services that are hurt; those of them that call no other of them.
    pub hurt: BTreeSet<String>,
    pub roots: BTreeSet<String>,
    /// Services that opened nothing and do not look well either.
    pub weak: BTreeSet<String>,
    /// How much each service is hurt, where the strongest of the hurt is measured.
    harms: BTreeMap<String, f64>,
    /// Nats of "hurt as the strongest of the hurt" over "as usual", by service.
    pub health: BTreeMap<String, f64>,
    /// Services that any metric tells.
    pub told: BTreeSet<String>,
    /// Services whose gauges bend at the onset.
    pub bent: BTreeSet<String>,
    /// Templates that are hurt.
    pub pages: BTreeSet<String>,
    /// Onset and the end of the newest bucket.
    pub span: (Timestamp, Timestamp),
}

impl<'a> PlaceSeen<'a> {
    pub fn of(scene: &'a Inquiry<'_>, main: &'a Shift) -> Self {
        let named = |dim: Dim| {
            let places = scene.shifts.iter().filter_map(move |e| e.place.dims.get(&dim));
            places.flatten().cloned().collect::<BTreeSet<String>>()
        };
        let cube = scene.cube;
        let mut seen = Self {
            policy: scene.judging,
            main,
            parts: ASKED.iter().filter_map(|d| part(scene, naming(scene, main, *d), *d)).collect(),
            hurt: named(Dim::Service),
            roots: BTreeSet::new(),
            weak: BTreeSet::new(),
            harms: BTreeMap::new(),
            health: BTreeMap::new(),
            told: BTreeSet::new(),
            bent: BTreeSet::new(),
            pages: named(Dim::Template),
            span: (cube.start_of(main.onset.bucket), cube.end_of(scene.now)),
        };
        if !seen.hurt.is_empty() && seen.parts.iter().all(|p| p.dim != Dim::PaymentMethod) {
            seen.parts.extend(methods(scene, main));
        }
        seen.look(scene);
        seen.roots = seen.roots();
        seen
    }

    /// Of the hurt services those that call no other of them. Where nobody told who calls whom:
    /// those that are hurt most, because callers see a part of what fails below them.
    fn roots(&self) -> BTreeSet<String> {
        let calls = &self.policy.services;
        let below = |h: &String, o: &String| calls.reaches(h, o) && !calls.reaches(o, h);
        let known = self.hurt.iter().all(|h| calls.known(h).is_some());
        let harm = |h: &String| self.harms.get(h).copied().unwrap_or(f64::INFINITY);
        let most = self.hurt.iter().map(harm).filter(|h| h.is_finite()).fold(0.0, f64::max);
        let root = |h: &&String| {
            !self.hurt.iter().any(|o| below(h, o)) && (known || harm(h) >= MOSTLY * most)
        };
        self.hurt.iter().filter(root).cloned().collect()
    }

    /// Every cuboid that tells services apart.
    fn look(&mut self, scene: &Inquiry<'_>) {
        let services = |e: &&Shift| e.place.dims.contains_key(&Dim::Service);
        let lead = scene.shifts.iter().filter(services);
        let lead = lead.max_by(|a, b| a.nats.total_cmp(&b.nats)).unwrap_or(self.main);
        let span = (lead.from(), lead.last_bad.min(lead.from() + LOOK));
        let cuboids = scene.cube.cuboids.values();
        for cuboid in cuboids.filter(|t| t.key.dims.contains(&Dim::Service)) {
            let judged = matches!(cuboid.likelihood, Likelihood::LogNormal | Likelihood::Rare);
            let accs = by_value(cuboid, Dim::Service, &Scope::everything(), span);
            self.told.extend(accs.keys().cloned());
            let dispersion = cuboid.dispersion(cuboid.mask_for(&[Dim::Service]));
            for (name, acc) in accs.iter().filter(|_| judged) {
                if cuboid.key == lead.cuboid && self.hurt.contains(name) {
                    self.harms.insert(name.clone(), harm(cuboid.likelihood, cuboid.sign, acc));
                }
                if self.hurt.contains(name) {
                    continue;
                }
                if evidence(cuboid.likelihood, cuboid.sign, acc, dispersion).nats >= WEAK {
                    self.weak.insert(name.clone());
                }
                if cuboid.key == lead.cuboid {
                    let size = lead.least_harm();
                    let nats = onset::gain(cuboid.likelihood, cuboid.sign, acc, dispersion, size);
                    self.health.insert(name.clone(), nats.clamp(-BOUND, BOUND));
                }
            }
        }
        let near = (self.main.onset.low, self.main.onset.high.max(self.main.onset.bucket));
        let all: Vec<&str> = self.told.iter().map(String::as_str).collect();
        let bends = resource_bends::bends(scene.cube, &all, near, scene.now);
        self.bent = bends.into_iter().map(|b| b.service).collect();
        // What bends nearly everywhere points at nobody.
        if FEW * self.bent.len() > self.told.len() {
            self.bent.clear();
        }
    }

    /// The service that a change's name means, as the data or the cuboid of calls spell it.
    pub fn service(&self, name: &str) -> Option<String> {
        let told = self.told.get(name).or_else(|| self.told.iter().find(|t| same(t, name)));
        told.cloned().or_else(|| self.policy.services.known(name).map(str::to_owned))
    }

    /// One region or one payment method is hurt.
    pub fn is_local(&self) -> bool {
        let outside = |p: &&PlacePart| matches!(p.dim, Dim::Region | Dim::PaymentMethod);
        self.parts.iter().filter(outside).any(|p| p.hit.is_some())
    }

    pub fn areas(&self) -> Areas<'_> {
        Areas(&self.policy.journey)
    }

    /// Does what is hurt call the provider, or did the provider say which pages it is?
    pub fn depends_on(&self, provider: &Change) -> bool {
        let calls = &self.policy.services;
        let named = |n: &str| calls.reaches(n, &provider.service) || same(n, &provider.service);
        let by_part = |p: &PlacePart| p.hit.iter().flatten().any(|v| alike(v, &provider.service));
        self.hurt.iter().any(|h| named(h))
            || self
                .pages
                .iter()
                .any(|p| provider.templates.contains(p) || self.areas().of(p).any(&named))
            || self.parts.iter().any(by_part)
    }
}

/// Templates and the names people have for them.
#[derive(Clone, Copy)]
pub struct Areas<'a>(&'a [Journey]);

impl<'a> Areas<'a> {
    /// A template's own name and the name of its journey.
    pub fn of<'b>(self, page: &'b str) -> impl Iterator<Item = &'b str>
    where
        'a: 'b,
    {
        let journey = self.0.iter().find(|j| j.has_template(page)).map(|j| j.name.as_str());
        std::iter::once(page).chain(journey)
    }

    /// Names of templates and journeys that none of `pages` belongs to.
    pub fn other(self, pages: &BTreeSet<String>) -> impl Iterator<Item = &'a str> {
        let mine = |j: &Journey| j.templates.iter().any(|t| pages.contains(t));
        let far: Vec<&Journey> = self.0.iter().filter(|j| !mine(j)).collect();
        far.into_iter().flat_map(|j| {
            std::iter::once(j.name.as_str()).chain(j.templates.iter().map(String::as_str))
        })
    }
}

/// Sums by the values of one dimension inside a scope; what has no value there is left out.
fn by_value(
    cuboid: &Cuboid,
    dim: Dim,
    inside: &Scope,
    span: (i64, i64),
) -> BTreeMap<String, Tally> {
    let mut out: BTreeMap<String, Tally> = BTreeMap::new();
    for leaf in &cuboid.leaves {
        if let DimValue::Value(name) = leaf.seg.get(dim)
            && inside.contains(&leaf.seg)
        {
            out.entry(name.to_string()).or_default().add(&cuboid.acc_over(leaf, span.0, span.1));
        }
    }
    out
}

/// The cut that tells a dimension apart at the place: the shift's own, else one of its family.
fn cut<'a>(scene: &'a Inquiry<'_>, main: &Shift, dim: Dim) -> Option<&'a Cuboid> {
    let fits = |t: &&Cuboid| {
        t.key.dims.contains(&dim) && main.scope.dims.keys().all(|d| t.key.dims.contains(d))
    };
    let own = scene.cube.cuboids.get(&main.cuboid).filter(fits);
    let family = || scene.cube.family(main.cuboid.family).filter(fits);
    own.or_else(|| family().find(|t| t.key.family.1 != CuboidRole::Reading))
}

/// The strongest shift that names a dimension; the main one where none does.
fn naming<'a>(scene: &'a Inquiry<'_>, main: &'a Shift, dim: Dim) -> &'a Shift {
    let strongest = |here: bool| {
        let fits = |e: &&Shift| e.scope.dims.contains_key(&dim) && (!here || e.place == main.place);
        scene.shifts.iter().filter(fits).max_by(|a, b| a.nats.total_cmp(&b.nats))
    };
    strongest(true).or_else(|| strongest(false)).unwrap_or(main)
}

/// What the values of a dimension outside the place say, at the size of the harm.
fn part(scene: &Inquiry<'_>, main: &Shift, dim: Dim) -> Option<PlacePart> {
    let cuboid = cut(scene, main, dim)?;
    let mut open = main.scope.clone();
    let hit = open.dims.remove(&dim);
    let span = (main.telling(), main.last_bad.min(main.telling() + LOOK));
    let accs = by_value(cuboid, dim, &open, span);
    if accs.len() < 2 {
        return None;
    }
    let fixed: Vec<Dim> = open.dims.keys().copied().chain([dim]).collect();
    let dispersion = cuboid.dispersion(cuboid.mask_for(&fixed));
    let harm = main.least_harm();
    let nats = |acc: &Tally| {
        onset::gain(cuboid.likelihood, cuboid.sign, acc, dispersion, harm).clamp(-BOUND, BOUND)
    };
    let told: Vec<(&String, f64)> = accs.iter().map(|(v, acc)| (v, nats(acc))).collect();
    let loudest = told.iter().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
    let others: f64 = match &hit {
        Some(hit) => told.iter().filter(|t| !hit.contains(t.0)).map(|t| t.1).sum(),
        // Nothing is named: the rest beside the loudest value.
        None => told.iter().map(|t| t.1).sum::<f64>() - loudest,
    };
    let values = accs.keys().cloned().collect();
    Some(PlacePart { dim, hit, values, others: others.clamp(-BOUND, BOUND) })
}

/// Payment methods that fail while a service is hurt whose own metrics tell none apart: read from
/// where they are told, by the same minutes.
fn methods(scene: &Inquiry<'_>, main: &Shift) -> Option<PlacePart> {
    let dim = Dim::PaymentMethod;
    let span = (main.telling(), main.last_bad.min(main.telling() + LOOK));
    let told = |t: &&Cuboid| {
        let role = t.key.family.1;
        t.key.dims.contains(&dim) && matches!(role, CuboidRole::Plain | CuboidRole::Step)
    };
    let parts = scene.cube.cuboids.values().filter(told).filter_map(|cuboid| {
        let judged = matches!(
            cuboid.likelihood,
            Likelihood::LogNormal | Likelihood::Rare | Likelihood::Conversion
        );
        let accs = by_value(cuboid, dim, &Scope::everything(), span);
        let dispersion = cuboid.dispersion(cuboid.mask_for(&[dim]));
        let nats = |acc: &Tally| evidence(cuboid.likelihood, cuboid.sign, acc, dispersion).nats;
        let told: Vec<(&String, &Tally, f64)> = accs.iter().map(|(v, a)| (v, a, nats(a))).collect();
        let loudest = told.iter().max_by(|a, b| a.2.total_cmp(&b.2)).filter(|_| judged)?;
        let suffers = |t: &&(&String, &Tally, f64)| t.2 >= WEAK;
        let hit: BTreeSet<String> = told.iter().filter(suffers).map(|t| t.0.clone()).collect();
        let size = MOSTLY * harm(cuboid.likelihood, cuboid.sign, loudest.1);
        let well = told.iter().filter(|t| !suffers(t));
        let others =
            well.map(|t| onset::gain(cuboid.likelihood, cuboid.sign, t.1, dispersion, size));
        let others = others.sum::<f64>().clamp(-BOUND, 0.0);
        let values: BTreeSet<String> = accs.keys().cloned().collect();
        let some = !hit.is_empty() && hit.len() < values.len();
        some.then_some((loudest.2, PlacePart { dim, hit: Some(hit), values, others }))
    });
    parts.max_by(|a, b| a.0.total_cmp(&b.0)).map(|p| p.1)
}
