//! The bins of a classic histogram on a page, with its end: where `le="+Inf"` is missing, `_count`
//! says how many there were in all. Where neither does, or both disagree, that is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::query::Labels;

use super::counters::CounterReading;
use super::selector::Selector;
use super::text::{ExpositionPage, Sample};

/// What `+Inf` and `_count` may differ by: a page is not made in one instant.
const APART: f64 = 0.01;

/// The bins of the families that a selector takes, and what is odd about them. A family whose parts
/// disagree comes without its end, so that nobody judges it.
pub fn of(
    page: &ExpositionPage,
    selector: &Selector,
) -> (BTreeMap<Labels, CounterReading>, Vec<String>) {
    let with =
        |suffix: &'static str| page.samples.iter().filter(move |s| selector.takes(s, suffix));
    let reading = |s: &Sample| CounterReading { value: s.value, at: s.at };
    let mut parts: BTreeMap<Labels, CounterReading> =
        with("_bucket").map(|s| (s.labels.clone(), reading(s))).collect();
    let counts: BTreeMap<Labels, CounterReading> =
        with("_count").map(|s| (s.labels.clone(), reading(s))).collect();
    let families: BTreeSet<Labels> = parts.keys().map(family).collect();
    let (mut apart, mut endless) = (0, 0);
    for labels in families {
        let mut end = labels.clone();
        end.insert("le".to_owned(), "+Inf".to_owned());
        let others = ["+Inf", "Inf", "inf", "+inf"];
        let mut spelled = others.iter().map(|le| {
            let mut own = labels.clone();
            own.insert("le".to_owned(), (*le).to_owned());
            own
        });
        let last = spelled.find(|own| parts.contains_key(own));
        match (last, counts.get(&labels)) {
            (None, None) => endless += 1,
            (None, Some(count)) => drop(parts.insert(end, *count)),
            (Some(own), Some(count)) => {
                let value = parts.get(&own).map_or(0.0, |r| r.value);
                if (value - count.value).abs() > 1.0 + APART * value.max(count.value) {
                    parts.remove(&own);
                    apart += 1;
                }
            }
            (Some(_), None) => {}
        }
    }
    let mut notes = Vec::new();
    if apart > 0 {
        notes.push(format!(
            "{apart} histograms whose +Inf bucket and _count disagree are not judged: one of the \
             two is wrong at the sender"
        ));
    }
    if endless > 0 {
        notes.push(format!(
            "{endless} histograms with neither a +Inf bucket nor a _count are not judged: how many \
             were slower than the last bucket is not known"
        ));
    }
    (parts, notes)
}

/// Labels of the histogram that a bin belongs to.
fn family(labels: &Labels) -> Labels {
    let mut own = labels.clone();
    own.remove("le");
    own
}
