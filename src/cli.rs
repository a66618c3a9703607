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
pub mod once;
pub mod order;
pub mod out;
pub mod records;
pub mod screenshots;
pub mod shop;
pub mod tables;
pub mod wall;
pub mod watch;

use clap::{CommandFactory, Parser};

use args::{BacktestCommand, Cli, Command};
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
        Some(Command::Demo(args)) => return demo::run(global, &args),
        Some(Command::Wall) => return wall::run(global),
        Some(Command::Shop(args)) => shop::run(&args),
        Some(Command::Watch(args)) => watch::run(global, &args),
        Some(Command::Once(args)) => once::run(global, &args),
        Some(Command::Ack(args)) => order::ack(global, &args),
        Some(Command::Decide(args)) => order::decide(global, &args),
        Some(Command::Note(args)) => order::note(global, &args),
        Some(Command::Resolve(args)) => order::resolve(global, &args),
        Some(Command::Timer(args)) => order::timer(global, &args),
        Some(Command::Rollback(args)) => order::rollback(global, &args),
        Some(Command::Check(args)) => check::run(global, &args),
        Some(Command::CheckSource(args)) => check::replay(global, &args),
        Some(Command::Backtest(BacktestCommand::Series { input, out, direction, sensitivity })) => {
            backtest::series(&input, &out, direction.as_deref(), &sensitivity)
        }
        Some(Command::Backtest(BacktestCommand::Shop { run, history, out })) => {
            backtest::shop(global, &run, history.as_deref(), &out)
        }
        Some(Command::Init) => tables::init(),
        Some(Command::Keys(args)) => tables::keys(global, &args),
        Some(Command::Schema(args)) => tables::schema(&args),
        Some(Command::Themes) => tables::themes(global),
        Some(Command::Screenshots(args)) => screenshots::run(&args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tillwatch", &mut script);
            out::document(&String::from_utf8_lossy(&script));
            Exit::Ok
        }
    };
    exit.code()
}
