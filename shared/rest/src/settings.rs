//! Settings that are kept by their REST names: each resource has a table of them, and reading, checking and
//! showing follow from the table. So a setting is one line, and none can be read and not shown.

use serde_json::{Map, Value};
use switchboard_domain::codes::Code;

use crate::fields::{flag, integer, invalid, is_sid, is_web_url, one_of};
use crate::params::Params;
use crate::reply::ApiError;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    name: &'static str,
    field: &'static str,
    kind: Kind,
    code: Code,
}

#[derive(Debug)]
enum Kind {
    Url,
    Method,
    Flag(bool),
    Choice(&'static [&'static str], &'static str),
    Number { low: i64, high: i64, default: i64 },
    Sid(&'static str),
}

/// An address on the web; none by default.
pub const fn url(name: &'static str, field: &'static str) -> Setting {
    Setting { name, field, kind: Kind::Url, code: Code::InvalidParameter }
}

/// How such an address is called; `POST` by default.
pub const fn method(name: &'static str, field: &'static str) -> Setting {
    Setting { name, field, kind: Kind::Method, code: Code::InvalidParameter }
}

/// A switch.
pub const fn switch(name: &'static str, field: &'static str, default: bool) -> Setting {
    Setting { name, field, kind: Kind::Flag(default), code: Code::InvalidParameter }
}

/// One of a few words.
pub const fn choice(
    name: &'static str,
    field: &'static str,
    among: &'static [&'static str],
    default: &'static str,
) -> Setting {
    Setting { name, field, kind: Kind::Choice(among, default), code: Code::InvalidParameter }
}

/// A whole number.
pub const fn number(
    name: &'static str,
    field: &'static str,
    low: i64,
    high: i64,
    default: i64,
) -> Setting {
    Setting { name, field, kind: Kind::Number { low, high, default }, code: Code::InvalidParameter }
}

/// An identifier of a resource that is only kept; none by default.
pub const fn sid(name: &'static str, field: &'static str, prefix: &'static str) -> Setting {
    Setting { name, field, kind: Kind::Sid(prefix), code: Code::InvalidParameter }
}

impl Setting {
    /// With the published code that a wrong value is answered with.
    pub const fn refused_as(mut self, code: Code) -> Self {
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
            Kind::Url if is_web_url(given) => Ok(given.into()),
            Kind::Url => Err(self.wrong("is not an http or https URL")),
            Kind::Method => self.one_of(&["GET", "POST"], given),
            Kind::Flag(_) => flag(self.name, given).map(Value::from),
            Kind::Choice(among, _) => self.one_of(among, given),
            Kind::Number { low, high, .. } => integer(self.name, given, low, high)
                .map(Value::from)
                .map_err(|it| it.coded(self.code)),
            Kind::Sid(prefix) if is_sid(given, prefix) => Ok(given.into()),
            Kind::Sid(prefix) => {
                Err(self.wrong(&format!("is not an identifier starting with {prefix}")))
            }
        }
    }

    fn one_of(&self, among: &[&'static str], given: &str) -> Result<Value, ApiError> {
        let found = one_of(self.name, given, among, |word| word);
        found.map(Value::from).map_err(|error| error.coded(self.code))
    }

    fn wrong(&self, why: &str) -> ApiError {
        invalid(self.name, why).coded(self.code)
    }
}

/// What a request gives of a table's settings: values, and those that go back to their default.
#[derive(Debug, Clone, PartialEq)]
pub struct Given(Vec<(&'static str, Option<Value>)>);

/// Reads and checks what a request gives; an empty value goes back to the default.
pub fn read(table: &[Setting], form: &Params) -> Result<Given, ApiError> {
    let mut given = Vec::new();
    for setting in table {
        match form.get(setting.name) {
            None => {}
            Some("") => given.push((setting.name, None)),
            Some(text) => given.push((setting.name, Some(setting.value(text)?))),
        }
    }
    Ok(Given(given))
}

impl Given {
    /// Takes over what is given. Tells whether anything was.
    pub fn apply(&self, kept: &mut Option<String>) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut values = parsed(kept.as_deref());
        for (name, value) in &self.0 {
            match value {
                Some(value) => values.insert((*name).to_owned(), value.clone()),
                None => values.remove(*name),
            };
        }
        *kept = (!values.is_empty()).then(|| Value::Object(values).to_string());
        true
    }
}

/// Shows all settings under the names that answers use.
pub fn show(table: &[Setting], kept: Option<&str>, into: &mut Value) {
    let mut values = parsed(kept);
    for setting in table {
        into[setting.field] = values.remove(setting.name).unwrap_or_else(|| setting.default());
    }
}

/// Only `apply` writes the text, so it is an object; anything else shows as if nothing had been set.
fn parsed(kept: Option<&str>) -> Map<String, Value> {
    kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &[Setting] = &[
        url("SmsUrl", "sms_url"),
        method("SmsMethod", "sms_method"),
        switch("StickySender", "sticky_sender", true),
        choice("Usecase", "usecase", &["poll", "undeclared"], "undeclared")
            .refused_as(Code::InvalidUsecase),
        number("ValidityPeriod", "validity_period", 1, 36_000, 36_000)
            .refused_as(Code::InvalidValidityPeriod),
        sid("TrunkSid", "trunk_sid", "TK"),
    ];

    fn shown(kept: Option<&str>) -> Value {
        let mut answer = json!({});
        show(TABLE, kept, &mut answer);
        answer
    }

    #[test]
    fn settings_that_were_never_set_show_their_defaults() {
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
        assert!(read(TABLE, &form).unwrap().apply(&mut kept));
        let after = shown(kept.as_deref());
        assert_eq!(after["sms_method"], "GET");
        assert_eq!(after["sticky_sender"], false);
        assert_eq!(after["usecase"], "poll");
        let emptied = Params::parse(b"SmsUrl=&SmsMethod=");
        assert!(read(TABLE, &emptied).unwrap().apply(&mut kept));
        assert_eq!(shown(kept.as_deref())["sms_url"], Value::Null);
        assert_eq!(shown(kept.as_deref())["sms_method"], "POST");
        assert!(!read(TABLE, &Params::parse(b"Other=1")).unwrap().apply(&mut kept));
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
            let refused = read(TABLE, &Params::parse(form.as_bytes())).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, code), "{form}");
        }
    }
}
