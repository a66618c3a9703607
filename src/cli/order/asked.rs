//! Command lines as orders.
//! What an order means for its incident is judged where it is carried out.

use crate::cli::args::papers::{ReviewedArgs, VerdictArg};
use crate::cli::args::{AckArgs, DecideArgs, NoteArgs, ResolveArgs, RollbackArgs, TimerArgs};
use crate::domain::id::ReleaseId;
use crate::incident::order::Order;
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;

pub(super) fn ack(args: &AckArgs) -> Order {
    if args.undo { Order::UndoAcknowledge } else { Order::Acknowledge { note: args.note.clone() } }
}

pub(super) fn decide(args: &DecideArgs) -> Result<Order, String> {
    let Some(choice) = Choice::from_name(&args.choice) else {
        let names: Vec<&str> = Choice::ALL.iter().map(|c| c.name()).collect();
        let all = names.join(", ");
        return Err(format!("`{}` is no decision; write one of {all}", args.choice));
    };
    Ok(Order::Decide { choice, reason: args.reason.clone(), recheck: args.recheck })
}

pub(super) fn note(args: &NoteArgs) -> Order {
    Order::Note { text: args.text.clone() }
}

pub(super) fn resolve(args: &ResolveArgs) -> Order {
    Order::Resolve { reason: args.reason.clone() }
}

pub(super) fn reviewed(args: &ReviewedArgs) -> Order {
    let verdict = match args.verdict {
        VerdictArg::True => AlarmTruth::True,
        VerdictArg::False => AlarmTruth::False,
        VerdictArg::Unsure => AlarmTruth::Unsure,
    };
    Order::Review { verdict, reason: args.reason.clone() }
}

pub(super) fn timer(args: &TimerArgs) -> Result<Order, String> {
    match (args.start, args.extend, args.stop) {
        (Some(span), None, false) => Ok(Order::StartTimer { span }),
        (None, Some(span), false) => {
            Ok(Order::ExtendTimer { span, reason: args.reason.clone().unwrap_or_default() })
        }
        (None, None, true) => Ok(Order::StopTimer),
        _ => Err("say one of --start DUR, --extend DUR --reason T, --stop".to_owned()),
    }
}

/// None without the token: then the plan is shown.
pub(super) fn rollback(args: &RollbackArgs) -> Option<Order> {
    let (token, waive) = (args.confirm.clone()?, args.reason.clone());
    let release = args.release.as_deref().map(ReleaseId::from);
    Some(match release {
        Some(release) => Order::RollbackOf { release, token, waive, again: args.again },
        None if args.again => Order::RollbackAgain { token, waive },
        None => Order::Rollback { token, waive },
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Task};
    use crate::incident::order::ORDERS;

    fn asked(line: &[&str]) -> Order {
        let line = std::iter::once("tillwatch").chain(line.iter().copied());
        match Cli::try_parse_from(line).expect("a command line").command.expect("a task") {
            Task::Ack(args) => ack(&args),
            Task::Decide(args) => decide(&args).expect("a decision"),
            Task::Note(args) => note(&args),
            Task::Resolve(args) => resolve(&args),
            Task::Reviewed(args) => reviewed(&args),
            Task::Timer(args) => timer(&args).expect("a timer"),
            Task::Rollback(args) => rollback(&args).expect("a token"),
            other => panic!("{other:?} orders nothing"),
        }
    }

    #[test]
    fn every_order_can_be_given_by_its_command_line() {
        for row in &ORDERS {
            assert_eq!(asked(row.line).kind(), row.kind, "{:?}", row.line);
        }
    }
}
