//! The reference material beside the project, where it is present.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use serde_json::Value;

/// Reads one file; nothing when the reference is absent, which a build server must not be.
pub(crate) fn read(path: &str) -> Option<Value> {
    let root = std::env::var_os("SWITCHBOARD_REFERENCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if !root.is_dir() {
        absent();
        return None;
    }
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// Said once, and past the test harness, which would keep it back: what is not compared has to be seen.
fn absent() {
    static SAID: Once = Once::new();
    let is_build_server = std::env::var("CI").as_deref() == Ok("true");
    assert!(!is_build_server, "SWITCHBOARD_REFERENCE (default ../shared) names no folder");
    SAID.call_once(|| {
        let line = b"SWITCHBOARD_REFERENCE (default ../shared) names no folder: \
            the carrier's tables are not compared\n";
        std::io::stderr().write_all(line).expect("standard error is open");
    });
}
