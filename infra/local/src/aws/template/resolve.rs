//! What a template's intrinsic functions come to on the laptop.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};

/// What stands for the account, the region and the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// `AWS::StackName`.
    pub stack: String,
    /// What queue URLs begin with.
    pub queues_endpoint: String,
    /// Where the HTTP API is reached.
    pub api_endpoint: String,
}

/// Resolves values of one template.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    resources: &'a Map<String, Value>,
    conditions: Map<String, Value>,
    parameters: BTreeMap<String, String>,
    place: &'a Place,
}

/// Reads YAML; `!Ref x` becomes `{"Ref": x}` and `!Name x` becomes `{"Fn::Name": x}`.
pub(super) fn read(text: &str) -> Result<Value> {
    let yaml: serde_norway::Value =
        serde_norway::from_str(text).context("the template is not YAML")?;
    to_json(yaml)
}

fn to_json(yaml: serde_norway::Value) -> Result<Value> {
    use serde_norway::Value as Yaml;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(it) => Value::Bool(it),
        Yaml::Number(it) => serde_json::to_value(it)?,
        Yaml::String(it) => Value::String(it),
        Yaml::Sequence(items) => {
            Value::Array(items.into_iter().map(to_json).collect::<Result<_>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (name, value) in entries {
                let Yaml::String(name) = name else {
                    bail!("the template has a name that is not text: {name:?}");
                };
                object.insert(name, to_json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            Value::Object(Map::from_iter([(name, to_json(tagged.value)?)]))
        }
    })
}

impl<'a> Resolver<'a> {
    /// Prepares the resources of a template, with parameters over their defaults.
    pub(super) fn new(
        template: &'a Value,
        resources: &'a Map<String, Value>,
        given: &BTreeMap<String, String>,
        place: &'a Place,
    ) -> Result<Self> {
        let none = Map::new();
        let declared = template["Parameters"].as_object().unwrap_or(&none);
        let mut parameters = BTreeMap::new();
        for (name, parameter) in declared {
            let value = match (given.get(name), &parameter["Default"]) {
                (Some(given), _) => given.clone(),
                (None, Value::Null) => bail!("the template's parameter {name} has no value"),
                (None, default) => text(default)?,
            };
            parameters.insert(name.clone(), value);
        }
        if let Some(unknown) = given.keys().find(|name| !parameters.contains_key(*name)) {
            bail!("the template has no parameter {unknown}");
        }
        let conditions = template["Conditions"].as_object().cloned().unwrap_or_default();
        Ok(Self { resources, conditions, parameters, place })
    }

    /// Resolves a value with everything in it; what is `AWS::NoValue` is left out.
    pub(super) fn value(&self, value: &Value) -> Result<Option<Value>> {
        match value {
            Value::Array(items) => {
                let resolved = items.iter().filter_map(|item| self.value(item).transpose());
                Ok(Some(Value::Array(resolved.collect::<Result<_>>()?)))
            }
            Value::Object(object) => match intrinsic(object) {
                Some((name, argument)) => self.intrinsic(name, argument),
                None => {
                    let mut resolved = Map::new();
                    for (name, value) in object {
                        if let Some(value) = self.value(value).with_context(|| name.clone())? {
                            resolved.insert(name.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            plain => Ok(Some(plain.clone())),
        }
    }

    /// Resolves a value that has to be text.
    pub(super) fn text(&self, value: &Value) -> Result<String> {
        let resolved = self.value(value)?;
        text(&resolved.ok_or_else(|| anyhow!("AWS::NoValue where text is needed"))?)
    }

    /// Tells whether a resource exists under these parameters.
    pub(super) fn exists(&self, resource: &Value) -> Result<bool> {
        match resource["Condition"].as_str() {
            Some(name) => self.named_condition(name),
            None => Ok(true),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Value) -> Result<Option<Value>> {
        let text = match name {
            "Ref" => match plain(argument)? {
                "AWS::NoValue" => return Ok(None),
                target => self.reference(target)?,
            },
            "Fn::GetAtt" => {
                let (resource, attribute) = match argument {
                    Value::String(path) => path
                        .split_once('.')
                        .ok_or_else(|| anyhow!("GetAtt {path} names no attribute"))?,
                    parts => (plain(&parts[0])?, plain(&parts[1])?),
                };
                self.attribute(resource, attribute)?
            }
            "Fn::Sub" => self.substitute(argument)?,
            "Fn::Join" => {
                let parts = argument[1].as_array().ok_or_else(|| anyhow!("Join needs a list"))?;
                let parts: Vec<String> =
                    parts.iter().map(|part| self.text(part)).collect::<Result<_>>()?;
                parts.join(plain(&argument[0])?)
            }
            "Fn::If" => {
                let branch = if self.named_condition(plain(&argument[0])?)? { 1 } else { 2 };
                return self.value(&argument[branch]);
            }
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                let object = Map::from_iter([(name.to_owned(), argument.clone())]);
                return Ok(Some(Value::Bool(self.condition(&Value::Object(object))?)));
            }
            unknown => bail!("the local deployment does not understand {unknown}"),
        };
        Ok(Some(Value::String(text)))
    }

    fn reference(&self, target: &str) -> Result<String> {
        let place = self.place;
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        Ok(match target {
            "AWS::Region" => place.region.clone(),
            "AWS::AccountId" => place.account.clone(),
            "AWS::StackName" => place.stack.clone(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => match self.kind(target)? {
                "AWS::SQS::Queue" => {
                    let name = self.name_of(target, "QueueName")?;
                    format!("{}/{}/{name}", place.queues_endpoint, place.account)
                }
                "AWS::DynamoDB::Table" => self.name_of(target, "TableName")?,
                // A bucket's name has no capitals.
                "AWS::S3::Bucket" => self.name_of(target, "BucketName")?.to_lowercase(),
                _ => target.to_owned(),
            },
        })
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<String> {
        let Place { region, account, api_endpoint, .. } = self.place;
        let kind = self.kind(resource)?;
        Ok(match (kind, attribute) {
            ("AWS::SQS::Queue", "Arn") => {
                let name = self.name_of(resource, "QueueName")?;
                format!("arn:aws:sqs:{region}:{account}:{name}")
            }
            ("AWS::SQS::Queue", "QueueName") => self.name_of(resource, "QueueName")?,
            ("AWS::SQS::Queue", "QueueUrl") => self.reference(resource)?,
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{}", self.reference(resource)?),
            ("AWS::DynamoDB::Table", "Arn") => {
                let name = self.name_of(resource, "TableName")?;
                format!("arn:aws:dynamodb:{region}:{account}:table/{name}")
            }
            ("AWS::DynamoDB::Table", "StreamArn") => {
                format!("{}/stream/local", self.attribute(resource, "Arn")?)
            }
            ("AWS::ApiGatewayV2::Api", "ApiEndpoint") => api_endpoint.clone(),
            // One port serves them all.
            ("AWS::Lambda::Url", "FunctionUrl") => format!("{api_endpoint}/"),
            ("AWS::Serverless::Function", "Arn") => {
                format!("arn:aws:lambda:{region}:{account}:function:{resource}")
            }
            ("AWS::KMS::Key" | "AWS::IAM::Role" | "AWS::Logs::LogGroup", "Arn") => {
                let service = kind.split("::").nth(1).unwrap_or_default().to_lowercase();
                format!("arn:aws:{service}:{region}:{account}:{resource}")
            }
            _ => bail!("the local deployment has no attribute {attribute} of {resource} ({kind})"),
        })
    }

    fn kind(&self, resource: &str) -> Result<&str> {
        let kind = self.resources.get(resource).and_then(|it| it["Type"].as_str());
        kind.ok_or_else(|| anyhow!("the template names {resource}, which it does not have"))
    }

    fn name_of(&self, resource: &str, property: &str) -> Result<String> {
        match &self.resources[resource]["Properties"][property] {
            Value::Null => Ok(format!("{}-{resource}", self.place.stack)),
            name => self.text(name),
        }
    }

    fn substitute(&self, argument: &Value) -> Result<String> {
        let (pattern, own) = match argument {
            Value::String(pattern) => (pattern.as_str(), &Value::Null),
            parts => (plain(&parts[0])?, &parts[1]),
        };
        let mut text = String::new();
        let mut rest = pattern;
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            let end = from.find('}').ok_or_else(|| anyhow!("Sub {pattern}: a brace is open"))?;
            let name = &from[2..end];
            text.push_str(before);
            match (name.strip_prefix('!'), own.get(name), name.split_once('.')) {
                (Some(literal), ..) => text.push_str(&format!("${{{literal}}}")),
                (_, Some(value), _) => text.push_str(&self.text(value)?),
                (.., Some((resource, attribute))) => {
                    text.push_str(&self.attribute(resource, attribute)?);
                }
                _ => text.push_str(&self.reference(name)?),
            }
            rest = &from[end + 1..];
        }
        text.push_str(rest);
        Ok(text)
    }

    fn named_condition(&self, name: &str) -> Result<bool> {
        let condition = self.conditions.get(name);
        self.condition(condition.ok_or_else(|| anyhow!("the template has no condition {name}"))?)
            .with_context(|| format!("condition {name}"))
    }

    fn condition(&self, condition: &Value) -> Result<bool> {
        let object = condition.as_object().and_then(intrinsic);
        let (name, argument) = object.ok_or_else(|| anyhow!("not a condition: {condition}"))?;
        let parts = || argument.as_array().ok_or_else(|| anyhow!("{name} needs a list"));
        match name {
            "Condition" => self.named_condition(plain(argument)?),
            "Fn::Equals" => Ok(self.value(&argument[0])? == self.value(&argument[1])?),
            "Fn::Not" => Ok(!self.condition(&argument[0])?),
            "Fn::And" => parts()?.iter().try_fold(true, |all, it| Ok(all & self.condition(it)?)),
            "Fn::Or" => parts()?.iter().try_fold(false, |any, it| Ok(any | self.condition(it)?)),
            unknown => bail!("the local deployment does not understand {unknown} in a condition"),
        }
    }
}

/// An object whose one member is an intrinsic function.
fn intrinsic(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    let is_condition = name == "Condition" && argument.is_string();
    (name == "Ref" || name.starts_with("Fn::") || is_condition).then_some((name.as_str(), argument))
}

fn plain(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| anyhow!("an intrinsic function needs text, not {value}"))
}

/// Text, as CloudFormation turns numbers and booleans into it.
pub(super) fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        other => bail!("text is needed, not {other}"),
    }
}
