//! Whether a function answered the same here and in a process of its own. There it has the system's clock and its own
//! entropy: times and secrets are compared by their form, and identifiers that were minted by their places.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::aws::invocation::FunctionError;

/// How times are written: `9` is a digit, `A` and `a` are letters. Nothing of their kind is on either side.
const TIMES: [&str; 6] = [
    "9999-99-99T99:99:99.999Z",
    "9999-99-99T99:99:99Z",
    "Aaa, 99 Aaa 9999 99:99:99 +9999",
    "Aaa, 99 Aaa 9999 99:99:99 GMT",
    "9999999999999",
    "9999999999",
];
/// How identifiers are written: `x` is a digit of a hexadecimal number.
const SID: &str = "AAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// How a secret of Standard Webhooks begins, and the signature of a temporary address, which covers a time; what follows is
/// base64.
const SECRETS: [&str; 2] = ["whsec_", "Signature="];

type Answer = Result<Value, FunctionError>;

/// Says what is different.
pub(super) fn compare(here: &Answer, there: &Answer) -> Result<(), String> {
    match (here, there) {
        (Ok(here), Ok(there)) => {
            let (here, there) = (decoded(here).to_string(), decoded(there).to_string());
            let (mut known, others) = (sids(&here), sids(&there));
            known.retain(|sid| others.contains(sid));
            let (here, there) = (masked(&here, &known), masked(&there, &known));
            if here == there { Ok(()) } else { Err(format!("here {here}\nthere {there}")) }
        }
        (Err(_), Err(_)) => Ok(()),
        (Ok(here), Err(there)) => Err(format!("here {here}\nthere {there}")),
        (Err(here), Ok(there)) => Err(format!("here {here}\nthere {there}")),
    }
}

/// An HTTP answer with its headers in one case and its body as what it is; any other answer as it is.
fn decoded(answer: &Value) -> Value {
    let (Some(status), Some(body)) = (answer.get("statusCode"), answer["body"].as_str()) else {
        return answer.clone();
    };
    let bytes = match answer["isBase64Encoded"] == true {
        true => STANDARD.decode(body).unwrap_or_default(),
        false => body.as_bytes().to_vec(),
    };
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let headers: BTreeMap<String, &Value> = ["headers", "multiValueHeaders"]
        .iter()
        .filter_map(|name| answer[name].as_object())
        .flatten()
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
    json!({ "status": status, "headers": headers, "cookies": answer["cookies"], "body": body })
}

/// Whether a text begins as a pattern says.
fn begins(text: &[u8], pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text.iter().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            other => *byte == other,
        })
}

fn sids(text: &str) -> BTreeSet<String> {
    let places = text.char_indices().map(|(place, _)| &text[place..]);
    let found = places.filter(|rest| begins(rest.as_bytes(), SID));
    found.map(|rest| rest[..SID.len()].to_owned()).collect()
}

/// The text without times and secrets, and with a number for each identifier that is not known.
fn masked(text: &str, known: &BTreeSet<String>) -> String {
    let (mut masked, mut rest) = (String::new(), text);
    let mut minted: Vec<&str> = Vec::new();
    while let Some(first) = rest.chars().next() {
        let is_amid = masked.ends_with(|it: char| it.is_alphanumeric());
        let is_whole = |pattern: &&&str| {
            !is_amid && !rest[pattern.len()..].starts_with(|it: char| it.is_alphanumeric())
        };
        let mut times = TIMES.iter().filter(|pattern| begins(rest.as_bytes(), pattern));
        let time = times.find(is_whole);
        let length = match time {
            Some(pattern) => {
                masked.push_str("<time>");
                pattern.len()
            }
            None if begins(rest.as_bytes(), SID) && !known.contains(&rest[..SID.len()]) => {
                let sid = &rest[..SID.len()];
                let place = minted.iter().position(|one| *one == sid).unwrap_or_else(|| {
                    minted.push(sid);
                    minted.len() - 1
                });
                masked.push_str(&format!("<{} {place}>", &sid[..2]));
                SID.len()
            }
            None if let Some(begin) = SECRETS.iter().find(|begin| rest.starts_with(**begin)) => {
                masked.push_str("<secret>");
                let is_base64 = |it: char| it.is_ascii_alphanumeric() || "+/=-_".contains(it);
                let random = rest[begin.len()..].find(|it| !is_base64(it));
                random.map_or(rest.len(), |length| begin.len() + length)
            }
            None => {
                masked.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str, header: &str) -> Answer {
        Ok(json!({ "statusCode": 200, "headers": { header: "text/plain" }, "body": body }))
    }

    #[test]
    fn times_secrets_and_minted_identifiers_may_differ_and_nothing_else() {
        let sid = |digit: char| format!("SM{}", digit.to_string().repeat(32));
        let body = |sid: &str, at: &str, secret: &str| {
            format!(r#"{{"sid":"{sid}","again":"{sid}","at":"{at}","secret":"whsec_{secret}"}}"#)
        };
        let here = answer(&body(&sid('a'), "2026-03-02T09:00:00Z", "a+b/"), "Content-Type");
        let there = answer(&body(&sid('b'), "2027-01-01T00:00:01Z", "Zm8="), "content-type");
        assert_eq!(compare(&here, &there), Ok(()));
        let other = format!(r#"{{"sid":"{}","again":"{}","at":"x"}}"#, sid('b'), sid('c'));
        assert!(compare(&here, &answer(&other, "content-type")).is_err());
        assert!(compare(&here, &answer("{}", "content-type")).is_err());
    }

    #[test]
    fn a_body_counts_as_what_it_is() {
        let plain = answer("good morning", "a");
        let coded = STANDARD.encode("good morning");
        let encoded = json!({
            "statusCode": 200, "headers": { "A": "text/plain" }, "body": coded, "isBase64Encoded": true,
        });
        assert_eq!(compare(&plain, &Ok(encoded)), Ok(()));
        let failed = || Err(FunctionError::Failed("why".to_owned()));
        assert_eq!(compare(&failed(), &failed()), Ok(()));
        assert!(compare(&plain, &failed()).is_err());
    }
}
