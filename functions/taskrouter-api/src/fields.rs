//! The limits of this product's parameters, and the readings that only it has.

use switchboard_domain::workspace::QueueOrder;
pub(crate) use switchboard_rest::fields::invalid;
use switchboard_rest::fields::{Longest, one_of};
use switchboard_rest::{ApiError, Params};

/// The longest name, in characters (rule D.1 to D.3).
const NAME_CHARS_MAX: usize = 64;
/// The longest attributes of a task or a worker, in characters (rule D.11).
const ATTRIBUTES_CHARS_MAX: usize = 4096;

/// A name, if one is given; it cannot be emptied.
pub(crate) fn name(form: &Params, parameter: &str) -> Result<Option<String>, ApiError> {
    form.name(parameter, NAME_CHARS_MAX)
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

/// Attributes: a JSON object in text, kept as it was written; the empty text is the empty object.
pub(crate) fn attributes(form: &Params) -> Result<Option<String>, ApiError> {
    form.object("Attributes", Longest::Chars(ATTRIBUTES_CHARS_MAX))
}

/// The order of queues, in any case.
pub(crate) fn queue_order(form: &Params, parameter: &str) -> Result<Option<QueueOrder>, ApiError> {
    let read = |text| one_of(parameter, text, QueueOrder::ALL, QueueOrder::name);
    form.given(parameter).map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_of_a_bounded_length() {
        let long = format!("Attributes=%7B%22a%22%3A%22{}%22%7D", "x".repeat(4096));
        assert!(attributes(&Params::parse(long.as_bytes())).is_err());
        let fitting = format!("Attributes=%7B%22a%22%3A%22{}%22%7D", "x".repeat(4088));
        assert!(attributes(&Params::parse(fitting.as_bytes())).is_ok());
    }
}
