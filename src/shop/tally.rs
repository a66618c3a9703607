//! Tally: dense counters of a stretch of time, one block per cut key. What visits are counted into.
//! Never averages, never drops; `bucket` is its small form for keeping.

use super::dims::{BINS, BizCut, RumCut};

/// Counters of one key of a RUM cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TallyBlock {
    pub views: u32,
    pub errors: u32,
    pub lcp: [u32; BINS],
    pub inp: [u32; BINS],
}

impl TallyBlock {
    pub const EMPTY: Self = Self { views: 0, errors: 0, lcp: [0; BINS], inp: [0; BINS] };

    pub fn add(&mut self, other: &Self) {
        self.views += other.views;
        self.errors += other.errors;
        for (mine, theirs) in self.lcp.iter_mut().zip(&other.lcp) {
            *mine += theirs;
        }
        for (mine, theirs) in self.inp.iter_mut().zip(&other.inp) {
            *mine += theirs;
        }
    }
}

/// Server-side counts of one business key; money in cents, so that sums do not depend on order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Business {
    pub sessions: u32,
    pub add_to_cart: u32,
    pub checkout_start: u32,
    pub payment_try: u32,
    pub orders: u32,
    pub cents: u64,
}

impl Business {
    pub fn add(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.add_to_cart += other.add_to_cart;
        self.checkout_start += other.checkout_start;
        self.payment_try += other.payment_try;
        self.orders += other.orders;
        self.cents += other.cents;
    }

    pub fn revenue(&self) -> f64 {
        self.cents as f64 / 100.0
    }
}

/// All counters of a stretch of time.
#[derive(Clone, PartialEq, Debug)]
pub struct Tally {
    /// By [`RumCut::ALL`], then by key.
    pub rum: [Vec<TallyBlock>; 5],
    /// By [`BizCut::ALL`], then by key.
    pub business: [Vec<Business>; 2],
    /// Requests at the edge by template, server side.
    pub edge: [u64; 6],
    /// Those of them whose trace has no page view: the two could not be joined.
    pub orphans: [u64; 6],
    /// Beacons that arrived late, by device and browser (keys of the browser cut, no template).
    pub late: [u32; 12],
}

/// A view as it is counted.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Keys in the five cuts; the cohort's may be absent.
    pub keys: [usize; 4],
    pub cohort: Option<usize>,
    pub error: bool,
    pub lcp: usize,
    pub inp: Option<usize>,
    pub late: bool,
}

impl Tally {
    pub fn new(releases: usize) -> Self {
        Self {
            rum: RumCut::ALL.map(|c| vec![TallyBlock::EMPTY; c.keys(releases)]),
            business: BizCut::ALL.map(|c| vec![Business::default(); c.keys()]),
            edge: [0; 6],
            orphans: [0; 6],
            late: [0; 12],
        }
    }

    /// Makes room for releases that came later.
    pub fn grow(&mut self, releases: usize) {
        for (cut, blocks) in RumCut::ALL.into_iter().zip(&mut self.rum) {
            let keys = cut.keys(releases).max(blocks.len());
            blocks.resize(keys, TallyBlock::EMPTY);
        }
    }

    pub fn clear(&mut self) {
        for blocks in &mut self.rum {
            blocks.fill(TallyBlock::EMPTY);
        }
        for rows in &mut self.business {
            rows.fill(Business::default());
        }
        self.edge = [0; 6];
        self.orphans = [0; 6];
        self.late = [0; 12];
    }

    pub fn view(&mut self, view: &View) {
        let [_, browser, ..] = view.keys;
        if let Some(late) = self.late.get_mut(browser % 12) {
            *late += u32::from(view.late);
        }
        let keys = view.keys.into_iter().map(Some).chain([view.cohort]);
        for (blocks, key) in self.rum.iter_mut().zip(keys) {
            if let Some(block) = key.and_then(|k| blocks.get_mut(k)) {
                block.views += 1;
                block.errors += u32::from(view.error);
                if let Some(count) = block.lcp.get_mut(view.lcp) {
                    *count += 1;
                }
                if let Some(count) = view.inp.and_then(|bin| block.inp.get_mut(bin)) {
                    *count += 1;
                }
            }
        }
    }

    pub fn visit(&mut self, keys: [usize; 2], counts: &Business) {
        for (rows, key) in self.business.iter_mut().zip(keys) {
            if let Some(row) = rows.get_mut(key) {
                row.add(counts);
            }
        }
    }

    pub fn request(&mut self, template: usize) {
        if let Some(count) = self.edge.get_mut(template) {
            *count += 1;
        }
    }

    /// Counts the orphans among requests since `before` was the count; `of` knows how many so many
    /// requests to a template have.
    pub fn orphaned(&mut self, before: [u64; 6], of: impl Fn(usize, u64) -> u64) {
        let new = self.edge.iter().zip(before).map(|(now, before)| now.saturating_sub(before));
        for (template, (orphans, new)) in self.orphans.iter_mut().zip(new).enumerate() {
            *orphans += of(template, new);
        }
    }

    /// Views of everything, read from one cut.
    pub fn views(&self) -> u64 {
        self.rum.first().map_or(0, |blocks| blocks.iter().map(|b| u64::from(b.views)).sum())
    }

    /// Everything of one business cut added up.
    pub fn business_total(&self) -> Business {
        let mut total = Business::default();
        for row in self.business.first().into_iter().flatten() {
            total.add(row);
        }
        total
    }
}
