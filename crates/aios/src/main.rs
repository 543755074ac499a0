//! The `aios` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    aios::cli::run(std::env::args_os())
}
