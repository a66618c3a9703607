//! Replays recorded shop days: `backtest_shop OUT_DIR HISTORY_DIR|- RUN_DIR...` writes `<run>.jsonl`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tillwatch::policy::judging::Policy;
use tillwatch::report::backtest_shop;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [out, history, runs @ ..] = args.as_slice() else {
        eprintln!("usage: backtest_shop OUT_DIR HISTORY_DIR|- RUN_DIR...");
        return ExitCode::from(2);
    };
    for run in runs {
        if let Err(error) = one(Path::new(out), history, Path::new(run)) {
            eprintln!("{run}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn one(out: &Path, history: &str, run: &Path) -> Result<(), String> {
    let policy = Policy::parse(include_str!("../src/policy/default_policy.toml"))?;
    let history = (history != "-").then(|| PathBuf::from(history));
    let text = backtest_shop::run(run, history.as_deref(), policy)?;
    let name = run.file_name().and_then(|n| n.to_str()).unwrap_or("run");
    std::fs::write(out.join(format!("{name}.jsonl")), text).map_err(|e| e.to_string())
}
