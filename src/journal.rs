//! The journal's store: append-only records, board snapshots, the watcher's lease.
//! Knows records and boards; decides nothing.
