//! Where a change reaches against where it hurts, as a likelihood beside "no change did it": pages,
//! services and who calls them, regions and payment methods that stayed well. Timing and doses are
//! weighed elsewhere (`blame`); what is hurt is seen in `scope::seen`.

use std::collections::BTreeSet;

use super::place_seen::PlacePart;
use crate::detect::cube::place;
use crate::detect::scan::shift::Shift;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::segment::Dim;
use crate::policy::services::{alike, same};

pub use super::place_seen::PlaceSeen;

/// A likelihood in nats with its words.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PlaceFit {
    pub log: f64,
    /// What of it speaks of this change alone; how far harm is spread speaks of every change.
    pub own: f64,
    pub words: Vec<String>,
    pub against: Vec<String>,
}

/// Less than this is a word against the change, more than as much a word for it.
const SAID: f64 = 0.5;

impl PlaceFit {
    fn add(&mut self, log: f64, word: String) {
        self.own += log;
        self.spread(log, word);
    }

    fn spread(&mut self, log: f64, word: String) {
        self.log += log;
        if word.is_empty() {
            return;
        }
        if log < -SAID {
            self.against.push(word);
        } else if log > 0.0 {
            self.words.push(word);
        }
    }
}

/// How likely a harm that a change did, and one that none did, is confined to some values of a
/// dimension. Regions have their own networks and data centres; a release goes to all of them
/// unless it is staged. A page's code often fails in one browser or on one kind of device, a
/// service's hardly ever.
fn confined(dim: Dim, change: &Change, of_service: bool) -> Option<(f64, f64)> {
    let staged = !change.stages.is_empty();
    let switch = matches!(change.kind, ChangeKind::Config | ChangeKind::Flag);
    let code = |page: f64, service: f64| if of_service { service } else { page };
    Some(match dim {
        Dim::Region if staged => (0.3, 0.4),
        Dim::Region if switch => (0.15, 0.4),
        Dim::Region => (0.02, 0.4),
        Dim::PaymentMethod => (0.05, 0.5),
        Dim::Device => (code(0.3, 0.08), 0.2),
        Dim::Browser => (code(0.25, 0.03), 0.15),
        Dim::Network => (code(0.15, 0.05), 0.25),
        Dim::Customer => (0.12, 0.1),
        Dim::TrafficSource => (0.1, 0.15),
        // Of a dimension of a shop's own nobody knows it.
        Dim::Template | Dim::Service | Dim::Release | Dim::Cohort | Dim::Own(_) => return None,
    })
}

/// `ln(p + (1 - p) e^l)`: confined by nature, or everywhere and the others' numbers speak.
fn mixed(p: f64, others: f64) -> f64 {
    (p + (1.0 - p) * others.exp()).max(f64::MIN_POSITIVE).ln()
}

/// A change that names one value (a region's deploy) hurts there alone so often.
const NAMED: f64 = 0.95;
/// Nats for a change that names another place than the one that is hurt.
const ELSEWHERE: f64 = -5.0;
/// A coincidence of names or places is told by at most so many nats.
const MOST: f64 = 2.0;

/// The same where the place fits and nobody told who calls whom: it may be a mere caller.
const UNSURE: f64 = 0.5;

/// The whole scope of a change against the whole of what is hurt.
pub fn weigh(seen: &PlaceSeen<'_>, change: &Change) -> PlaceFit {
    let mut fit = PlaceFit::default();
    let local = seen.is_local();
    for part in &seen.parts {
        let (log, word) = spread(seen, part, change);
        match part.named_by(change) {
            Some(_) => fit.add(log, word),
            // What is confined by one thing needs no second one: the rest is no word for a change.
            None if local && part.hit.is_none() => fit.spread(log.min(0.0), word),
            None => fit.spread(log, word),
        }
    }
    let service = seen.service(&change.service);
    let hurt = !seen.hurt.is_empty();
    if let (true, Some(name)) = (hurt, &service) {
        let (log, word) = among_services(seen, name);
        fit.add(log, word);
    } else if hurt && !change.templates.is_empty() && seen.pages.is_empty() {
        fit.add(-1.0, format!("it changed pages, {} suffers", list(&seen.roots)));
    }
    if !change.templates.is_empty() {
        let (log, word) = if is_foreign(seen, change) {
            (0.0, String::new())
        } else {
            templates(seen.main, change)
        };
        fit.add(log, word);
    } else if !hurt {
        let (log, word) = pages(seen, change, service.as_deref());
        fit.add(log, word);
    }
    // Who is hurt bends with the harm; of one that looks well it says that something is wrong.
    if let Some(name) = service.filter(|n| seen.bent.contains(n) && !seen.hurt.contains(n)) {
        fit.add(1.0, format!("what {name} uses up bends when the harm begins"));
    }
    fit
}

