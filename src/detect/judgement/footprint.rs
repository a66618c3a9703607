//! How much the engine holds: segments, places, windows, bytes. Counted, not guessed, for the
//! benches and for whoever sizes a watcher. Nothing is judged here.

use std::mem::size_of;

use crate::detect::cube::cuboid::{Conj, Leaf, Table};
use crate::detect::engine::Engine;
use crate::detect::evidence::stat::{Acc, HourRaw, Known};

/// What is held, and what one pass looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Footprint {
    /// Cuts of metrics.
    pub tables: usize,
    /// Leaf segments over all tables.
    pub segments: usize,
    /// Conjunctions over the leaves: what can be named as hurt.
    pub places: usize,
    /// Places times window lengths: what one pass judges.
    pub segment_windows: usize,
    /// Rings, histories, window sums, explanations, member lists, indexes, and the histograms that
    /// percentiles are shown from.
    pub bytes: usize,
}

impl Engine {
    pub fn footprint(&self) -> Footprint {
        let mut out = Footprint::default();
        for table in self.store.tables.values() {
            out.tables += 1;
            out.segments += table.leaves.len();
            out.places += table.conj.len();
            out.bytes += bytes(table);
        }
        out.bytes += self.store.hists.bytes();
        out.segment_windows = out.places * self.lengths.len();
        out
    }
}

fn bytes(table: &Table) -> usize {
    let leaf = |l: &Leaf| {
        size_of::<Leaf>()
            + l.seg.heap_bytes()
            + l.hist.capacity() * size_of::<HourRaw>()
            + l.sums.capacity() * size_of::<Acc>()
            + l.expl.capacity() * size_of::<Known>()
    };
    // A conjunction of every dimension is its leaf's own segment.
    let whole = table.key.dims.len();
    let own = |c: &Conj| (c.mask.count_ones() as usize) < whole;
    let values = |c: &Conj| if own(c) { c.seg.heap_bytes() } else { 0 };
    let conj = |c: &Conj| size_of::<Conj>() + values(c) + c.leaves.capacity() * size_of::<u32>();
    size_of::<Table>()
        + table.index_bytes()
        + table.ring_bytes()
        + table.leaves.iter().map(leaf).sum::<usize>()
        + table.conj.iter().map(conj).sum::<usize>()
}
