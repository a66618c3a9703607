//! Arithmetic that knows no shop: order statistics, intervals, divergences. Imports nothing of the
//! program; numbers in, numbers out.

pub mod divergence;
pub mod interval;
pub mod order;
