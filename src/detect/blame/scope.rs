//! Does the change reach the harm? The likelihood of where it hurts, given what a change says it
//! touched, with the words for people. Times are weighed elsewhere.

use crate::detect::effect::Effect;
use crate::detect::place;
use crate::domain::change::Change;
use crate::domain::segment::Dim;

/// What the place says of a change.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scoped {
    /// Log likelihood against "anything could have hurt here".
    pub log: f64,
    /// In favour, or against where `log` is negative; empty where there is nothing to say.
    pub word: String,
}

/// It touched few places, and the harm is in them.
const NARROW: f64 = 1.2;
/// It touched many, and the harm is in them.
const BROAD: f64 = 0.3;
/// Nowhere where it hurts; only in some of the places where it hurts.
const ELSEWHERE: f64 = -7.0;
const PARTLY: f64 = -4.5;
/// From so many templates on a change touches the shop as a whole.
const MANY: usize = 5;

/// Log likelihood of the harm's place for a change, and its words. `effects` date the case; the
/// strongest is at the head.
pub fn weigh(effects: &[&Effect], c: &Change) -> Scoped {
    let Some(main) = effects.first() else { return Scoped::default() };
    // A cut without templates cannot say where it hurts: no evidence either way.
    let placed = place::templates(&main.place).is_some();
    let blind_cut = !placed && !main.table.dims.contains(&Dim::Template);
    if c.templates.is_empty() || blind_cut {
        return Scoped::default();
    }
    let all = ["(every template)"];
    let hit: Vec<&str> = place::templates(&main.place).map_or(all.to_vec(), Iterator::collect);
    let outside: Vec<&str> = hit.iter().copied().filter(|t| !c.templates.contains(*t)).collect();
    if outside.is_empty() {
        let log = if c.templates.len() < MANY { NARROW } else { BROAD };
        return Scoped { log, word: format!("it changed {}", hit.join(", ")) };
    }
    if place::templates(&main.place).is_none() && c.templates.len() >= MANY {
        return Scoped { log: BROAD, word: "it changed all templates".to_owned() };
    }
    let log = if outside.len() == hit.len() { ELSEWHERE } else { PARTLY };
    let list: Vec<&str> = c.templates.iter().map(String::as_str).collect();
    let word =
        format!("it changed {} only, {} suffers as well", list.join(", "), outside.join(", "));
    Scoped { log, word }
}
