//! Every sample event on the packed functions under AWS's Runtime Interface Emulator, beside the same event in process:
//! `emulated RIE PACKAGES LOG EVENTS`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use switchboard::invoke::{Emulator, check_emulated};

/// The events of all functions, by path.
fn events(root: PathBuf) -> Result<Vec<PathBuf>> {
    let mut events = Vec::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder)? {
            let file = file?.path();
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".json") && name.matches('.').count() == 1 {
                events.push(file);
            }
        }
    }
    events.sort();
    Ok(events)
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that is run by hand and by .ci/deploy"
)]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut next = || arguments.next().context("usage: emulated RIE PACKAGES LOG EVENTS");
    let emulator = Emulator { program: next()?, packages: next()?, log: next()? };
    let events = events(next()?)?;
    let mut failed = 0;
    for event in &events {
        if let Err(why) = check_emulated(event, &emulator).await {
            eprintln!("{}: {why}", event.display());
            failed += 1;
        }
    }
    println!(
        "under the Runtime Interface Emulator {} of {} events end as in process",
        events.len() - failed,
        events.len()
    );
    let is_well = failed == 0 && !events.is_empty();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
