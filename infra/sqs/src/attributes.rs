//! A queue's attributes: which there are, their ranges and defaults, and what they mean as rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::SqsError;

const RECEIVE_COUNT_MAX: u64 = 1000;
const SOURCE_QUEUES_MAX: usize = 10;

/// Numeric attributes: name, least, most, default.
const NUMBERS: [(&str, i64, i64, i64); 5] = [
    ("DelaySeconds", 0, 900, 0),
    ("MaximumMessageSize", 1024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, 43_200, 30),
];

/// Attributes only a FIFO queue has: name, allowed values, the first being the default.
const FIFO_CHOICES: [(&str, [&str; 2]); 3] = [
    ("ContentBasedDeduplication", ["false", "true"]),
    ("DeduplicationScope", ["queue", "messageGroup"]),
    ("FifoThroughputLimit", ["perQueue", "perMessageGroupId"]),
];

/// Attributes that are kept and given back but change nothing here.
const KEPT: [&str; 3] = ["Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"];

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redrive {
    pub(crate) target_arn: String,
    pub(crate) max_receive_count: u32,
}

/// Which queues may name this one as their dead-letter queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "redrivePermission", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum RedriveAllow {
    #[default]
    AllowAll,
    DenyAll,
    ByQueue {
        #[serde(rename = "sourceQueueArns")]
        source_queue_arns: Vec<String>,
    },
}

/// The attributes of one queue as set, and the same as rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    set: BTreeMap<String, String>,
    pub(crate) fifo: bool,
    pub(crate) delay_ms: i64,
    pub(crate) message_bytes_max: usize,
    pub(crate) retention_ms: i64,
    pub(crate) wait_seconds: i64,
    pub(crate) visibility_ms: i64,
    pub(crate) content_based_deduplication: bool,
    pub(crate) deduplicates_by_group: bool,
    pub(crate) redrive: Option<Redrive>,
    pub(crate) redrive_allow: RedriveAllow,
}

impl Attributes {
    /// Reads attributes as given to CreateQueue.
    pub(crate) fn create(name: &str, given: &BTreeMap<String, String>) -> Result<Self, SqsError> {
        let fifo = match given.get("FifoQueue").map(String::as_str) {
            None => false,
            Some("true") => true,
            Some("false") => return Err(SqsError::unknown_attribute("FifoQueue")),
            Some(_) => return Err(SqsError::bad_attribute("FifoQueue")),
        };
        check_name(name, fifo)?;
        Self::with(fifo, &BTreeMap::new(), given)
    }

    /// Returns these attributes with some of them set anew.
    pub(crate) fn update(&self, given: &BTreeMap<String, String>) -> Result<Self, SqsError> {
        if given.get("FifoQueue").is_some_and(|value| (value == "true") != self.fifo) {
            return Err(SqsError::bad_attribute("FifoQueue"));
        }
        Self::with(self.fifo, &self.set, given)
    }

    /// Reads attributes that were accepted before, as the journal keeps them.
    pub(crate) fn restore(fifo: bool, set: &BTreeMap<String, String>) -> Result<Self, SqsError> {
        Self::with(fifo, &BTreeMap::new(), set)
    }

    /// Returns what was set, in the form the journal keeps.
    pub(crate) fn set_values(&self) -> &BTreeMap<String, String> {
        &self.set
    }

