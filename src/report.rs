//! Documents made of boards and journals: pure functions, no IO.
//! Reading and writing files is the business of `cli`.

pub mod backtest_series;
pub mod backtest_shop;
