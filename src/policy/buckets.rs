//! How long a live bucket is and how many of them are kept: what a row's window must fit into.
//! Lengths only; what is in the buckets is told elsewhere.

use crate::domain::time::Span;

/// Length of a bucket of the live watcher.
pub const LIVE_BUCKET: Span = Span::from_mins(1);

/// Buckets kept live: a day of them, within bounds that keep memory small.
pub fn buckets_kept(bucket: Span) -> usize {
    let day = Span::from_hours(24).millis() / bucket.millis().max(1);
    usize::try_from(day.clamp(96, 512)).unwrap_or(96)
}

/// The longest window that can be judged: what is older has left the ring.
pub fn longest_window(bucket: Span) -> Span {
    bucket.times(i64::try_from(buckets_kept(bucket)).unwrap_or(96))
}