    /// Returns every attribute that can be set with the value in force.
    pub(crate) fn in_force(&self) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = NUMBERS
            .iter()
            .map(|(name, _, _, default)| ((*name).to_owned(), default.to_string()))
            .collect();
        all.insert("SqsManagedSseEnabled".into(), "false".into());
        if self.fifo {
            all.insert("FifoQueue".into(), "true".into());
            let choices = FIFO_CHOICES.iter();
            all.extend(choices.map(|(name, [default, _])| ((*name).into(), (*default).into())));
        }
        all.extend(self.set.clone());
        all
    }

    /// Returns the first given attribute whose value is not the one in force.
    pub(crate) fn first_difference(
        &self,
        name: &str,
        given: &BTreeMap<String, String>,
    ) -> Result<Option<String>, SqsError> {
        let wanted = Self::create(name, given)?;
        if wanted.fifo != self.fifo {
            return Ok(Some("FifoQueue".into()));
        }
        let ours = self.in_force();
        Ok(wanted.set.into_iter().find(|(k, v)| ours.get(k) != Some(v)).map(|(k, _)| k))
    }

    fn with(
        fifo: bool,
        before: &BTreeMap<String, String>,
        given: &BTreeMap<String, String>,
    ) -> Result<Self, SqsError> {
        let mut set = before.clone();
        for (name, value) in given {
            match check_value(fifo, name, value)? {
                Some(value) => set.insert(name.clone(), value),
                None => set.remove(name),
            };
        }
        Self::rules(fifo, set)
    }

    fn rules(fifo: bool, set: BTreeMap<String, String>) -> Result<Self, SqsError> {
        let number = |wanted: &str| {
            let default = NUMBERS.iter().find(|(name, ..)| *name == wanted).map_or(0, |n| n.3);
            set.get(wanted).and_then(|value| value.parse().ok()).unwrap_or(default)
        };
        let is = |name: &str, value: &str| set.get(name).is_some_and(|set| set == value);
        let by_group = is("DeduplicationScope", "messageGroup");
        if is("FifoThroughputLimit", "perMessageGroupId") && !by_group {
            return Err(SqsError::bad_attribute("FifoThroughputLimit"));
        }
        let redrive = set.get("RedrivePolicy").map(|text| parse_redrive(text)).transpose()?;
        let redrive_allow = set.get("RedriveAllowPolicy").map(|text| parse_allow(text));
        Ok(Self {
            fifo,
            delay_ms: number("DelaySeconds") * 1000,
            message_bytes_max: usize::try_from(number("MaximumMessageSize")).unwrap_or(0),
            retention_ms: number("MessageRetentionPeriod") * 1000,
            wait_seconds: number("ReceiveMessageWaitTimeSeconds"),
            visibility_ms: number("VisibilityTimeout") * 1000,
            content_based_deduplication: is("ContentBasedDeduplication", "true"),
            deduplicates_by_group: by_group,
            redrive,
            redrive_allow: redrive_allow.transpose()?.unwrap_or_default(),
            set,
        })
    }
}

/// Returns a value in its normal form; nothing if the value takes the attribute away.
fn check_value(fifo: bool, name: &str, value: &str) -> Result<Option<String>, SqsError> {
    if let Some((_, least, most, _)) = NUMBERS.iter().find(|(known, ..)| *known == name) {
        return in_range(name, value, *least, *most).map(Some);
    }
    if let Some((_, choices)) = FIFO_CHOICES.iter().find(|(known, _)| *known == name) {
        if !fifo {
            return Err(SqsError::unknown_attribute(name));
        }
        let known = choices.contains(&value);
        return known.then(|| Some(value.into())).ok_or_else(|| SqsError::bad_attribute(name));
    }
    match name {
        "FifoQueue" | "RedrivePolicy" | "RedriveAllowPolicy" | "Policy" | "KmsMasterKeyId"
            if value.is_empty() =>
        {
            Ok(None)
        }
        "FifoQueue" => Ok(Some("true".into())),
        "RedrivePolicy" => parse_redrive(value).map(|redrive| {
            let normal = json!({
                "deadLetterTargetArn": redrive.target_arn,
                "maxReceiveCount": redrive.max_receive_count,
            });
            Some(normal.to_string())
        }),
        "RedriveAllowPolicy" => {
            let allow = parse_allow(value)?;
            Ok(Some(serde_json::to_string(&allow).map_err(|_| SqsError::bad_attribute(name))?))
        }
        "SqsManagedSseEnabled" if matches!(value, "true" | "false") => Ok(Some(value.into())),
        "SqsManagedSseEnabled" => Err(SqsError::bad_attribute(name)),
        "KmsDataKeyReusePeriodSeconds" => in_range(name, value, 60, 86_400).map(Some),
        kept if KEPT.contains(&kept) => Ok(Some(value.into())),
        _ => Err(SqsError::unknown_attribute(name)),
    }
}

fn in_range(name: &str, value: &str, least: i64, most: i64) -> Result<String, SqsError> {
    let number = value.parse::<i64>().map_err(|_| SqsError::bad_attribute(name))?;
    let fits = (least..=most).contains(&number);
    fits.then(|| number.to_string()).ok_or_else(|| SqsError::bad_attribute(name))
}

fn parse_redrive(text: &str) -> Result<Redrive, SqsError> {
    let refuse = |reason: &str| SqsError::invalid("RedrivePolicy", text, reason);
    let policy: Value = serde_json::from_str(text)
        .map_err(|_| refuse("Redrive policy is not a valid JSON map."))?;
    let target = policy["deadLetterTargetArn"]
        .as_str()
        .ok_or_else(|| refuse("Redrive policy does not contain mandatory deadLetterTargetArn."))?;
    let count = match &policy["maxReceiveCount"] {
        Value::Number(number) => number.as_u64(),
        Value::String(number) => number.parse().ok(),
        _ => {
            return Err(refuse("Redrive policy does not contain mandatory maxReceiveCount."));
        }
    };
    let count = count
        .filter(|count| (1..=RECEIVE_COUNT_MAX).contains(count))
        .and_then(|count| u32::try_from(count).ok())
        .ok_or_else(|| refuse("Invalid value for maxReceiveCount: it must be from 1 to 1000."))?;
    Ok(Redrive { target_arn: target.into(), max_receive_count: count })
}

