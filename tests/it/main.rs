//! The one integration test binary: the program as a user meets it, the repository about itself.
//! Helpers (`pty`, `shopd`, `servers`, `http`, `wait`, `skip`) assert nothing about the product.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test reports what went wrong by panicking"
)]

// the longest wait of all, so it begins first: the order is that of the alphabet
mod a_real_prometheus;
mod attack;
mod bazaar;
mod calm;
mod child;
mod clock_steps;
mod configs;
mod cores;
mod demo_incident;
mod foreign;
mod foreign_shop;
mod frames;
mod hostile;
mod hostile_strings;
mod http;
mod journal_kill;
mod live;
mod mixes;
mod old_answers;
mod once;
mod outcome;
mod output;
mod papers;
mod paging;
mod past;
mod product;
mod proof;
mod pty;
mod readonly;
mod rules;
mod rust_text;
mod scenarios;
mod scrapes;
mod secrets;
mod series_live;
mod servers;
mod shim;
mod shopd;
mod shop_days;
mod skip;
mod skipped;
mod stepped;
mod stub;
mod takeover;
mod terminal;
mod terminal_rule;
mod tidy;
mod transfer;
mod wait;
