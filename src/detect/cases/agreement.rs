//! Do a new shift and a case share their cause? Onset, place and likely cause must agree, and why
//! they do is said in a line. The less the places agree, the closer the onsets have to be.

use std::collections::BTreeSet;

use super::closing::HEALS;
use super::kinds::{is_measuring, is_surge, is_visit_loss, is_whole_funnel};
use super::lie::{Lie, lie, spreads, told_by_both};
use super::open_case::{OpenCase, related};
use super::parts::FailingChecks;
use super::simultaneity::{AS_ONE, When, began};
use super::state::EngineState;
use crate::detect::attribution::{change_feed, inquiry, posterior};
use crate::detect::cube::place::templates;
use crate::detect::evidence::stat::Likelihood;
use crate::detect::scan::shift::Shift;
use crate::domain::change::Change;
use crate::domain::id::{JourneyId, ReleaseId};
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;
use crate::verdict::Suspect;

/// Why an shift joins a case, and how well the two fit: less is better.
#[derive(Clone, PartialEq, Debug)]
pub struct Tie {
    pub rank: u8,
    pub apart: f64,
    /// The same sign at the same place came back soon after it went.
    again: bool,
    pub why: String,
}

/// Signs of one fault at one place lag by so much: alarms, retries, caches that run dry.
const LAG: f64 = 300.0;
/// Losses follow their cause by so much, and are hardly seen before it; a wrong price gets about
/// as fast.
const FOLLOWS: f64 = 900.0;
const BEFORE: f64 = 120.0;
/// One fault may hit a wider place by another sign; then it does so at once.
const AT_ONCE: f64 = 60.0;
/// What grows slowly has no sharp beginning.
const RAMP: f64 = 3600.0;
/// Checks run every few minutes, and fail twice before they count.
const CHECKS: f64 = 900.0;
/// Checks of several journeys that have one cause fail in the same minutes.
const ALL_CHECKS: f64 = 120.0;
/// Views of a cause that share less than this have different ones; from so much on they have one.
const APART: f64 = 0.25;
const ONE: f64 = 0.6;
/// Standard deviations by which two beginnings must be further apart than they may be.
const SURE: f64 = 2.0;

impl Tie {
    fn sure(why: String) -> Self {
        Self { rank: 0, apart: 0.0, again: false, why }
    }
}

/// The tie between an shift and a case; none when they are two faults.
pub fn tie(state: &EngineState, live: &OpenCase, e: &Shift) -> Option<Tie> {
    let alone = live.blind.is_some() || live.flaw.is_some();
    let begun = !live.shifts.is_empty() || !live.failing_checks.is_empty();
    let surges = begun && is_surge(e) != live.is_surge();
    if alone || surges || is_measuring(e) != live.is_telemetry() {
        return None;
    }
    // The cause is looked at last: weighing every change costs more than all the rest.
    let again = best(state, live, e, Cause::One)?.again;
    match cause(state, live, e, again) {
        Cause::Other => None,
        cause => best(state, live, e, cause),
    }
}

/// Do onset and place allow one fault, whatever its cause?
pub fn fits(state: &EngineState, live: &OpenCase, e: &Shift) -> bool {
    best(state, live, e, Cause::One).is_some()
}

/// The best tie by onset and place.
fn best(state: &EngineState, live: &OpenCase, e: &Shift, cause: Cause) -> Option<Tie> {
    // Every fault moves the whole funnel: it ties nothing to a case that has signs of its own.
    let own = live.shifts.iter().any(|m| !is_whole_funnel(m));
    let others = live.shifts.iter().filter(|m| !own || !is_whole_funnel(m));
    let shifts = others.filter_map(|m| with_effect(state, (m, e), cause));
    let failing_checks = live.failing_checks.iter().filter_map(|t| with_trouble(state, t, e));
    shifts
        .chain(failing_checks)
        .min_by(|a, b| a.rank.cmp(&b.rank).then(a.apart.total_cmp(&b.apart)))
}

