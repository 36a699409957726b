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

/// The Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether a line has a text that begins as the keys of a kind do: `"WK#`, or puts two parts of a key together.
fn spells_a_key(line: &str) -> bool {
    let mut texts = line.split('"').skip(1).step_by(2);
    texts.any(|text| match text.split_once('#') {
        Some((before, _)) => {
            matches!(before.len(), 1 | 2) && before.bytes().all(|it| it.is_ascii_uppercase())
        }
        None => false,
    })
}

#[test]
fn only_the_store_spells_keys_and_speaks_to_the_tables() {
    assert!(spells_a_key(r#"    let pk = format!("A#{address}");"#));
    assert!(spells_a_key(r#"Listing::partition(table, workspace, "TC#")"#));
    assert!(!spells_a_key(r#"format!("the number #{number}")"#));
    // How the value is stored, in its own attribute too.
    let stored = root().join("shared/domain/src/conversation/who.rs");
    let folders = [
        "functions",
        "shared/domain",
        "shared/rest",
        "shared/runtime",
        "shared/carriers",
        "infra/check",
    ];
    for path in folders.iter().flat_map(|folder| sources(&root().join(folder))) {
        if path.components().any(|it| it.as_os_str() == "target") || path == stored {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let keys: Vec<&str> = text.lines().filter(|line| spells_a_key(line)).collect();
        assert!(keys.is_empty(), "{}: {keys:?}", path.display());
        let clients = text.matches("aws_sdk_dynamodb").count();
        // The runtime makes the client.
        let may = path == root().join("shared/runtime/src/dependencies.rs");
        assert!(clients == 0 || may, "{}", path.display());
        for raw in ["Listing::partition", "Listing::list", "Listing::by_worker"] {
            assert!(!text.contains(raw), "{}: {raw}", path.display());
        }
    }
}
