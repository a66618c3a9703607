//! Backtests: what judging says of a recorded series or day, as a table. Pure functions, no IO.
//! Reading and writing files is the business of `cli`.

pub mod backtest_series;
pub mod backtest_shop;
