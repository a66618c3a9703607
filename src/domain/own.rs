//! Metrics and dimensions of a shop's own, by name: declared by a config once at the start, or met
//! in a board or a journal that somebody else's config made. A list that only grows; what the names
//! mean is judged elsewhere.

use std::cell::Cell;
use std::sync::{PoisonError, RwLock};

use super::measure::{Bad, Kind, MetricRow};

/// So many metrics a shop may have of its own: each takes a row that is never given back.
pub const METRICS: usize = 64;
/// So many dimensions: a segment has a place for each.
pub const DIMS: usize = 4;
/// Longest name.
const LONGEST: usize = 48;

static ROWS: RwLock<Vec<&'static MetricRow>> = RwLock::new(Vec::new());
static NAMES: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());

thread_local! {
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

/// What a config says of a metric.
#[derive(Clone, PartialEq, Debug)]
pub struct Declared {
    pub name: String,
    pub label: String,
    pub unit: &'static str,
    pub kind: Kind,
    pub bad: Bad,
}

/// While it lives, this thread takes no name that nobody declared: for reading a config.
#[derive(Debug)]
pub struct Strict(bool);

impl Strict {
    pub fn new() -> Self {
        Self(STRICT.replace(true))
    }
}

impl Default for Strict {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Strict {
    fn drop(&mut self) {
        STRICT.set(self.0);
    }
}

/// `shipping_step`: what JSON keys, labels and screens can carry.
pub fn is_name(name: &str) -> bool {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= LONGEST
        && name.chars().all(part)
}

/// Adds a metric, or says anew what one of this name is; its row. That the program has none of this
/// name is looked at by `Metric::declare`.
///
/// # Errors
/// Why the name cannot be taken.
pub(super) fn declare(own: &Declared) -> Result<u8, String> {
    let name = own.name.as_str();
    if !is_name(name) {
        return Err(odd(name));
    }
    let mut rows = ROWS.write().unwrap_or_else(PoisonError::into_inner);
    let known = rows.iter().position(|r| r.name == name);
    let index = known.unwrap_or(rows.len());
    let full = || format!("a shop has {METRICS} metrics of its own at most");
    let place = u8::try_from(index).map_err(|_| full())?;
    let same = |r: &&&'static MetricRow| {
        (r.label, r.unit, r.kind, r.bad) == (own.label.as_str(), own.unit, own.kind, own.bad)
    };
    if known.and_then(|i| rows.get(i)).as_ref().is_some_and(same) {
        return Ok(place);
    }
    if index >= METRICS {
        return Err(full());
    }
    let row = Box::leak(Box::new(MetricRow {
        name: leaked(name),
        label: leaked(&own.label),
        unit: own.unit,
        kind: own.kind,
        bad: own.bad,
    }));
    match rows.get_mut(index) {
        Some(old) => *old = row,
        None => rows.push(row),
    }
    Ok(place)
}

/// Adds a dimension, or finds it; its place. That the program has none of this name is looked at by
/// `Dim::declare`.
///
/// # Errors
/// Why the name cannot be taken.
pub(super) fn declare_dim(name: &str) -> Result<u8, String> {
    if !is_name(name) {
        return Err(odd(name));
    }
    let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
    let index = names.iter().position(|n| *n == name).unwrap_or(names.len());
    if index >= DIMS {
        return Err(format!("a shop has {DIMS} dimensions of its own at most"));
    }
    if index == names.len() {
        names.push(leaked(name));
    }
    u8::try_from(index).map_err(|_| odd(name))
}

fn odd(name: &str) -> String {
    format!("`{name}` is no name: small letters, digits and _, a letter first, {LONGEST} at most")
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// The row of the metric of this name. One that nobody declared is taken as a number without a
/// unit, unless a config is being read.
pub(super) fn metric(name: &str) -> Option<u8> {
    let rows = ROWS.read().unwrap_or_else(PoisonError::into_inner);
    let known = rows.iter().position(|r| r.name == name).and_then(|i| u8::try_from(i).ok());
    drop(rows);
    if known.is_some() || STRICT.get() || !is_name(name) {
        return known;
    }
    let label = name.replace('_', " ");
    let own =
        Declared { name: name.to_owned(), label, unit: "", kind: Kind::Gauge, bad: Bad::Both };
    declare(&own).ok()
}

/// The place of the dimension of this name; one that nobody declared is taken unless a config is
/// being read.
pub(super) fn dim(name: &str) -> Option<u8> {
    let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
    let known = names.iter().position(|n| *n == name);
    drop(names);
    match known {
        Some(index) => u8::try_from(index).ok(),
        None if STRICT.get() => None,
        None => declare_dim(name).ok(),
    }
}

/// What was declared of a metric; nothing of one that never was.
pub fn row(index: u8) -> Option<&'static MetricRow> {
    let rows = ROWS.read().unwrap_or_else(PoisonError::into_inner);
    rows.get(usize::from(index)).copied()
}

/// The name of a dimension; `own` where it has none.
pub fn dim_name(index: u8) -> &'static str {
    let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
    names.get(usize::from(index)).copied().unwrap_or("own")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metric::Metric;
    use crate::domain::segment::Dim;

    fn wait(unit: &'static str) -> Declared {
        let (name, label) = ("own_test_wait".to_owned(), "wait".to_owned());
        Declared { name, label, unit, kind: Kind::Dist, bad: Bad::Up }
    }

    #[test]
    fn what_is_declared_reads_back_by_its_name_and_may_be_said_anew() {
        let metric = Metric::declare(&wait("ms")).expect("a metric");
        assert_eq!(Metric::from_name("own_test_wait"), Some(metric));
        assert_eq!(
            (metric.name(), metric.row().unit, metric.kind()),
            ("own_test_wait", "ms", Kind::Dist)
        );
        assert_eq!(Metric::declare(&wait("ms")), Ok(metric));
        assert_eq!(Metric::declare(&wait("bytes")), Ok(metric));
        assert_eq!(metric.row().unit, "bytes");
        let json = serde_json::to_string(&metric).expect("json");
        assert_eq!(serde_json::from_str::<Metric>(&json).expect("read"), metric);
    }

    #[test]
    fn a_name_that_is_taken_or_odd_is_refused() {
        let named = |name: &str| Metric::declare(&Declared { name: name.to_owned(), ..wait("ms") });
        for name in ["lcp", "fid", "Wait", "", "9x", "a-b"] {
            assert!(named(name).is_err(), "{name}");
            assert!(name == "fid" || name == "lcp" || Dim::declare(name).is_err(), "{name}");
        }
        assert!(Dim::declare("device").is_err());
    }

    #[test]
    fn a_name_that_nobody_declared_is_met_in_a_board_and_refused_in_a_config() {
        let strict = Strict::new();
        let read = || serde_json::from_str::<Metric>("\"own_test_met\"");
        let why = read().expect_err("unknown").to_string();
        assert!(why.starts_with("unknown metric `own_test_met`"), "{why}");
        drop(strict);
        let met = read().expect("met");
        assert_eq!((met.name(), met.row().label), ("own_test_met", "own test met"));
    }
}
