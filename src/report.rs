//! Documents made of boards and journals: pure functions, no IO.
//! Reading files and printing belong to `cli`.

pub mod backtest_series;
pub mod backtest_shop;
