//! `tillwatch wall`: the same board for a wall, without keys and without credentials.
//! Nothing here can reach a sink: no `WriteCap` is made and the journal is opened for reading.

use super::args::{Global, RoleArg};
use super::dashboard;

pub fn run(global: &Global) -> u8 {
    dashboard::run(&Global { role: RoleArg::Wall, ..global.clone() })
}
