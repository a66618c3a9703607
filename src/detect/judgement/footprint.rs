//! How much the state holds: segments, places, windows, bytes. Counted, not guessed, for the
//! benches and for whoever sizes a watcher. Nothing is judged here.

use std::mem::size_of;

use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::{Cuboid, Leaf, Slice};
use crate::detect::evidence::stat::{Explained, HourMoments, Tally};

/// What is held, and what one pass looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Footprint {
    /// Cuts of metrics.
    pub cuboids: usize,
    /// Leaf segments over all cuboids.
    pub segments: usize,
    /// Conjunctions over the leaves: what can be named as hurt.
    pub places: usize,
    /// Places times window lengths: what one pass judges.
    pub segment_windows: usize,
    /// Rings, histories, window sums, explanations, member lists, indexes, and the histograms that
    /// percentiles are shown from.
    pub bytes: usize,
}

pub fn footprint(state: &EngineState) -> Footprint {
    let mut out = Footprint::default();
    for cuboid in state.cube.cuboids.values() {
        out.cuboids += 1;
        out.segments += cuboid.leaves.len();
        out.places += cuboid.slice.len();
        out.bytes += bytes(cuboid);
    }
    out.bytes += state.cube.histograms.bytes();
    out.segment_windows = out.places * state.lengths.len();
    out
}

fn bytes(cuboid: &Cuboid) -> usize {
    let leaf = |l: &Leaf| {
        size_of::<Leaf>()
            + l.seg.heap_bytes()
            + l.hist.capacity() * size_of::<HourMoments>()
            + l.sums.capacity() * size_of::<Tally>()
            + l.expl.capacity() * size_of::<Explained>()
    };
    // A slice of every dimension is its leaf's own segment.
    let whole = cuboid.key.dims.len();
    let own = |c: &Slice| (c.mask.count_ones() as usize) < whole;
    let values = |c: &Slice| if own(c) { c.seg.heap_bytes() } else { 0 };
    let slice = |c: &Slice| size_of::<Slice>() + values(c) + c.leaves.capacity() * size_of::<u32>();
    size_of::<Cuboid>()
        + cuboid.index_bytes()
        + cuboid.ring_bytes()
        + cuboid.leaves.iter().map(leaf).sum::<usize>()
        + cuboid.slice.iter().map(slice).sum::<usize>()
}
