//! Documents made of boards and journals: pure functions, no IO.

pub mod backtest_series;
pub mod backtest_shop;
