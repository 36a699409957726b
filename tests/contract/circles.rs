//! Who uses whom, file by file: there is no circle in any crate, and the domain stands on floors.
//!
//! A module and what is declared inside it are one house: uses up and down the same branch do not count. Modules of
//! tests may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use crate::tree::{folders, root};

/// The modules of a crate, and those that each uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The floors of the domain, from the ground. A module belongs to the longest of these names that it begins with, and
/// uses what stands on its own floor or below.
const FLOORS: [(&str, &[&str]); 5] = [
    (
        "words",
        &[
            "address",
            "codes",
            "encoding",
            "liquid",
            "private",
            "refusal",
            "sid",
            "task::status",
            "timestamp",
            "version",
        ],
    ),
    (
        "records and their rules",
        &[
            "access",
            "carriage",
            "configuration",
            "connection",
            "consent",
            "conversation",
            "endpoint",
            "event",
            "flow",
            "head",
            "ice",
            "incoming",
            "interaction",
            "media",
            "message",
            "pace",
            "routing",
            "sender",
            "task",
            "template",
            "webchat",
            "workspace",
        ],
    ),
    ("lists of all kinds", &["decision", "effect", "record", "webhook"]),
    ("what spans several records", &["process"]),
    ("what looks at everything", &["derive", "rehearsal", "routing::router", "statistics"]),
];

/// What one file uses, as paths of modules and items.
struct Reader {
    /// Where the file stands, and the inline modules that are open.
    place: Vec<String>,
    found: Vec<Vec<String>>,
    /// Modules that have a file of their own.
    files: Vec<String>,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|one| match &one.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::Path(_) | syn::Meta::NameValue(_) => false,
    })
}

impl Reader {
    /// Notes a path if it says where it begins.
    fn note(&mut self, path: &[String]) {
        let mut from = self.place.clone();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => from.clear(),
            Some("self" | "super") => {}
            _ => return,
        }
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => drop(from.pop()),
                _ => break,
            }
            rest = others;
        }
        from.extend_from_slice(rest);
        self.found.push(from);
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let mut path = before.to_vec();
        match tree {
            syn::UseTree::Path(one) => {
                path.push(one.ident.to_string());
                self.tree(&path, &one.tree);
            }
            syn::UseTree::Name(one) => {
                path.push(one.ident.to_string());
                self.note(&path);
            }
            syn::UseTree::Rename(one) => {
                path.push(one.ident.to_string());
                self.note(&path);
            }
            syn::UseTree::Glob(_) => self.note(&path),
            syn::UseTree::Group(group) => group.items.iter().for_each(|it| self.tree(before, it)),
        }
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        match &item.content {
            None => self.files.push(item.ident.to_string()),
            Some(_) => {
                self.place.push(item.ident.to_string());
                visit::visit_item_mod(self, item);
                self.place.pop();
            }
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }

    /// Inside a macro nothing is read yet: its words are looked through, links in comments among them.
    fn visit_macro(&mut self, one: &'a syn::Macro) {
        let words = one.tokens.to_string().replace(' ', "");
        let is_part = |letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | ':');
        for path in words.split(is_part).filter(|path| path.contains("::")) {
            let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
            self.note(&segments);
        }
    }
}

/// Reads a file and those of the modules that it declares.
fn read(file: &Path, place: Vec<String>, all: &mut BTreeMap<Vec<String>, Vec<Vec<String>>>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let mut reader = Reader { place: place.clone(), found: Vec::new(), files: Vec::new() };
    reader.visit_file(&syntax);
    let is_root = matches!(file.file_name().and_then(|it| it.to_str()), Some("lib.rs" | "mod.rs"));
    let folder = match is_root {
        true => file.parent().unwrap().to_path_buf(),
        false => file.with_extension(""),
    };
    all.insert(place.clone(), reader.found);
    for name in reader.files {
        let inside = [place.clone(), vec![name.clone()]].concat();
        let flat = folder.join(format!("{name}.rs"));
        let file = if flat.exists() { flat } else { folder.join(name).join("mod.rs") };
        read(&file, inside, all);
    }
}

