//! A number without segments: the streaming detector, drift against its own past, and the watch
//! over single lines. Knows no cut and no other metric.

pub mod book;
pub mod demand;
pub mod line;

pub mod row;
pub mod detector;
pub mod drift;
pub mod expect;
pub mod forecast;
pub mod jump;
pub mod latch;
pub mod memory;
pub mod pace;
pub mod parts;
pub mod peak;
pub mod profile;
pub mod reason;
pub mod recent;
pub mod rule;
pub mod shape;
pub mod stuck;