/// One cause behind two shifts?
fn with_effect(state: &EngineState, (mine, new): (&Shift, &Shift), cause: Cause) -> Option<Tie> {
    let cube = &state.cube;
    if is_measuring(mine) || is_measuring(new) {
        let joined = related(mine, new, cube.bucket);
        return joined.then(|| Tie::sure(String::new()));
    }
    let same = mine.cuboid.family == new.cuboid.family;
    let lie = lie(mine, new);
    let over = mine.until.or(mine.recovered().then_some(mine.last_bad));
    if let Some(until) = over.filter(|until| new.onset.low > *until) {
        // It is over: the same sign at the same place is the same fault again, nothing else is.
        let same = same && told_by_both(mine, new) && matches!(lie, Lie::Same | Lie::Nested);
        let again = new.onset.low - until <= state.rearm();
        return same.then(|| Tie { again, ..Tie::sure("the same sign again".to_owned()) });
    }
    let room = room(state, mine, new, lie)?;
    let bucket = cube.bucket.millis() as f64 / 1000.0;
    let room = [room.0.max(0.25 * bucket), room.1.max(0.25 * bucket)];
    let (apart, sd) = began(cube, mine).until(began(cube, new));
    let slow = mine.onset.ramp || new.onset.ramp;
    // One release that goes out in steps hurts more and more of one place.
    let grows = slow || same && cause == Cause::One;
    let ramp = if grows && lie != Lie::Beside { RAMP } else { 0.0 };
    let fits = -room[0].max(ramp) - SURE * sd <= apart && apart <= room[1].max(ramp) + SURE * sd;
    let rank = match lie {
        Lie::Same => 0,
        Lie::Nested => 1,
        Lie::Unknown | Lie::Crossed => 2,
        Lie::Beside | Lie::Apart => 3,
    };
    let why = || words(mine, apart, sd, lie);
    fits.then(|| Tie { rank, apart: apart.abs(), again: false, why: why() })
}

/// Signs of one metric that may be one fault by their onsets.
pub fn at_one_time(state: &EngineState, a: &Shift, b: &Shift) -> bool {
    let (apart, sd) = began(&state.cube, a).until(began(&state.cube, b));
    let room = if a.onset.ramp || b.onset.ramp { RAMP } else { LAG };
    apart.abs() <= room + SURE * sd
}

/// Seconds by which the new shift may begin before and after the one that is known.
fn room(state: &EngineState, mine: &Shift, new: &Shift, lie: Lie) -> Option<(f64, f64)> {
    let policy = &state.settings.policy;
    let both = |x: f64| Some((x, x));
    let same = mine.cuboid.family == new.cuboid.family;
    match lie {
        Lie::Apart => return None,
        Lie::Beside => return if same { both(AS_ONE) } else { None },
        Lie::Crossed if same => return both(AT_ONCE),
        Lie::Same | Lie::Nested | Lie::Crossed | Lie::Unknown => {}
    }
    if same {
        return both(LAG);
    }
    if is_surge(mine) && is_surge(new) && matches!(lie, Lie::Same | Lie::Nested) {
        return both(FOLLOWS);
    }
    let (loss, other) = match (is_step(mine), is_step(new)) {
        (true, true) => return losses(policy, mine, new, lie),
        (false, false) => {
            let visits = is_visit_loss(mine) || is_visit_loss(new);
            let visits = visits && !elsewhere(mine, new) && !elsewhere(new, mine);
            return both(match lie {
                Lie::Same => LAG,
                _ if visits => LAG,
                Lie::Unknown | Lie::Crossed => AS_ONE,
                _ => AT_ONCE,
            });
        }
        (true, false) => (mine, new),
        (false, true) => (new, mine),
    };
    let lead = follows(policy, &other.place, loss)?;
    let (before, after) = match lie {
        _ if spreads(&state.cube, loss, other) || elsewhere(other, loss) => (AS_ONE, AS_ONE),
        Lie::Nested | Lie::Crossed => (AT_ONCE.min(lead), LAG),
        _ => (lead, FOLLOWS),
    };
    Some(if is_step(new) { (before, after) } else { (after, before) })
}

/// Visits are missing in a part of the shop that the other shift does not keep to: what hurts
/// everywhere does not keep the visits of one region away.
fn elsewhere(visits: &Shift, other: &Shift) -> bool {
    let kept = |(dim, values): (&Dim, &BTreeSet<String>)| {
        other.scope.dims.get(dim).is_some_and(|v| v.is_subset(values))
    };
    is_visit_loss(visits) && !visits.scope.dims.iter().all(kept)
}

