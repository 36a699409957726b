//! The two streams that the person at the terminal reads.

/// One text to standard output.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal reads")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// One text to standard error.
#[expect(clippy::print_stderr, reason = "this is what the person at the terminal reads")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
