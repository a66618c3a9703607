//! Documents made of boards, records and recorded days: pure functions, no IO.
//! Reading and writing files is the business of `cli`.

pub mod about;
pub mod backtest_series;
pub mod backtest_shop;
pub mod handover;
pub mod life;
pub mod markdown;
pub mod postmortem;
pub mod review;
pub mod say;
pub mod week;

#[cfg(test)]
mod tests;