/// Two steps of the funnel: of one journey, or lost by the same few shoppers at once.
fn losses(policy: &Policy, a: &Shift, b: &Shift, lie: Lie) -> Option<(f64, f64)> {
    let (x, y) = (owner(policy, a), owner(policy, b));
    let one = x == y || is_whole_funnel(a) || is_whole_funnel(b) || x.is_none() || y.is_none();
    let few = lie == Lie::Same && a.scope.dims.keys().any(|d| b.scope.dims.contains_key(d));
    match (one, lie) {
        (true, Lie::Same | Lie::Unknown) => Some((LAG, LAG)),
        (true, _) => Some((AT_ONCE, AT_ONCE)),
        (false, _) if few => Some((AT_ONCE, AT_ONCE)),
        (false, _) => None,
    }
}

fn is_step(e: &Shift) -> bool {
    e.likelihood == Likelihood::Conversion
}

/// The journey whose step it is, with its place in the policy's order.
fn owner<'a>(policy: &'a Policy, loss: &Shift) -> Option<&'a JourneyId> {
    let owns = policy.journey.iter().find(|j| j.steps.contains(&loss.cuboid.family.0));
    owns.map(|j| &j.name)
}

/// A step is a share of the step before it: trouble on a page moves the step that its journey owns,
/// and a page that leads to the shop's steps moves the first that comes after it. How long before
/// the trouble the loss may begin, for each is seen by another count; `None`: it does not follow.
fn follows(policy: &Policy, place: &Scope, loss: &Shift) -> Option<f64> {
    let owner = owner(policy, loss).filter(|_| !is_whole_funnel(loss));
    let (Some(owner), Some(pages)) = (owner, templates(place)) else { return Some(BEFORE) };
    let room = pages.filter_map(|page| {
        let Some(j) = policy.journey_of(page) else { return Some(BEFORE) };
        let mut later = policy.journey.iter().skip_while(|x| x.name != j.name);
        let next = later.find(|x| !x.steps.is_empty()).map(|x| &x.name);
        if j.name == *owner {
            return Some(BEFORE);
        }
        (j.steps.is_empty() && next == Some(owner)).then_some(AS_ONE)
    });
    room.reduce(f64::max)
}

/// Failing checks and an shift on the pages of their journey, at the same time.
fn with_trouble(state: &EngineState, t: &FailingChecks, e: &Shift) -> Option<Tie> {
    let policy = &state.settings.policy;
    let began = began(&state.cube, e);
    let failed = When { at: t.since.millis() as f64 / 1000.0, sd: 0.0 };
    let (apart, sd) = failed.until(began);
    // Checks that pass again say of what begins later only that it is something else.
    let room = if t.over { ALL_CHECKS } else { CHECKS };
    let near = apart.abs() <= room + SURE * sd;
    let here = speaks_for(policy, t, e);
    let why = || format!("checks of {} began to fail {} it", t.journey, before(-apart));
    (near && here).then(|| Tie { apart: apart.abs(), ..Tie::sure(why()) })
}

fn speaks_for(policy: &Policy, t: &FailingChecks, e: &Shift) -> bool {
    if is_step(e) {
        return is_whole_funnel(e) || owner(policy, e).is_none_or(|o| *o == t.journey);
    }
    t.place.as_ref().is_none_or(|p| same_templates(p, &e.place))
}

fn same_templates(a: &Scope, b: &Scope) -> bool {
    match (a.dims.get(&Dim::Template), b.dims.get(&Dim::Template)) {
        (Some(x), Some(y)) => !x.is_disjoint(y),
        _ => true,
    }
}

/// The tie between failing checks and a case.
pub fn tie_checks(
    state: &EngineState,
    live: &OpenCase,
    (journey, place): (&JourneyId, Option<&Scope>),
    since: Timestamp,
) -> Option<String> {
    let mine = |t: &&FailingChecks| t.journey == *journey;
    if live.is_telemetry() || live.is_surge() || healed_before(state, live, since) {
        return None;
    }
    if live.failing_checks.iter().any(|t| mine(&t)) {
        return Some("the same checks again".to_owned());
    }
    if live.closed.is_some() {
        return None;
    }
    let failing = FailingChecks::new(journey.clone(), place.cloned(), since);
    let mut by_effect = live.shifts.iter().filter(|e| e.until.is_none());
    let by_effect = by_effect.find_map(|e| with_trouble(state, &failing, e));
    let together = || {
        let near =
            |t: &&FailingChecks| t.since.since(since).millis().abs() as f64 / 1000.0 <= ALL_CHECKS;
        let other = live.failing_checks.iter().find(near)?;
        Some(format!("checks of {} began to fail in the same minutes", other.journey))
    };
    by_effect.map(|t| t.why).or_else(together)
}