fn parse_allow(text: &str) -> Result<RedriveAllow, SqsError> {
    let refuse = |reason: &str| SqsError::invalid("RedriveAllowPolicy", text, reason);
    let allow = serde_json::from_str(text)
        .map_err(|_| refuse("Amazon SQS can't create the redrive allow policy."))?;
    match &allow {
        RedriveAllow::ByQueue { source_queue_arns }
            if source_queue_arns.is_empty() || source_queue_arns.len() > SOURCE_QUEUES_MAX =>
        {
            Err(refuse("sourceQueueArns must name one to ten queues."))
        }
        _ => Ok(allow),
    }
}

fn check_name(name: &str, fifo: bool) -> Result<(), SqsError> {
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let good =
        stem.is_some_and(|stem| !stem.is_empty() && name.len() <= 80 && stem.chars().all(allowed));
    if good {
        return Ok(());
    }
    let reason = if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
         underscores, must end with .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    Err(SqsError::invalid("QueueName", name, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn kind(name: &str, pairs: &[(&str, &str)]) -> Option<ErrorKind> {
        Attributes::create(name, &map(pairs)).err().map(|error| error.kind)
    }

    #[test]
    fn the_name_and_the_type_of_a_queue_must_agree() {
        assert_eq!(kind("plain", &[]), None);
        assert_eq!(kind("q.fifo", &[("FifoQueue", "true")]), None);
        assert_eq!(kind("q.fifo", &[]), Some(ErrorKind::InvalidParameterValue));
        assert_eq!(kind("q", &[("FifoQueue", "true")]), Some(ErrorKind::InvalidParameterValue));
        assert_eq!(kind(".fifo", &[("FifoQueue", "true")]), Some(ErrorKind::InvalidParameterValue));
        assert_eq!(kind(&"x".repeat(81), &[]), Some(ErrorKind::InvalidParameterValue));
        assert_eq!(kind("q", &[("FifoQueue", "false")]), Some(ErrorKind::InvalidAttributeName));
    }

    #[test]
    fn attributes_outside_their_range_or_type_are_refused() {
        let value = Some(ErrorKind::InvalidAttributeValue);
        let name = Some(ErrorKind::InvalidAttributeName);
        assert_eq!(kind("q", &[("DelaySeconds", "901")]), value);
        assert_eq!(kind("q", &[("VisibilityTimeout", "soon")]), value);
        assert_eq!(kind("q", &[("Colour", "red")]), name);
        assert_eq!(kind("q", &[("QueueArn", "arn")]), name);
        assert_eq!(kind("q", &[("ContentBasedDeduplication", "true")]), name);
        let fifo = ("FifoQueue", "true");
        let limit = ("FifoThroughputLimit", "perMessageGroupId");
        assert_eq!(kind("q.fifo", &[fifo, limit]), value);
        let scope = ("DeduplicationScope", "messageGroup");
        assert_eq!(kind("q.fifo", &[fifo, limit, scope]), None);
    }

    #[test]
    fn a_redrive_policy_takes_its_count_as_number_or_text() {
        for count in ["3", "\"3\""] {
            let text = format!("{{\"deadLetterTargetArn\":\"a\",\"maxReceiveCount\":{count}}}");
            let attributes = Attributes::create("q", &map(&[("RedrivePolicy", &text)])).unwrap();
            assert_eq!(attributes.redrive.unwrap().max_receive_count, 3);
        }
        let zero = r#"{"deadLetterTargetArn":"a","maxReceiveCount":0}"#;
        for bad in [zero, "{}", "no"] {
            let refused = Some(ErrorKind::InvalidParameterValue);
            assert_eq!(kind("q", &[("RedrivePolicy", bad)]), refused);
        }
    }

    #[test]
    fn an_empty_policy_takes_the_policy_away() {
        let policy = r#"{"deadLetterTargetArn":"a","maxReceiveCount":1}"#;
        let with = Attributes::create("q", &map(&[("RedrivePolicy", policy)])).unwrap();
        let without = with.update(&map(&[("RedrivePolicy", "")])).unwrap();
        assert_eq!(without.redrive, None);
        assert!(!without.in_force().contains_key("RedrivePolicy"));
    }
}
