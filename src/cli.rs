//! The command line: one file per subcommand, mapping words to rooms and outcomes to exit codes.
//! No rule about incidents, sources or drawing lives here.

pub mod app;
pub mod args;
pub mod backtest;
pub mod check;
pub mod dashboard;
pub mod demo;
pub mod exit;
pub mod folder;
pub mod journal;
pub mod once;
pub mod order;
pub mod out;
pub mod papers;
mod page_test;
pub mod records;
pub mod screenshots;
pub mod shop;
pub mod store;
pub mod tables;
pub mod wall;
pub mod watch;

use clap::{CommandFactory, Parser};

use args::{BacktestCommand, Cli, Task};
use exit::Exit;

/// Parses the arguments, does what they say, returns the exit code.
pub fn run() -> std::process::ExitCode {
    crate::shell::terminal::harden();
    crate::shell::signals::outlive_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return std::process::ExitCode::from(misread(&error)),
    };
    if let Some(file) = &cli.global.log
        && let Err(error) = crate::shell::log::start(file)
    {
        out::error(&format!("cannot write the log {}: {error}", file.display()));
        return std::process::ExitCode::from(Exit::Usage.code());
    }
    std::process::ExitCode::from(out::settled(dispatch(cli)))
}

/// Help and version go to stdout, everything else to stderr; what was typed is outside text too.
fn misread(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        out::error(&text);
        return u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code());
    }
    out::lines(text.lines());
    out::settled(Exit::Ok.code())
}

fn dispatch(cli: Cli) -> u8 {
    let global = &cli.global;
    let exit = match cli.command {
        None => return dashboard::run(global),
        Some(Task::Demo(args)) => return demo::run(global, &args),
        Some(Task::Wall) => return wall::run(global),
        Some(Task::Shop(args)) => shop::run(&args),
        Some(Task::Watch(args)) => watch::run(global, &args),
        Some(Task::Once(args)) => once::run(global, &args),
        Some(Task::Ack(args)) => order::ack(global, &args),
        Some(Task::Decide(args)) => order::decide(global, &args),
        Some(Task::Note(args)) => order::note(global, &args),
        Some(Task::Resolve(args)) => order::resolve(global, &args),
        Some(Task::Timer(args)) => order::timer(global, &args),
        Some(Task::Rollback(args)) => order::rollback(global, &args),
        Some(Task::Reviewed(args)) => order::reviewed(global, &args),
        Some(Task::Postmortem(args)) => papers::postmortem(global, &args),
        Some(Task::Handover(args)) => papers::handover(global, &args),
        Some(Task::Review(args)) => papers::review(global, &args),
        Some(Task::Journal(command)) => journal::run(global, &command),
        Some(Task::PageTest(args)) => page_test::run(global, &args),
        Some(Task::Check(args)) => check::run(global, &args),
        Some(Task::CheckSource(args)) => check::replay(global, &args),
        Some(Task::Backtest(BacktestCommand::Series { input, out, direction, sensitivity })) => {
            backtest::series(&input, &out, direction.as_deref(), &sensitivity)
        }
        Some(Task::Backtest(BacktestCommand::Shop { run, history, out })) => {
            backtest::shop(global, &run, history.as_deref(), &out)
        }
        Some(Task::Init) => tables::init(),
        Some(Task::Keys(args)) => tables::keys(global, &args),
        Some(Task::Schema(args)) => tables::schema(&args),
        Some(Task::Themes) => tables::themes(global),
        Some(Task::Screenshots(args)) => screenshots::run(&args),
        Some(Task::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tillwatch", &mut script);
            out::document(&String::from_utf8_lossy(&script));
            Exit::Ok
        }
    };
    exit.code()
}
