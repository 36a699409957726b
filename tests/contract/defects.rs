//! Every deliberate defect still fits the code, whose own text has none; `.ci/defects` proves that each is noticed.

use std::collections::BTreeSet;

use switchboard_defects::{
    Copy, DOMAIN_LIBRARY, DOMAIN_MANIFEST, Defect, SIMULATED, VERIFIERS, all,
};

use crate::tree::{read, root};

#[test]
fn every_deliberate_defect_fits_the_code_and_has_a_seed() {
    let of = |folder: &str| -> Vec<Defect> {
        all(&root().join(folder)).unwrap_or_else(|misfit| panic!("{misfit}"))
    };
    let (simulated, verifiers) = (of(SIMULATED), of(VERIFIERS));
    assert!(verifiers.len() >= 12, "{} defects of verifiers", verifiers.len());
    let defects: Vec<Defect> = simulated.iter().chain(&verifiers).cloned().collect();
    let planted = Copy::new(&root(), &root()).planted(&defects);
    let planted = planted.unwrap_or_else(|misfits| {
        let misfits: Vec<String> = misfits.iter().map(ToString::to_string).collect();
        panic!("these defects do not fit the code any more:\n{}", misfits.join("\n"))
    });
    for (path, text) in &planted {
        if path.ends_with(".rs") {
            syn::parse_file(text)
                .unwrap_or_else(|error| panic!("{path} with its defects: {error}"));
        }
        assert_ne!(*text, read(path), "{path} stays as it is");
        let is_door = [DOMAIN_LIBRARY, DOMAIN_MANIFEST].contains(&path.as_str());
        assert!(is_door || !read(path).contains("switchboard_defects"), "{path}");
    }
    for defect in &defects {
        let asks = format!("switchboard_domain::defects::is_on(\"{}\")", defect.name);
        assert!(planted.values().any(|text| text.contains(&asks)), "{}", defect.name);
        assert!(defect.says.ends_with('.'), "{}: {}", defect.name, defect.says);
    }
    let seeds = read("tests/simulation/mutants.txt");
    let seeds: BTreeSet<&str> = seeds.lines().filter_map(|line| line.split(' ').next()).collect();
    let names: BTreeSet<&str> = simulated.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names, seeds,
        "the defects, and those that have a seed in tests/simulation/mutants.txt"
    );
}
