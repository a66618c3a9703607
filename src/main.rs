//! Entry point: parse arguments, call `cli`, map the outcome to an exit code.
//! Nothing else may live here.

fn main() -> std::process::ExitCode {
    tillwatch::cli::run()
}
