//! One name in five places: directory, crate, binary, resource in the template, folder of events.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use switchboard_domain::record::Record;

use crate::template::Template;

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders below one.
pub(crate) fn folders(path: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(path)).unwrap();
    let folders = entries.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// The functions, by their folders.
pub(crate) fn functions() -> BTreeSet<String> {
    folders("functions")
}

/// `inbound-webhook` → `InboundWebhook`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn a_function_has_one_name_in_five_places() {
    let template = Template::read();
    for name in functions() {
        let manifest = read(&format!("functions/{name}/Cargo.toml"));
        assert_eq!(
            manifest.matches(&format!("name = \"{name}\"")).count(),
            2,
            "{name}: crate, binary"
        );
        let code = template.code_of(&format!("{}Function", pascal(&name)));
        assert_eq!(code.as_deref(), Some(format!("../target/lambda/{name}/").as_str()));
    }
    assert_eq!(functions(), folders("events"), "functions and events");
    assert_eq!(functions().len(), template.functions().len(), "functions and template");
}

#[test]
fn nothing_but_what_is_known_stands_at_the_top() {
    let entries = fs::read_dir(root()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "events",
        "findings",
        "functions",
        "infra",
        "shared",
        "target",
        "tests",
    ];
    for name in names.filter(|name| !name.starts_with('.')) {
        assert!(expected.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_kind_of_record_has_its_row_in_the_tables_document() {
    let document = read("shared/store/TABLES.md");
    let rows = document.lines().filter(|line| line.starts_with("| ") && line.contains(" | `"));
    let first = rows.filter_map(|line| line.split('|').nth(1)).map(str::trim);
    let described: Vec<&str> =
        first.map(|cell| cell.split(' ').next().unwrap_or_default()).collect();
    let kinds: BTreeSet<&str> = Record::KINDS.iter().copied().collect();
    let rows: BTreeSet<&str> = described.iter().copied().collect();
    assert_eq!(kinds, rows);
    assert_eq!(described.len(), rows.len(), "a kind has two rows");
}

#[test]
fn only_the_store_spells_keys() {
    for name in functions() {
        for entry in fs::read_dir(root().join("functions").join(&name).join("src")).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            assert!(!text.contains("aws_sdk_dynamodb"), "{}", path.display());
        }
    }
}
