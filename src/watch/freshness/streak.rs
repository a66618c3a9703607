//! Answers in a row of one kind, and how many in a row were usual. Knows nothing of sources.
//! Never judges: it counts, and `pulse` says what that means.

use std::collections::VecDeque;

/// Streaks remembered.
const REMEMBERED: usize = 64;
/// An unusual streak seen so often is usual.
const AGAIN: usize = 3;

/// A streak that goes on, and those that ended.
#[derive(Clone, Debug, Default)]
pub struct Streak {
    now: u32,
    usual: VecDeque<u32>,
    /// Streaks that were called unusual and ended by themselves.
    odd: Vec<u32>,
}

impl Streak {
    pub fn now(&self) -> u32 {
        self.now
    }

    /// Streaks heard so far.
    pub fn heard(&self) -> usize {
        self.usual.len()
    }

    pub fn more(&mut self) {
        self.now = self.now.saturating_add(1);
    }

    /// It ended, and was `usual` unless somebody had called it a fault.
    pub fn ended(&mut self, usual: bool) {
        let streak = std::mem::take(&mut self.now);
        if usual {
            self.learn(streak);
        } else if streak > 0 {
            self.odd.push(streak);
        }
        if self.odd.len() >= AGAIN {
            let least = self.odd.iter().copied().min().unwrap_or(0);
            self.odd.clear();
            self.learn(least);
        }
    }

    fn learn(&mut self, streak: u32) {
        if self.usual.len() >= REMEMBERED {
            self.usual.pop_front();
        }
        self.usual.push_back(streak);
    }

    /// The longest usual streak.
    pub fn longest(&self) -> u32 {
        self.usual.iter().copied().max().unwrap_or(0)
    }

    /// From here on it is no longer usual: two answers more than the longest usual streak; a
    /// quarter more where that is long, or as much more as it is longer than the one in the
    /// middle. `seed` stands for what was not heard yet.
    pub fn limit(&self, seed: u32) -> u32 {
        let longest = self.longest().max(seed);
        let mut sorted: Vec<u32> = self.usual.iter().copied().collect();
        sorted.sort_unstable();
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(longest);
        let spread = self.longest().saturating_sub(middle);
        longest.saturating_add(longest.div_ceil(4).max(2).max(spread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_more_than_usual_is_unusual_and_what_happens_thrice_is_usual() {
        let mut streak = Streak::default();
        assert_eq!(streak.limit(20), 25, "nothing heard yet");
        for _ in 0..4 {
            streak.ended(true);
        }
        assert_eq!(streak.limit(0), 2);
        for round in 1..=3 {
            (0..7).for_each(|_| streak.more());
            assert!(streak.now() >= streak.limit(0), "round {round}");
            streak.ended(false);
        }
        assert_eq!(streak.limit(0), 14, "seven in a row have become usual");
    }
}
