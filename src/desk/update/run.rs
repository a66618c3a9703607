//! Does a command, wherever it came from: a key or the palette. Who may and where it applies is the
//! table's; what it does is `act` and `walk`.

use crate::desk::command::Command;
use crate::desk::order::Say;
use crate::desk::state::{Desk, DeskEffect, Seat};

use super::{act, walk};

pub(super) fn run(desk: &mut Desk, command: Command) -> Vec<DeskEffect> {
    let row = command.row();
    if command.is_order() && desk.role() != Seat::Operator {
        desk.say(Say::ReadOnly);
        return vec![];
    }
    if !row.applies(desk.ui.page) {
        desk.say(Say::NotHere);
        return vec![];
    }
    match command {
        Command::Order(key) => act::run(desk, key),
        Command::View(key) => walk::run(desk, key),
    }
}
