//! Settings that are kept by their REST names: each resource has a table of them, and reading, checking and
//! showing follow from the table.

use serde_json::{Map, Value};
use switchboard_rest::{ApiError, Params, flag, integer};

/// The longest URL that is kept.
const URL_BYTES_MAX: usize = 2048;

/// One setting.
pub(crate) struct Setting {
    name: &'static str,
    field: &'static str,
    kind: Kind,
    code: u32,
}

enum Kind {
    Url,
    Method,
    Flag(bool),
    Choice(&'static [&'static str], &'static str),
    Number { low: i64, high: i64, default: i64 },
    Sid(&'static str),
}

/// An address on the web; none by default.
pub(crate) const fn url(name: &'static str, field: &'static str) -> Setting {
    Setting { name, field, kind: Kind::Url, code: 20001 }
}

/// How such an address is called; `POST` by default.
pub(crate) const fn method(name: &'static str, field: &'static str) -> Setting {
    Setting { name, field, kind: Kind::Method, code: 20001 }
}

/// A switch.
pub(crate) const fn switch(name: &'static str, field: &'static str, default: bool) -> Setting {
    Setting { name, field, kind: Kind::Flag(default), code: 20001 }
}

/// One of a few words.
pub(crate) const fn choice(
    name: &'static str,
    field: &'static str,
    among: &'static [&'static str],
    default: &'static str,
) -> Setting {
    Setting { name, field, kind: Kind::Choice(among, default), code: 20001 }
}

/// A whole number.
pub(crate) const fn number(
    name: &'static str,
    field: &'static str,
    low: i64,
    high: i64,
    default: i64,
) -> Setting {
    Setting { name, field, kind: Kind::Number { low, high, default }, code: 20001 }
}

/// An identifier of a resource that is only kept; none by default.
pub(crate) const fn sid(name: &'static str, field: &'static str, prefix: &'static str) -> Setting {
    Setting { name, field, kind: Kind::Sid(prefix), code: 20001 }
}

impl Setting {
    /// With the published code that a wrong value is answered with.
    pub(crate) const fn refused_as(mut self, code: u32) -> Self {
        self.code = code;
        self
    }

    fn default(&self) -> Value {
        match self.kind {
            Kind::Url | Kind::Sid(_) => Value::Null,
            Kind::Method => "POST".into(),
            Kind::Flag(default) => default.into(),
            Kind::Choice(_, default) => default.into(),
            Kind::Number { default, .. } => default.into(),
        }
    }

    fn value(&self, given: &str) -> Result<Value, ApiError> {
        match self.kind {
            Kind::Url if is_url(given) => Ok(given.into()),
            Kind::Url => Err(self.wrong("is not an http or https URL")),
            Kind::Method => self.one_of(&["GET", "POST"], given),
            Kind::Flag(_) => flag(self.name, given).map(Value::from),
            Kind::Choice(among, _) => self.one_of(among, given),
            Kind::Number { low, high, .. } => {
                let number = integer(self.name, given, low, high);
                let number =
                    number.map_err(|error| ApiError::new(400, self.code, error.message))?;
                Ok(number.into())
            }
            Kind::Sid(prefix) if is_sid(given, prefix) => Ok(given.into()),
            Kind::Sid(prefix) => {
                Err(self.wrong(&format!("is not an identifier starting with {prefix}")))
            }
        }
    }

    fn one_of(&self, among: &[&'static str], given: &str) -> Result<Value, ApiError> {
        let found = among.iter().find(|word| word.eq_ignore_ascii_case(given));
        let found =
            found.ok_or_else(|| self.wrong(&format!("must be one of {}", among.join(", "))))?;
        Ok((*found).into())
    }

    fn wrong(&self, why: &str) -> ApiError {
        ApiError::new(400, self.code, format!("Invalid parameter: {} {why}", self.name))
    }
}

/// Takes over what a request gives; an empty value goes back to the default. Tells whether anything was given.
pub(crate) fn apply(
    table: &[Setting],
    kept: &mut Option<String>,
    form: &Params,
) -> Result<bool, ApiError> {
    let mut values = read(kept.as_deref());
    let mut given_any = false;
    for setting in table {
        let Some(given) = form.get(setting.name) else {
            continue;
        };
        given_any = true;
        if given.is_empty() {
            values.remove(setting.name);
        } else {
            values.insert(setting.name.to_owned(), setting.value(given)?);
        }
    }
    if given_any {
        *kept = (!values.is_empty()).then(|| Value::Object(values).to_string());
    }
    Ok(given_any)
}

/// Shows all settings under the names that answers use.
pub(crate) fn show(table: &[Setting], kept: Option<&str>, into: &mut Value) {
    let mut values = read(kept);
    for setting in table {
        into[setting.field] = values.remove(setting.name).unwrap_or_else(|| setting.default());
    }
}

/// Only `apply` writes the text, so it is an object; anything else shows as if nothing had been set.
fn read(kept: Option<&str>) -> Map<String, Value> {
    kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Whether the text is an absolute URL that can be called.
pub(crate) fn is_url(text: &str) -> bool {
    let uri: Option<http::Uri> = (text.len() <= URL_BYTES_MAX).then(|| text.parse().ok()).flatten();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|it| !it.is_empty())
    })
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &[Setting] = &[
        url("SmsUrl", "sms_url"),
        method("SmsMethod", "sms_method"),
        switch("StickySender", "sticky_sender", true),
        choice("Usecase", "usecase", &["poll", "undeclared"], "undeclared").refused_as(21713),
        number("ValidityPeriod", "validity_period", 1, 36_000, 36_000).refused_as(21624),
        sid("TrunkSid", "trunk_sid", "TK"),
    ];

    fn shown(kept: Option<&str>) -> Value {
        let mut answer = json!({});
        show(TABLE, kept, &mut answer);
        answer
    }

    #[test]
    fn what_was_never_set_shows_its_default() {
        let defaults = json!({
            "sms_url": null, "sms_method": "POST", "sticky_sender": true, "usecase": "undeclared",
            "validity_period": 36_000, "trunk_sid": null,
        });
        assert_eq!(shown(None), defaults);
    }

    #[test]
    fn settings_are_kept_typed_in_canonical_spelling_and_cleared_by_an_empty_value() {
        let mut kept = None;
        let form = Params::parse(
            b"SmsUrl=https://a.example/%23x&SmsMethod=get&StickySender=FALSE&Usecase=Poll",
        );
        assert!(apply(TABLE, &mut kept, &form).unwrap());
        let after = shown(kept.as_deref());
        assert_eq!(after["sms_method"], "GET");
        assert_eq!(after["sticky_sender"], false);
        assert_eq!(after["usecase"], "poll");
        assert!(apply(TABLE, &mut kept, &Params::parse(b"SmsUrl=&SmsMethod=")).unwrap());
        assert_eq!(shown(kept.as_deref())["sms_url"], Value::Null);
        assert_eq!(shown(kept.as_deref())["sms_method"], "POST");
        assert!(!apply(TABLE, &mut kept, &Params::parse(b"Other=1")).unwrap());
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_published_code() {
        for (form, code) in [
            ("SmsUrl=ftp://a.example", 20001),
            ("SmsUrl=nonsense", 20001),
            ("SmsMethod=PUT", 20001),
            ("StickySender=yes", 20001),
            ("Usecase=fun", 21713),
            ("ValidityPeriod=0", 21624),
            ("ValidityPeriod=36001", 21624),
            ("TrunkSid=TK1", 20001),
        ] {
            let refused = apply(TABLE, &mut None, &Params::parse(form.as_bytes())).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, code), "{form}");
        }
    }
}
