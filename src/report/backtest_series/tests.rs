//! Tests of the series backtest.
