//! Readings of parameters that several resources share.

use serde_json::Value;
use switchboard_domain::workspace::QueueOrder;
use switchboard_rest::{ApiError, Order, Params};

/// The longest name, in characters (rules D.1 to D.3).
const NAME_CHARS_MAX: usize = 64;
/// The longest attributes of a task or a worker, in characters (rule D.11).
const ATTRIBUTES_CHARS_MAX: usize = 4096;
/// The longest URL, in characters.
const URL_CHARS_MAX: usize = 2048;

/// 400 for a parameter.
pub(crate) fn invalid(name: &str, why: &str) -> ApiError {
    ApiError::bad(format!("Invalid parameter: {name} {why}"))
}

/// A name, if one is given; it can not be emptied.
pub(crate) fn name(form: &Params, parameter: &str) -> Result<Option<String>, ApiError> {
    match form.text(parameter, NAME_CHARS_MAX)? {
        Some(text) if text.trim().is_empty() => Err(invalid(parameter, "must not be empty")),
        given => Ok(given),
    }
}

/// A name that has to be given.
pub(crate) fn required_name(form: &Params, parameter: &str) -> Result<String, ApiError> {
    form.required(parameter)?;
    Ok(name(form, parameter)?.unwrap_or_default())
}

/// A name without hyphens, as task channels have them (rule D.2).
pub(crate) fn without_hyphens(parameter: &str, name: &str) -> Result<(), ApiError> {
    match name.contains('-') {
        true => Err(invalid(parameter, "must not contain a hyphen")),
        false => Ok(()),
    }
}

/// An absolute URL; the empty text takes it away.
pub(crate) fn url(form: &Params, parameter: &str) -> Result<Option<Option<String>>, ApiError> {
    let Some(text) = form.text(parameter, URL_CHARS_MAX)? else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(Some(None));
    }
    let parsed: Option<http::Uri> = text.parse().ok();
    let web = parsed.is_some_and(|uri| {
        uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"))
    });
    match web {
        true => Ok(Some(Some(text))),
        false => Err(invalid(parameter, "is not an absolute http or https URL")),
    }
}

/// Attributes: a JSON object in text, kept as it was written; the empty text is the empty object.
pub(crate) fn attributes(form: &Params) -> Result<Option<String>, ApiError> {
    const NAME: &str = "Attributes";
    if form.get(NAME) == Some("") {
        return Ok(Some("{}".to_owned()));
    }
    let Some(text) = form.json_text(NAME, ATTRIBUTES_CHARS_MAX)? else {
        return Ok(None);
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(_)) => Ok(Some(text)),
        _ => Err(invalid(NAME, "must be a JSON object")),
    }
}

/// `true`, `1` and `yes` are true, and all else is false, where the product reads a flag so.
pub(crate) fn is_affirmative(text: &str) -> bool {
    ["true", "1", "yes"].iter().any(|yes| yes.eq_ignore_ascii_case(text.trim()))
}

/// The order of queues, in any case.
pub(crate) fn queue_order(form: &Params, parameter: &str) -> Result<Option<QueueOrder>, ApiError> {
    let Some(text) = form.get(parameter).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let mut orders = [QueueOrder::Fifo, QueueOrder::Lifo].into_iter();
    let order = orders.find(|order| order.name().eq_ignore_ascii_case(text));
    order.map(Some).ok_or_else(|| invalid(parameter, "must be FIFO or LIFO"))
}

/// `Attribute:asc` or `Attribute:desc`: the attribute, one of those given, and the order.
pub(crate) fn ordering<'a>(
    query: &Params,
    attributes: &[&'a str],
) -> Result<Option<(&'a str, Order)>, ApiError> {
    const NAME: &str = "Ordering";
    let Some(text) = query.get(NAME).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let (attribute, direction) = text.split_once(':').unwrap_or((text, "asc"));
    let known = attributes.iter().find(|known| known.eq_ignore_ascii_case(attribute.trim()));
    match (known, Order::parse(direction.trim())) {
        (Some(known), Some(order)) => Ok(Some((known, order))),
        _ => {
            let names = attributes.join(", ");
            Err(invalid(NAME, &format!("must be one of {names}, with :asc or :desc behind it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Params {
        Params::parse(text.as_bytes())
    }

    #[test]
    fn attributes_are_kept_as_written_and_must_be_an_object() {
        let spaced = form("Attributes=%7B%22b%22%3A%20%201%7D");
        assert_eq!(attributes(&spaced).unwrap().unwrap(), r#"{"b":  1}"#);
        assert_eq!(attributes(&form("Attributes=")).unwrap().unwrap(), "{}");
        assert_eq!(attributes(&form("")).unwrap(), None);
        for wrong in ["Attributes=%5B%5D", "Attributes=1", "Attributes=%7B"] {
            assert_eq!(attributes(&form(wrong)).unwrap_err().code, 20001, "{wrong}");
        }
        let long = format!("Attributes=%7B%22a%22%3A%22{}%22%7D", "x".repeat(4096));
        assert!(attributes(&form(&long)).is_err());
    }

    #[test]
    fn a_url_is_absolute_or_empty() {
        let given = url(&form("U=https%3A%2F%2Fexample.com%2Fa%23rc%3D2"), "U").unwrap();
        assert_eq!(given.unwrap().unwrap(), "https://example.com/a#rc=2");
        assert_eq!(url(&form("U="), "U").unwrap(), Some(None));
        assert_eq!(url(&form(""), "U").unwrap(), None);
        for wrong in ["U=ftp%3A%2F%2Fx", "U=%2Fpath", "U=example.com", "U=http%3A%2F%2F"] {
            assert!(url(&form(wrong), "U").is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_ordering_is_read_in_any_case_and_ascends_unless_it_says_otherwise() {
        let known = ["DateCreated", "Priority"];
        let read = |text: &str| ordering(&form(text), &known);
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("Ordering=priority:DESC").unwrap(), Some(("Priority", Order::Descending)));
        assert_eq!(read("Ordering=DateCreated").unwrap(), Some(("DateCreated", Order::Ascending)));
        assert!(read("Ordering=Age:asc").is_err());
        assert!(read("Ordering=Priority:up").is_err());
    }
}
