//! What a function's role allows: its policies, statement by statement.

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Map, Value, json};

use super::resolve::Resolver;
use crate::aws::keys::WORDS;
use crate::aws::roles::Permission;

/// What the role at this ARN allows.
///
/// # Errors
/// If it is no role of the template, or says something that is not understood: whatever is not a plain permission.
pub(super) fn allowed(
    role: &Value,
    resources: &Map<String, Value>,
    resolver: &Resolver<'_>,
    stack: &str,
) -> Result<BTreeSet<Permission>> {
    let id = role.as_str().and_then(|arn| arn.rsplit(':').next());
    let id = id.ok_or_else(|| anyhow!("the function has no role of its own"))?;
    let role = resources.get(id).ok_or_else(|| anyhow!("there is no role {id}"))?;
    let policies = resolver.value(&role["Properties"]["Policies"])?.unwrap_or_default();
    let mut allowed = BTreeSet::new();
    for policy in policies.as_array().into_iter().flatten() {
        let statements = policy["PolicyDocument"]["Statement"].as_array();
        for statement in
            statements.ok_or_else(|| anyhow!("{id} has a policy without statements"))?
        {
            read(statement, stack, &mut allowed).with_context(|| format!("{id}: {statement}"))?;
        }
    }
    Ok(allowed)
}

fn read(statement: &Value, stack: &str, allowed: &mut BTreeSet<Permission>) -> Result<()> {
    const KNOWN: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];
    ensure!(statement["Effect"] == "Allow", "only Allow is understood");
    let members = statement.as_object().into_iter().flat_map(Map::keys);
    let unknown: Vec<&String> = members.filter(|name| !KNOWN.contains(&name.as_str())).collect();
    ensure!(unknown.is_empty(), "{unknown:?} is not understood");
    let word = word(&statement["Condition"])?;
    for action in each(&statement["Action"])? {
        for resource in each(&statement["Resource"])? {
            // All objects of one bucket: each is named by its file, so no policy could name them.
            let plain = match resource.starts_with("arn:aws:s3:::") {
                true => resource.strip_suffix("/*").unwrap_or(resource),
                false => resource,
            };
            ensure!(!action.contains('*') && !plain.contains('*'), "wildcards are not understood");
            let mut resource = named(resource, stack);
            if let Some(word) = word {
                resource = format!("{resource}/{word}");
            }
            allowed.insert(Permission { action: action.to_owned(), resource });
        }
    }
    Ok(())
}

/// The word of the secrets that a statement is about alone; none if it is about everything but secrets.
fn word(condition: &Value) -> Result<Option<&'static str>> {
    let about = |word: &str| format!("kms:EncryptionContext:{word}");
    for (word, whose) in WORDS {
        if *condition == json!({ "StringLike": { about(word): whose } }) {
            return Ok(Some(word));
        }
    }
    let all: Map<String, Value> =
        WORDS.iter().map(|(word, _)| (about(word), json!("true"))).collect();
    let without = json!({ "Null": all });
    ensure!(condition.is_null() || *condition == without, "{condition} is not understood");
    Ok(None)
}

/// One text or several.
fn each(value: &Value) -> Result<Vec<&str>> {
    let all = value.as_array().map_or_else(|| vec![value], |all| all.iter().collect());
    all.into_iter().map(|one| one.as_str().ok_or_else(|| anyhow!("{one} is no text"))).collect()
}

/// `arn:aws:dynamodb:us-east-1:0:table/stack-routing/index/list` → `routing/index/list`.
fn named(arn: &str, stack: &str) -> String {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    let name = name.strip_prefix("table/").unwrap_or(name);
    let own = name.strip_prefix(stack).and_then(|name| name.strip_prefix('-'));
    own.unwrap_or(name).to_owned()
}
