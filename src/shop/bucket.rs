//! Bucket: the small, frozen form of a tally, kept by the hundreds for history.
//! Counts are variable-length bytes; reading a row back gives exactly what was counted.

use super::dims::{BINS, BizCut, RumCut};
use super::tally::{Business, Tally, TallyBlock};

/// A frozen tally.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShopBucket {
    rum: [BucketRows; 5],
    pub business: [Vec<Business>; 2],
    pub edge: [u64; 6],
    pub orphans: [u64; 6],
    pub late: [u32; 12],
}

#[derive(Clone, PartialEq, Debug, Default)]
struct BucketRows {
    /// (key, start of its bytes), by key.
    index: Vec<(u16, u32)>,
    bytes: Vec<u8>,
}

impl ShopBucket {
    pub fn freeze(tally: &Tally) -> Self {
        let mut rum: [BucketRows; 5] = Default::default();
        for (rows, blocks) in rum.iter_mut().zip(&tally.rum) {
            for (key, block) in blocks.iter().enumerate().filter(|(_, b)| b.views > 0) {
                rows.push(key, block);
            }
            rows.bytes.shrink_to_fit();
        }
        let (business, edge) = (tally.business.clone(), tally.edge);
        Self { rum, business, edge, orphans: tally.orphans, late: tally.late }
    }

    /// Adds everything to a tally (which is grown when it is too small).
    pub fn add_to(&self, tally: &mut Tally) {
        for (cut, blocks) in RumCut::ALL.into_iter().zip(&mut tally.rum) {
            for (key, block) in self.rows(cut) {
                if blocks.len() <= key {
                    blocks.resize(key + 1, TallyBlock::EMPTY);
                }
                if let Some(mine) = blocks.get_mut(key) {
                    mine.add(&block);
                }
            }
        }
        for (mine, theirs) in tally.business.iter_mut().zip(&self.business) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.add(theirs);
            }
        }
        for (mine, theirs) in tally.edge.iter_mut().zip(&self.edge) {
            *mine += theirs;
        }
        for (mine, theirs) in tally.orphans.iter_mut().zip(&self.orphans) {
            *mine += theirs;
        }
        for (mine, theirs) in tally.late.iter_mut().zip(&self.late) {
            *mine += theirs;
        }
    }

    /// Keys with views and their counters, by key.
    pub fn rows(&self, cut: RumCut) -> impl Iterator<Item = (usize, TallyBlock)> + '_ {
        let rows = self.rum.get(cut as usize);
        rows.into_iter().flat_map(|rows| {
            rows.index.iter().map(|(key, start)| {
                (usize::from(*key), decode(rows.bytes.get(*start as usize..).unwrap_or(&[])))
            })
        })
    }

    /// The counters of one key; `None` without views.
    pub fn row(&self, cut: RumCut, key: usize) -> Option<TallyBlock> {
        let rows = self.rum.get(cut as usize)?;
        let key = u16::try_from(key).ok()?;
        let at = rows.index.binary_search_by_key(&key, |(k, _)| *k).ok()?;
        let (_, start) = rows.index.get(at)?;
        Some(decode(rows.bytes.get(*start as usize..)?))
    }

    pub fn business_rows(&self, cut: BizCut) -> impl Iterator<Item = (usize, &Business)> {
        let rows = self.business.get(cut as usize);
        rows.into_iter().flatten().enumerate().filter(|(_, b)| b.sessions > 0)
    }

    /// Bytes held, for watching the size of the history.
    pub fn weight(&self) -> usize {
        let rum: usize = self.rum.iter().map(|r| r.bytes.len() + 8 * r.index.len()).sum();
        rum + self.business.iter().map(|b| b.len() * size_of::<Business>()).sum::<usize>()
    }
}

impl BucketRows {
    fn push(&mut self, key: usize, block: &TallyBlock) {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.index.push((u16::try_from(key).unwrap_or(u16::MAX), start));
        put(&mut self.bytes, block.views);
        put(&mut self.bytes, block.errors);
        for bins in [&block.lcp, &block.inp] {
            let first = bins.iter().position(|n| *n > 0).unwrap_or(0);
            let end = bins.iter().rposition(|n| *n > 0).map_or(first, |i| i + 1);
            put(&mut self.bytes, first as u32);
            put(&mut self.bytes, (end - first) as u32);
            for count in bins.get(first..end).unwrap_or(&[]) {
                put(&mut self.bytes, *count);
            }
        }
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> u32 {
    let mut number = 0u32;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    number
}

fn decode(mut bytes: &[u8]) -> TallyBlock {
    let mut block =
        TallyBlock { views: take(&mut bytes), errors: take(&mut bytes), ..TallyBlock::EMPTY };
    for bins in [&mut block.lcp, &mut block.inp] {
        let first = (take(&mut bytes) as usize).min(BINS);
        let length = take(&mut bytes) as usize;
        for bin in bins.iter_mut().skip(first).take(length) {
            *bin = take(&mut bytes);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_counts_come_back() {
        let mut tally = Tally::new(2);
        let mut block = TallyBlock { views: 70_000, errors: 3, ..TallyBlock::EMPTY };
        block.lcp[5] = 1;
        block.lcp[47] = 69_999;
        tally.rum[1][7] = block;
        tally.business[0][3].orders = 4;
        tally.business[0][3].sessions = 9;
        tally.edge[5] = 12;
        tally.orphans[2] = 7;
        tally.late[11] = 3;
        let bucket = ShopBucket::freeze(&tally);
        let mut again = Tally::new(1);
        bucket.add_to(&mut again);
        again.grow(2);
        assert_eq!(again, tally);
        assert_eq!(bucket.row(RumCut::Browser, 7), Some(block));
        assert_eq!(bucket.row(RumCut::Browser, 8), None);
    }
}