/// One dimension: the values that are hurt, and what the others would have shown.
fn spread(seen: &PlaceSeen<'_>, part: &PlacePart, change: &Change) -> (f64, String) {
    let of_service = seen.service(&change.service).is_some() && change.templates.is_empty();
    let Some((p, q)) = confined(part.dim, change, of_service) else { return (0.0, String::new()) };
    if let Some(value) = part.named_by(change) {
        let log = by_name(part, q);
        return match &part.hit {
            Some(hit) if !hit.contains(value) => {
                (ELSEWHERE, format!("it changed {value}, {} suffers", list(hit)))
            }
            Some(_) => (log, format!("it changed {value}, which alone suffers")),
            None if log < -SAID => (log, format!("it changed {value}, others suffer as well")),
            None => (log, String::new()),
        };
    }
    let log = mixed(p, part.others) - mixed(q, part.others);
    let word = match &part.hit {
        Some(hit) if log < -SAID => {
            let rest: BTreeSet<String> = part.values.difference(hit).cloned().collect();
            format!("only {} suffers: {} would clearly have shown it too", list(hit), list(&rest))
        }
        _ => String::new(),
    };
    (log, word)
}

/// Nats for somebody who has one value only: it is hurt alone, or the others as well.
fn by_name(part: &PlacePart, q: f64) -> f64 {
    let chance = q / part.values.len().max(1) as f64;
    let none = (chance + (1.0 - q) * part.others.exp()).max(f64::MIN_POSITIVE).ln();
    (mixed(NAMED, part.others) - none).clamp(ELSEWHERE, MOST)
}

/// How often a change of a service hurts: itself; those who call it while its own numbers stay
/// well (a wrong answer is an answer); what it calls, by too many or bad calls; others.
const OWN: f64 = 0.7;
const QUIET: f64 = 0.02;
const CALLEE: f64 = 0.03;
const STRANGER: f64 = 0.01;
/// The same where nobody told who calls whom: most services are strangers, some are not.
const UNKNOWN: f64 = 0.015;
/// Nats for a service that suffers with what it calls: that explains it already.
const VICTIM: f64 = -4.0;

/// A change of one service while services are hurt.
fn among_services(seen: &PlaceSeen<'_>, name: &str) -> (f64, String) {
    let calls = &seen.policy.services;
    let roots = list(&seen.roots);
    if seen.roots.contains(name) {
        // Without the graph any of those that are hurt may suffer from another one.
        let known = seen.hurt.iter().all(|h| calls.known(h).is_some());
        let hurt = if known { seen.roots.len() } else { seen.hurt.len() };
        let chance = hurt as f64 / seen.told.len().max(2).max(hurt) as f64;
        // What hits one region or one payment method is no coincidence at the service.
        let chance = if seen.is_local() { 1.0 } else { chance };
        let most = if known || hurt == 1 { MOST } else { UNSURE };
        return ((OWN / chance).ln().min(most), format!("it changed {name}, which suffers"));
    }
    if seen.hurt.contains(name) {
        let calls = seen.roots.iter().any(|r| calls.reaches(name, r));
        let how = if calls { "which calls" } else { "which suffers less than" };
        return (VICTIM, format!("it changed {name}, {how} {roots}, where it begins"));
    }
    let health = seen.health.get(name).copied().unwrap_or(0.0).min(0.0);
    let well = if health < -3.0 { ", which is well" } else { "" };
    let callers = seen.roots.iter().filter(|r| calls.reaches(r, name)).count();
    if callers == seen.roots.len() {
        let word = format!("it changed {name}{well}, which {roots} calls");
        return (mixed(QUIET, health), word);
    }
    if seen.roots.iter().any(|r| calls.reaches(name, r)) {
        return (mixed(CALLEE, health), format!("it changed {name}{well}, which calls {roots}"));
    }
    let graph = seen.roots.iter().chain([&name.to_owned()]).all(|n| calls.known(n).is_some());
    let share = if graph { STRANGER } else { UNKNOWN };
    let log = if graph { share.ln() } else { mixed(share, health) };
    (log, format!("it changed {name}{well}, {roots} suffers"))
}

/// Nats for a service whose own numbers suffer too, whose name is the page's, is another page's.
const SUFFERS: f64 = 1.5;
const NAMESAKE: f64 = 1.0;
const OTHER_NAME: f64 = -2.0;
/// Nats for pages that call the service, and for such that do not.
const CALLED: f64 = 0.7;
const NOT_CALLED: f64 = -4.5;

