//! Who calls out: the template says it, and what each function links bears it out.

use std::collections::BTreeSet;

use crate::template::Template;
use crate::tree::{folders, functions, pascal, read};

/// Crates that open connections of their own choice.
const CLIENTS: [&str; 5] = ["reqwest", "hyper", "hyper-util", "ureq", "aws-smithy-http-client"];

/// The names in the list of what a crate needs to run.
fn needs(manifest: &str) -> BTreeSet<String> {
    let manifest = read(manifest);
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let named = lines.filter(|line| !line.starts_with('#') && line.contains('='));
    named.map(|line| line.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

#[test]
fn who_calls_customers_links_the_vetted_caller_and_nobody_else_does() {
    let template = Template::read();
    let mut calling = BTreeSet::new();
    for name in functions() {
        let links = needs(&format!("functions/{name}/Cargo.toml")).contains("switchboard-caller");
        let tag = template.tag(&format!("{}Function", pascal(&name)), "calls-out");
        assert_eq!(links, tag.as_deref() == Some("customers"), "{name}: {tag:?}");
        if let Some(whom) = tag {
            assert!(["carriers", "customers"].contains(&whom.as_str()), "{name} calls {whom}");
            calling.insert(name);
        }
    }
    assert_eq!(calling.len(), 7, "{calling:?}: one more that calls out is a decision");
}

#[test]
fn no_function_has_a_client_of_its_own() {
    let functions = functions().into_iter().map(|name| format!("functions/{name}"));
    let shared = folders("shared").into_iter().map(|name| format!("shared/{name}"));
    let with_client = functions.chain(shared).filter(|path| {
        let needs = needs(&format!("{path}/Cargo.toml"));
        assert!(needs.len() > 2, "{path} needs {needs:?}");
        // The runtime is what the AWS clients are made in; their endpoints are AWS's.
        let known: &[&str] = match path.as_str() {
            "shared/runtime" => &["aws-smithy-http-client"],
            _ => &[],
        };
        CLIENTS.iter().any(|client| needs.contains(*client) && !known.contains(client))
    });
    let with_client: Vec<String> = with_client.collect();
    assert_eq!(with_client, ["shared/caller", "shared/carriers"]);
}
