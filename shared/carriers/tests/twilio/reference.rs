//! The reference material beside the project, where it is present.

use std::path::PathBuf;

use serde_json::Value;

/// Reads one file; nothing when the reference is absent, which a build server must not be.
pub(crate) fn read(path: &str) -> Option<Value> {
    let root = std::env::var_os("SWITCHBOARD_REFERENCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if !root.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "the reference is absent");
        println!("the reference is absent: {path} is not compared");
        return None;
    }
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}
