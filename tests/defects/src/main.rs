//! `plant FOLDER`: lays a copy of the checkout there, with every deliberate defect in it.
#![expect(clippy::print_stderr, reason = "this is what the person at the terminal reads")]

use std::env;
use std::path::Path;
use std::process::ExitCode;

use switchboard_defects::Copy;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: plant FOLDER");
        return ExitCode::from(2);
    };
    let checkout = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    match Copy::new(checkout, Path::new(&folder)).lay() {
        Ok(number) => {
            eprintln!("{number} defects planted in {}", folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
