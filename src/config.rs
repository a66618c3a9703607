//! Configuration: the file, its checks with line and key, paths and secrets.
//! `config.example.toml` is embedded and parsed to make the default.

pub mod file;
pub mod problem;
