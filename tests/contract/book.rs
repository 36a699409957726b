//! The rules that the sources cite stand in the repository, and nothing else is cited.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::tree::{read, root};

/// The book of rules.
const BOOK: &str = "shared/domain/RULES.md";
/// Documents that a reader of the repository cannot open, as they used to be cited.
const ELSEWHERE: [&str; 3] = ["surface", "carriers", "realtime"];

/// Every source and document of the checkout, with its path.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["events", "functions", "infra", "shared", "tests"].map(|name| root().join(name)).into();
    folders.push(root().join(".ci"));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["node_modules", "target", "cdk.out"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.strip_prefix(root()).unwrap().to_path_buf(), text));
            }
        }
    }
    found.push((PathBuf::from("README.md"), read("README.md")));
    found
}

/// The words of a text; the signs that begin a line of comment are none.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| !["//", "///", "//!", "#"].contains(word)).collect()
}

/// `D.6` or `H`, whatever stands around it.
fn number(word: &str) -> Option<&str> {
    let number = word.trim_matches(|sign: char| !sign.is_ascii_alphanumeric());
    let (section, rest) = number.split_at_checked(1)?;
    let is_section = section.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_rule = rest.strip_prefix('.').is_some_and(|digits| digits.parse::<u8>().is_ok());
    (is_section && (rest.is_empty() || is_rule)).then_some(number)
}

/// The rules that a text cites: `(rule D.6)`, `(rules D.1 to D.3 and D.11)`.
fn cited(text: &str) -> Vec<String> {
    let words = words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let lead = word.trim_start_matches(|sign: char| !sign.is_ascii_alphanumeric());
        if lead != "rule" && lead != "rules" {
            continue;
        }
        for next in &words[at + 1..] {
            match number(next) {
                Some(rule) if rule.len() > 1 || word.starts_with('(') => {
                    found.push(rule.to_owned())
                }
                Some(_) => break,
                None if ["and", "to"].contains(next) => {}
                None => break,
            }
            if next.ends_with([')', ';', ':', '.']) {
                break;
            }
        }
    }
    found
}

/// The places where a document is cited that is not in the repository.
fn cited_elsewhere(text: &str) -> Vec<String> {
    let words = words(text);
    let pairs = words.windows(2).filter(|pair| {
        let word = pair[0].trim_start_matches('(');
        match word.trim_end_matches([',', ':']) {
            "behaviour" => number(pair[1]).is_some_and(|rule| rule != "A"),
            name => ELSEWHERE.contains(&name) && pair[0].starts_with('(') && word != name,
        }
    });
    pairs.map(|pair| pair.join(" ")).collect()
}

/// The numbers of the book's headings, in order.
fn headings() -> Vec<String> {
    let book = read(BOOK);
    let lines = book.lines().filter(|line| line.starts_with("## ") || line.starts_with("### "));
    lines.filter_map(|line| number(line.split(' ').nth(1)?)).map(str::to_owned).collect()
}

#[test]
fn every_rule_that_is_cited_stands_in_the_book() {
    let headings: BTreeSet<String> = headings().into_iter().collect();
    let mut count = 0;
    for (path, text) in sources() {
        for rule in cited(&text) {
            count += 1;
            assert!(headings.contains(&rule), "{}: rule {rule} is not in {BOOK}", path.display());
        }
    }
    assert!(count > 100, "{count} citations were found: the test looks in the wrong place");
}

#[test]
fn every_statement_about_routing_belongs_to_a_rule_of_the_book() {
    let headings = headings();
    let statements = read("shared/domain/src/routing/statements.rs");
    let rows = statements.lines().filter_map(|line| line.trim().strip_prefix("(\""));
    let sections: BTreeSet<&str> = rows.filter_map(|row| row.split('"').next()).collect();
    assert!(sections.len() > 5, "{sections:?}");
    for section in sections.into_iter().filter(|section| *section != "ours") {
        assert!(headings.iter().any(|rule| rule == section), "{section} is not in {BOOK}");
    }
}

#[test]
fn no_document_outside_of_the_repository_is_cited() {
    for (path, text) in sources() {
        let own = path == Path::new("tests/contract/book.rs");
        let found = cited_elsewhere(&text);
        assert!(own || found.is_empty(), "{}: {found:?}", path.display());
    }
}

#[test]
fn a_rule_has_one_heading() {
    let headings = headings();
    let distinct: BTreeSet<&String> = headings.iter().collect();
    assert_eq!(headings.len(), distinct.len(), "{headings:?}");
}

#[test]
fn the_book_links_only_to_files_that_exist() {
    for document in [BOOK, "shared/domain/GLOSSARY.md"] {
        let text = read(document);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("https://")) {
            let path = root().join("shared/domain").join(target);
            assert!(path.is_file(), "{document}: {target}");
        }
    }
}

#[test]
fn citations_are_found_however_they_are_written() {
    let text =
        "/// Ends (rule D.6, by REST).\n//! (rules D.1 to D.3 and\n//! D.11); rule E.7 (rule H).";
    assert_eq!(cited(text), ["D.6", "D.1", "D.3", "D.11", "E.7", "H"]);
    assert!(cited("a rule, D.6; the rules I know, rule A of many").is_empty());
    assert_eq!(cited_elsewhere("x (behaviour\n/// D.6)"), ["(behaviour D.6)"]);
    assert_eq!(cited_elsewhere("(surface, errors); (carriers, section 1)").len(), 2);
    assert!(cited_elsewhere("the behaviour of carriers; a surface").is_empty());
}
