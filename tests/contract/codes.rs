//! Error codes are those that are published, and each is written down once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use switchboard_domain::codes::Code;
use switchboard_tests::reference;

use crate::tree::root;

/// Codes that the published list, which is of 2023, does not have.
const UNLISTED: [Code; 10] = [
    Code::StatisticsTooOld,
    Code::StaleVersion,
    Code::SendAtMissing,
    Code::InvalidSendAt,
    Code::ScheduleNeedsService,
    Code::InvalidScheduleType,
    Code::ConsentNotKept,
    Code::ContentTypeUnsupported,
    Code::InvalidAssertion,
    Code::PermissionMissing,
];

#[test]
fn every_code_is_published() {
    let Some(list) = reference("error-codes.json") else { return };
    let published: BTreeSet<u64> =
        list.as_array().unwrap().iter().filter_map(|one| one["code"].as_u64()).collect();
    for code in Code::ALL {
        let is_listed = published.contains(&u64::from(code.number()));
        assert_eq!(is_listed, !UNLISTED.contains(code), "{code:?}");
    }
}

#[test]
fn handlers_name_their_codes() {
    let mut files = Vec::new();
    collect(&root().join("functions"), &mut files);
    collect(&root().join("shared/rest"), &mut files);
    assert!(files.len() > 80, "{} files", files.len());
    for (path, text) in files {
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
        let words: BTreeSet<&str> = lines
            .flat_map(|line| line.split(|one: char| !one.is_alphanumeric() && one != '_'))
            .collect();
        for code in Code::ALL {
            let number = code.number().to_string();
            assert!(!words.contains(number.as_str()), "{path}: {number} is {code:?}");
        }
    }
}

/// The text of all sources below a folder but those of tests.
fn collect(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") {
            into.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}