/// What is known of the causes of a case and of a new shift.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cause {
    /// Both have the same likely one.
    One,
    Unknown,
    /// The shift has another one, or the case's is gone.
    Other,
}

/// What comes and goes began long after its cause, so that nothing explains its newest beginning is
/// no word against it; a change that does is.
fn cause(state: &EngineState, live: &OpenCase, e: &Shift, again: bool) -> Cause {
    if healed_before(state, live, state.cube.end_of(e.onset.low)) {
        return Cause::Other;
    }
    if live.shifts.is_empty() || state.changes.is_empty() {
        return Cause::Unknown;
    }
    let alone = suspect_of(state, std::slice::from_ref(e));
    let told = Some(&live.suspect).filter(|s| **s != Suspect::default()).cloned();
    let known = told.unwrap_or_else(|| suspect_of(state, &live.shifts));
    let common = common(&known, &alone);
    match (&known.release, &alone.release) {
        (_, None) if again => Cause::Unknown,
        _ if common < APART => Cause::Other,
        (Some(a), Some(b)) if a == b && common > ONE => Cause::One,
        _ => Cause::Unknown,
    }
}

/// How far two views of the cause agree: what both give to each change, and to none.
fn common(a: &Suspect, b: &Suspect) -> f64 {
    let of = |s: &Suspect, id: &ReleaseId| {
        s.candidates.iter().find(|c| c.release == *id).map_or(0.0, |c| c.share)
    };
    let none = |s: &Suspect| (1.0 - s.candidates.iter().map(|c| c.share).sum::<f64>()).max(0.0);
    let shared = a.candidates.iter().map(|c| c.share.min(of(b, &c.release)));
    shared.sum::<f64>() + none(a).min(none(b))
}

/// Who would be blamed for some shifts alone.
fn suspect_of(state: &EngineState, shifts: &[Shift]) -> Suspect {
    let changes: Vec<&Change> = state.changes.values().collect();
    let feed = change_feed::of(&state.scene());
    let scene = inquiry::Inquiry {
        judging: &state.settings.policy,
        cube: &state.cube,
        shifts,
        changes: &changes,
        feed: &feed,
        policy: &state.settings.policy.detect.blame,
        now: state.cube.newest.unwrap_or_default(),
    };
    posterior::suspect(&scene).unwrap_or_default()
}

/// The case's cause was taken back, its harm healed with that, and it was over by then.
fn healed_before(state: &EngineState, live: &OpenCase, onset: Timestamp) -> bool {
    let cube = &state.cube;
    let Some(release) = &live.suspect.release else { return false };
    let change = state.changes.values().find(|c| c.id == *release);
    let Some(back) = change.and_then(|c| c.rolled_back_at) else { return false };
    let good = |e: &Shift| e.until.is_some() || e.good_since.is_some();
    let checks = live.failing_checks.iter().all(|t| t.over);
    let Some(last) = live.shifts.iter().map(|e| e.until.unwrap_or(e.last_bad)).max() else {
        return false;
    };
    let ended = cube.end_of(last);
    let slack = cube.bucket;
    let with_it = ended.plus(slack) >= back && ended <= back.plus(HEALS).plus(slack);
    live.shifts.iter().all(good) && checks && with_it && onset > ended
}

/// `Payment step began 2 min before it, at the same place`.
fn words(mine: &Shift, apart: f64, sd: f64, lie: Lie) -> String {
    let label = mine.cuboid.family.0.row().label;
    let place = match lie {
        Lie::Same => "at the same place",
        Lie::Nested => "in a place that holds the other",
        Lie::Crossed => "in a place that crosses it",
        Lie::Unknown => "and nothing tells the places apart",
        Lie::Beside | Lie::Apart => "at places beside each other",
    };
    let when = if apart.abs() <= (SURE * sd).max(30.0) {
        "at the same time as".to_owned()
    } else {
        before(apart)
    };
    format!("{label} in {} began {when} it, {place}, and no other cause is likelier", mine.place)
}

fn before(secs: f64) -> String {
    let minutes = Span::from_millis((secs.abs() * 1000.0) as i64).as_mins_f64();
    let word = if secs >= 0.0 { "before" } else { "after" };
    if minutes < 0.75 {
        "at the same time as".to_owned()
    } else {
        format!("{minutes:.0} min {word}")
    }
}
