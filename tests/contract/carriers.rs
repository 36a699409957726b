//! A carrier is one folder and one line: nothing else knows it by name.

use std::collections::BTreeSet;

use switchboard_carriers::{settings_of, webhook_path};
use switchboard_domain::carriage::CarrierName;

use crate::book::sources;
use crate::tree::{folders, read, root};

/// The files of a carrier's folder.
const FILES: [&str; 5] = ["api.rs", "mod.rs", "signature.rs", "stub.rs", "webhook.rs"];

/// How a source would name a carrier: its variant, module, webhook, settings and parameters.
fn spellings(carrier: CarrierName) -> [String; 5] {
    let (name, variant) = (carrier.name(), format!("{carrier:?}"));
    [
        format!("CarrierName::{variant}"),
        format!("carriers::{name}"),
        webhook_path(carrier),
        format!("CARRIER_{}", carrier.setting("")),
        format!("Carrier{variant}"),
    ]
}

/// Where the sources name a carrier. Comments do not count.
fn named(text: &str, spellings: &[String]) -> Vec<usize> {
    let lines = text.lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let naming = code.filter(|(_, line)| spellings.iter().any(|one| line.contains(one.as_str())));
    naming.map(|(number, _)| number + 1).collect()
}

#[test]
fn nothing_outside_of_its_folder_knows_a_carrier_by_name() {
    let sources = sources();
    let sources: Vec<_> = sources
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|it| it == "rs"))
        .filter(|(path, _)| !path.starts_with("shared/carriers"))
        .collect();
    assert!(sources.len() > 300, "{} sources", sources.len());
    for carrier in CarrierName::ALL {
        let spellings = spellings(*carrier);
        for (path, text) in &sources {
            let lines = named(text, &spellings);
            assert!(lines.is_empty(), "{} names {carrier:?} in {lines:?}", path.display());
        }
    }
}

#[test]
fn a_source_that_names_a_carrier_is_noticed() {
    let carrier = CarrierName::default();
    let variant = format!("{carrier:?}");
    let names = [
        format!("    CarrierName::{variant} => {{}}"),
        format!("use switchboard_carriers::{}::sign;", carrier.name()),
        format!("let url = \"{{}}/webhooks/{}\";", carrier.name()),
        format!("variable(\"CARRIER_{}\")", carrier.setting("BASE_URL")),
        format!("&[\"Carrier{variant}BaseUrl\"]"),
    ];
    let text = format!("{}\n    // {}\n", names.join("\n"), names[0]);
    assert_eq!(named(&text, &spellings(carrier)), [1, 2, 3, 4, 5]);
}

#[test]
fn every_carrier_has_its_folder_and_every_folder_is_a_carriers() {
    let listed: BTreeSet<String> =
        CarrierName::ALL.iter().map(|carrier| carrier.name().to_owned()).collect();
    assert_eq!(folders("shared/carriers/src"), listed);
    for name in listed {
        for file in FILES {
            let path = root().join("shared/carriers/src").join(&name).join(file);
            assert!(path.is_file(), "{}", path.display());
        }
    }
}

#[test]
fn the_template_sets_nothing_that_no_carrier_reads() {
    let template = read("infra/template.yaml");
    let known: BTreeSet<String> = CarrierName::ALL
        .iter()
        .flat_map(|carrier| settings_of(*carrier).iter().map(|name| carrier.setting(name)))
        .collect();
    let variables = template.lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix("CARRIER_")?.split_once(':')?;
        Some(name.to_owned())
    });
    let variables: BTreeSet<String> = variables.collect();
    assert!(variables.is_subset(&known), "{:?}", variables.difference(&known));
    assert!(!variables.is_empty());
}
