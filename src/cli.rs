//! The command line: one file per subcommand, mapping words to rooms and outcomes to exit codes.
