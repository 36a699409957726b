//! `cargo run -- check`: holds the tables of a folder, or of a live deployment, against what must be true.

pub mod folder;
mod live;
mod read;

use std::path::Path;

use anyhow::{Result, bail};
use switchboard_check::Moment;

use crate::cli::terminal::say;
use live::{Findings, of_live};

pub use read::{embedded, of_deployment, scan};

/// Prints what was found in a data folder, or without one in the tables that the environment names.
///
/// # Errors
/// If anything is found, or nothing can be read.
pub(crate) async fn run(
    folder: Option<&Path>,
    endpoint_url: Option<&str>,
    at_rest: bool,
) -> Result<()> {
    let moment = if at_rest { Moment::Rest } else { Moment::Step };
    let findings = match folder {
        Some(folder) => Findings::of(&folder::read(folder)?, moment),
        None => of_live(endpoint_url, moment).await?,
    };
    say(&findings.to_string());
    match findings.violations.len() {
        0 => Ok(()),
        count => bail!("{count} times something is that must never be"),
    }
}
