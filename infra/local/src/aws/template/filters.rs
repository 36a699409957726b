//! Which records of a stream wake a function: Lambda's filter patterns, as much of their language as the template
//! uses. Whatever else a pattern has is refused by its name.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

/// The patterns of a mapping; a record that any of them matches wakes the function. Without one every record does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters(Vec<Pattern>);

/// What a record, or a part of it, has to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// An object with all of these members.
    Members(BTreeMap<String, Pattern>),
    /// A leaf that any of these rules allows.
    AnyOf(Vec<Rule>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Is(String),
    Exists(bool),
}

impl Filters {
    /// Reads the `FilterCriteria` of a mapping; null if it has none.
    ///
    /// # Errors
    /// If a pattern is no JSON, or says more than is understood here.
    pub(super) fn read(criteria: &Value) -> Result<Self> {
        if criteria.is_null() {
            return Ok(Self::default());
        }
        let filters = criteria["Filters"].as_array().context("FilterCriteria without Filters")?;
        let patterns = filters.iter().map(|filter| {
            let text = filter["Pattern"].as_str().context("a filter without a Pattern")?;
            let pattern: Value =
                serde_json::from_str(text).with_context(|| format!("the pattern {text}"))?;
            let members = pattern.as_object();
            // "DynamoDB event source mappings only support filtering on the dynamodb key."
            let is_about_images = members.is_some_and(|it| it.keys().eq(["dynamodb"]));
            ensure!(is_about_images, "the pattern {text} is not about `dynamodb`");
            Pattern::read(&pattern)
        });
        Ok(Self(patterns.collect::<Result<_>>()?))
    }

    /// Whether a record of a stream wakes the function.
    pub fn want(&self, record: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(Some(record)))
    }

    /// The records that wake the function, in order.
    pub fn wanted(&self, records: &[Value]) -> Vec<Value> {
        records.iter().filter(|record| self.want(record)).cloned().collect()
    }
}

impl Pattern {
    fn read(pattern: &Value) -> Result<Self> {
        match pattern {
            Value::Object(members) => {
                let read = members.iter().map(|(name, pattern)| {
                    ensure!(!name.starts_with('$'), "{name} in a filter is not understood");
                    Ok((name.clone(), Self::read(pattern)?))
                });
                Ok(Self::Members(read.collect::<Result<_>>()?))
            }
            Value::Array(rules) => {
                ensure!(!rules.is_empty(), "a filter that nothing matches");
                Ok(Self::AnyOf(rules.iter().map(Rule::read).collect::<Result<_>>()?))
            }
            other => bail!("{other} in a filter is no list of values"),
        }
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Members(members) => members.iter().all(|(name, pattern)| {
                pattern.matches(value.and_then(|value| value.get(name.as_str())))
            }),
            Self::AnyOf(rules) => rules.iter().any(|rule| rule.allows(value)),
        }
    }
}

impl Rule {
    fn read(rule: &Value) -> Result<Self> {
        match rule {
            Value::String(text) => Ok(Self::Is(text.clone())),
            Value::Object(members) if members.len() == 1 => match &rule["exists"] {
                Value::Bool(exists) => Ok(Self::Exists(*exists)),
                _ => Err(anyhow!("{rule} in a filter is not understood")),
            },
            other => bail!("{other} in a filter is not understood"),
        }
    }

    /// Only leaves exist: "the Exists operator only works on leaf nodes in the event JSON".
    fn allows(&self, value: Option<&Value>) -> bool {
        let leaf = value.filter(|value| !value.is_object() && !value.is_array());
        match self {
            Self::Is(text) => leaf.and_then(Value::as_str) == Some(text),
            Self::Exists(exists) => leaf.is_some() == *exists,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filters(patterns: &[Value]) -> Result<Filters> {
        let each = patterns.iter().map(|pattern| json!({ "Pattern": pattern.to_string() }));
        Filters::read(&json!({ "Filters": each.collect::<Vec<_>>() }))
    }

    fn of(image: &str, attribute: &str, rules: Value) -> Value {
        json!({ "dynamodb": { image: { attribute: { "S": rules } } } })
    }

    #[test]
    fn a_record_wakes_whoever_has_a_pattern_for_it() {
        let filters = filters(&[
            of("NewImage", "kind", json!(["Task", "Worker"])),
            of("OldImage", "fx", json!([{ "exists": true }])),
        ])
        .unwrap();
        let wakes = |record: Value| filters.want(&record);
        assert!(wakes(of("NewImage", "kind", json!("Worker"))));
        assert!(!wakes(of("NewImage", "kind", json!("Head"))));
        assert!(!wakes(of("OldImage", "kind", json!("Worker"))));
        assert!(wakes(of("OldImage", "fx", json!("[]"))));
        assert!(!wakes(json!({ "dynamodb": { "OldImage": { "fx": { "B": "" } } } })));
        assert!(!wakes(json!({})));
    }

    #[test]
    fn all_members_of_a_pattern_count_and_only_leaves_exist() {
        let both = json!({ "dynamodb": { "NewImage": {
            "a": { "S": ["x"] }, "b": { "S": [{ "exists": false }] },
        } } });
        let both = filters(&[both]).unwrap();
        assert!(both.want(&of("NewImage", "a", json!("x"))));
        let with = json!({ "dynamodb": { "NewImage": { "a": { "S": "x" }, "b": { "S": "" } } } });
        assert!(!both.want(&with));
        let inner = json!({ "dynamodb": { "NewImage": { "a": [{ "exists": true }] } } });
        assert!(!filters(&[inner]).unwrap().want(&of("NewImage", "a", json!("x"))));
    }

    #[test]
    fn a_mapping_without_filters_is_woken_by_everything() {
        let all = Filters::read(&Value::Null).unwrap();
        assert_eq!(all.wanted(&[json!({}), json!(1)]).len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_refused_by_its_name() {
        for (rule, named) in [
            (json!([{ "prefix": "T" }]), "prefix"),
            (json!([{ "anything-but": ["x"] }]), "anything-but"),
            (json!([{ "exists": "yes" }]), "exists"),
            (json!([7]), "7"),
            (json!("Task"), "Task"),
            (json!([]), "nothing matches"),
        ] {
            let refused = filters(&[of("NewImage", "kind", rule)]).unwrap_err();
            assert!(refused.to_string().contains(named), "{refused}");
        }
        let other = filters(&[json!({ "eventName": ["INSERT"] })]).unwrap_err();
        assert!(other.to_string().contains("eventName"), "{other}");
        let or = filters(&[json!({ "dynamodb": { "$or": [] } })]).unwrap_err();
        assert!(or.to_string().contains("$or"), "{or}");
    }
}
