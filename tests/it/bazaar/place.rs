//! How much of a fault's true place a named place covers, weighed by who visits the bazaar.
//! Only arithmetic over the tables of `world`.

use std::sync::LazyLock;

use tillwatch::domain::segment::{Dim, Scope};

use super::world::{
    CHANNELS, COUNTRIES, LATER, METHODS, PAGES, Place, SHOPPERS, UAS, Visitor, paid_by,
};

/// Shares of a named place in the true one and the other way round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overlap {
    pub precision: f64,
    pub recall: f64,
    pub jaccard: f64,
}

impl Overlap {
    /// In a word.
    pub fn word(self) -> &'static str {
        match (self.jaccard > 0.95, self.recall > 0.95, self.precision > 0.95) {
            (true, _, _) => "exact",
            (_, true, _) => "wider",
            (_, _, true) => "narrower",
            _ if self.jaccard == 0.0 => "elsewhere",
            _ => "askew",
        }
    }
}

struct Cell {
    page: usize,
    who: Visitor,
    weight: f64,
}

static CELLS: LazyLock<Vec<Cell>> = LazyLock::new(cells);

/// Views of the funnel's pages, roughly.
const BUYING: [(usize, f64); 2] = [(super::world::BAG, 0.17), (super::world::TILL, 0.11)];

fn cells() -> Vec<Cell> {
    let mut all = Vec::new();
    for page in 0..PAGES.len() {
        let looks = PAGES[page].landing + LATER * PAGES[page].later;
        let looks = BUYING.iter().find(|b| b.0 == page).map_or(looks, |b| b.1);
        for ua in 0..UAS.len() {
            for country in 0..COUNTRIES.len() {
                for channel in 0..CHANNELS.len() {
                    for shopper in 0..SHOPPERS.len() {
                        for (method, share) in paid_by(country).into_iter().enumerate() {
                            let who = Visitor { ua, country, channel, shopper, method };
                            let weight = looks
                                * UAS[ua].share
                                * COUNTRIES[country].1
                                * CHANNELS[channel].2
                                * SHOPPERS[shopper].1
                                * share;
                            all.push(Cell { page, who, weight });
                        }
                    }
                }
            }
        }
    }
    all
}

fn inside(scope: &Scope, cell: &Cell) -> bool {
    let v = cell.who;
    scope.dims.iter().all(|(dim, values)| {
        let is = match dim {
            Dim::Template => PAGES[cell.page].ours,
            Dim::Device => UAS[v.ua].form.1,
            Dim::Browser => UAS[v.ua].family,
            Dim::Region => COUNTRIES[v.country].0,
            Dim::TrafficSource => CHANNELS[v.channel].1,
            Dim::Customer => SHOPPERS[v.shopper].0,
            Dim::Cohort => METHODS[v.method],
            // a release's label says how, not where
            _ => return true,
        };
        values.contains(is)
    })
}

pub fn overlap(named: &[Scope], truth: &[Place]) -> Overlap {
    let (mut a, mut b, mut both) = (0.0, 0.0, 0.0);
    for cell in CELLS.iter() {
        // a fault that names no place is everywhere
        let mine = named.is_empty() || named.iter().any(|s| inside(s, cell));
        let real = truth.iter().any(|p| p.holds(Some(cell.page), cell.who));
        a += if mine { cell.weight } else { 0.0 };
        b += if real { cell.weight } else { 0.0 };
        both += if mine && real { cell.weight } else { 0.0 };
    }
    let part = |x: f64, of: f64| if of > 0.0 { x / of } else { 0.0 };
    Overlap { precision: part(both, a), recall: part(both, b), jaccard: part(both, a + b - both) }
}
