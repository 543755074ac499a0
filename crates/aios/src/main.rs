//! The `aios` program.

use std::process::ExitCode;

/// See `docs/adr/0008-the-allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aios::cli::run(std::env::args_os())
}
