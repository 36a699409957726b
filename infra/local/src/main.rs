//! `cargo run`: the whole bundle on this machine.

use std::process::ExitCode;

/// A message is some thousand small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    switchboard::cli::main().await
}