/// The uses between the files of a crate.
fn uses(library: &Path) -> Uses {
    let mut all = BTreeMap::new();
    read(library, Vec::new(), &mut all);
    let module = |path: &[String]| {
        let lengths = (0..=path.len()).rev();
        lengths.map(|length| path[..length].to_vec()).find(|one| all.contains_key(one))
    };
    let mut uses = Uses::new();
    for (place, found) in &all {
        let used = found.iter().filter_map(|path| module(path));
        let used = used.filter(|it| !it.starts_with(place) && !place.starts_with(it));
        uses.insert(place.join("::"), used.map(|it| it.join("::")).collect());
    }
    uses
}

/// What is left when again and again all is taken away that uses nothing of the rest, or that nothing of the rest
/// uses: the circles, with what joins them.
fn circles(mut uses: Uses) -> Uses {
    loop {
        let names: BTreeSet<String> = uses.keys().cloned().collect();
        let used: BTreeSet<String> = uses.values().flatten().cloned().collect();
        let before = uses.len();
        uses.retain(|name, of| used.contains(name) && of.iter().any(|it| names.contains(it)));
        let names: BTreeSet<String> = uses.keys().cloned().collect();
        uses.values_mut().for_each(|of| of.retain(|it| names.contains(it)));
        if uses.len() == before {
            return uses;
        }
    }
}

/// The libraries of all crates.
fn libraries() -> Vec<PathBuf> {
    let crates = ["functions", "infra", "shared"].into_iter().flat_map(|top| {
        folders(top).into_iter().map(move |name| root().join(top).join(name).join("src/lib.rs"))
    });
    crates.filter(|library| library.exists()).collect()
}

#[test]
fn no_crate_has_a_circle() {
    let all = libraries();
    assert!(all.len() > 15, "{all:?}");
    for library in all {
        let left = circles(uses(&library));
        assert!(left.is_empty(), "{}: these use each other: {left:#?}", library.display());
    }
}

#[test]
fn the_domain_stands_on_its_floors() {
    let uses = uses(&root().join("shared/domain/src/lib.rs"));
    let floor = |module: &str| {
        let stands = |name: &&str| {
            module.strip_prefix(*name).is_some_and(|it| it.is_empty() || it.starts_with("::"))
        };
        let named = FLOORS.iter().enumerate().filter_map(|(number, (_, names))| {
            Some((names.iter().filter(|name| stands(name)).map(|name| name.len()).max()?, number))
        });
        let (_, number) = named.max().unwrap_or_else(|| panic!("{module} stands on no floor"));
        number
    };
    let modules = uses.iter().filter(|(name, _)| !name.is_empty());
    let mut count = 0;
    for (module, used) in modules {
        for used in used {
            let (here, there) = (floor(module), floor(used));
            let (floor, above) = (FLOORS[here].0, FLOORS[there].0);
            assert!(here >= there, "{module} ({floor}) uses {used} ({above})");
            count += 1;
        }
    }
    assert!(count > 200, "only {count} uses were found");
}

#[test]
fn a_circle_is_found() {
    let uses = |all: &[(&str, &[&str])]| -> Uses {
        let one = |(name, of): &(&str, &[&str])| {
            ((*name).to_owned(), of.iter().map(|it| (*it).to_owned()).collect())
        };
        all.iter().map(one).collect()
    };
    let line = uses(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
    assert_eq!(circles(line), Uses::new());
    let circle = uses(&[("top", &["a"]), ("a", &["b"]), ("b", &["c"]), ("c", &["a", "low"])]);
    let left: Vec<String> = circles(circle).into_keys().collect();
    assert_eq!(left, ["a", "b", "c"]);
}

#[test]
fn every_way_to_name_a_module_is_read() {
    let text = r"
        use crate::{a::A, b as other};
        use super::c::*;
        mod inner { use super::d::D; }
        #[cfg(test)]
        mod tests { use crate::never::Never; }
        fn f() -> crate::e::E { matches!(x, crate::f::F::G); self::g::h() }
    ";
    let place = vec!["here".to_owned()];
    let mut reader = Reader { place, found: Vec::new(), files: Vec::new() };
    reader.visit_file(&syn::parse_file(text).unwrap());
    let found: BTreeSet<String> = reader.found.iter().map(|path| path.join("::")).collect();
    let expected = ["a::A", "b", "c", "e::E", "f::F::G", "here::d::D", "here::g::h"];
    assert_eq!(found, expected.map(str::to_owned).into());
}
