//! Entry point: parse arguments, call `cli`, map the outcome to an exit code.

fn main() {}