/// A change that tells no templates, while pages are hurt.
fn pages(seen: &PlaceSeen<'_>, change: &Change, service: Option<&str>) -> (f64, String) {
    let calls = &seen.policy.services;
    let name = service.unwrap_or(&change.service);
    let areas = seen.areas();
    if seen.pages.is_empty() {
        return (0.0, String::new());
    }
    let hit = list(&seen.pages);
    let callers: Vec<bool> = seen
        .pages
        .iter()
        .filter_map(|page| {
            let told: Vec<&str> = areas.of(page).filter(|n| calls.tells(n)).collect();
            let reached = told.iter().any(|n| calls.reaches(n, name) || same(n, name));
            (!told.is_empty()).then_some(reached)
        })
        .collect();
    if calls.known(name).is_some() && callers.len() == seen.pages.len() {
        return match callers.iter().filter(|c| **c).count() {
            0 => (NOT_CALLED, format!("{hit} does not call {name}")),
            n if n == callers.len() => (CALLED, format!("{hit} calls {name}")),
            _ => (0.0, String::new()),
        };
    }
    if seen.weak.contains(name) {
        return (SUFFERS, format!("{name} suffers too"));
    }
    let mine = |page: &String| areas.of(page).any(|n| alike(n, name));
    if seen.pages.iter().any(mine) {
        return (NAMESAKE, format!("{name} is named like {hit}"));
    }
    match areas.other(&seen.pages).find(|n| alike(n, name)) {
        Some(other) => (OTHER_NAME, format!("{name} is named like {other}, {hit} suffers")),
        None => (0.0, String::new()),
    }
}

/// Nats for templates: few were changed and they hold what is hurt, many were, some or none do.
const CHANGED: f64 = 1.2;
const ALL_CHANGED: f64 = 0.3;
const SOME_CHANGED: f64 = -4.5;
const NONE_CHANGED: f64 = -7.0;
/// From so many templates on a change is one of all of them.
const ALL_FROM: usize = 5;

/// The place was told by the journey of a funnel step and the change by other names for pages: the
/// two cannot be compared.
fn is_foreign(seen: &PlaceSeen<'_>, c: &Change) -> bool {
    let measured = seen.main.scope.dims.contains_key(&Dim::Template);
    !measured && c.templates.iter().all(|t| seen.policy.journey_of(t).is_none())
}

/// Do the change's declared templates hold the harm?
fn templates(main: &Shift, c: &Change) -> (f64, String) {
    // A cut without templates cannot say where it hurts: no evidence either way.
    let placed = place::templates(&main.place).is_some();
    let blind_cut = !placed && !main.cuboid.dims.contains(&Dim::Template);
    if blind_cut {
        return (0.0, String::new());
    }
    let all = ["(every template)"];
    let hit: Vec<&str> = place::templates(&main.place).map_or(all.to_vec(), Iterator::collect);
    let outside: Vec<&str> = hit.iter().copied().filter(|t| !c.templates.contains(*t)).collect();
    if outside.is_empty() {
        let log = if c.templates.len() < ALL_FROM { CHANGED } else { ALL_CHANGED };
        return (log, format!("it changed {}", hit.join(", ")));
    }
    if !placed && c.templates.len() >= ALL_FROM {
        return (ALL_CHANGED, "it changed all templates".to_owned());
    }
    let log = if outside.len() == hit.len() { NONE_CHANGED } else { SOME_CHANGED };
    let list: Vec<&str> = c.templates.iter().map(String::as_str).collect();
    (log, format!("it changed {} only, {} suffers as well", list.join(", "), outside.join(", ")))
}

/// A provider who says so is the cause so many times as often as nobody whom we know.
const SAYS: f64 = 8.0;
/// Somebody else's trouble at the same time.
const UNRELATED: f64 = 0.05;
/// A provider's page is late, or early by little: minutes after and before our onset in which its
/// beginning belongs to it, and what an onset within them weighs against one at any time.
const LATE_MIN: f64 = 45.0;
const EARLY_MIN: f64 = 10.0;
const NEAR: f64 = 2.6;
const LONG_AGO: f64 = 0.2;
/// How often harm that nobody of ours did is confined to one payment method or region.
const ALONE: f64 = 0.5;

/// A provider that says it is in trouble: how many times as likely as no known cause, with words.
pub fn provider(seen: &PlaceSeen<'_>, change: &Change) -> Option<(f64, String)> {
    if change.kind != ChangeKind::Provider {
        return None;
    }
    let (onset, now) = seen.span;
    let since = change.effective_at();
    let over = change.rolled_back_at.is_some_and(|end| end <= onset);
    let late = since.since(onset).as_mins_f64();
    if over || since > now || late > LATE_MIN {
        return None;
    }
    let time = if late >= -EARLY_MIN { NEAR } else { LONG_AGO };
    let related = seen.depends_on(change);
    let odds = SAYS * time * if related { 1.0 } else { UNRELATED };
    // What hurts is what it says it is, and nothing beside it.
    let place: f64 = seen.parts.iter().filter(|p| p.is_of(change)).map(|p| by_name(p, ALONE)).sum();
    let says = format!("{} says since {}: {}", change.service, hour(since), change.version);
    Some((odds.ln() + place.clamp(0.0, MOST), says))
}

fn hour(at: crate::domain::time::Timestamp) -> String {
    crate::detect::evidence::units::hour(at)
}

/// `a`, `a and b`, `a, b and 3 more`.
fn list(names: &BTreeSet<String>) -> String {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    match all.as_slice() {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
