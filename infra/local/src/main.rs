//! `cargo run`: the whole bundle on this machine.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    switchboard::cli::main().await
}
