//! Items of the embedded engine, as the SDK has them.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::types::AttributeValue as Embedded;

/// An item of an SDK client.
type Item = HashMap<String, AttributeValue>;

/// An item of the embedded tables, as the SDK has it.
pub(crate) fn as_sdk(item: HashMap<String, Embedded>) -> Item {
    item.into_iter().map(|(name, value)| (name, value_as_sdk(value))).collect()
}

fn value_as_sdk(value: Embedded) -> AttributeValue {
    match value {
        Embedded::S(text) => AttributeValue::S(text),
        Embedded::N(number) => AttributeValue::N(number),
        Embedded::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Embedded::BOOL(truth) => AttributeValue::Bool(truth),
        Embedded::NULL(null) => AttributeValue::Null(null),
        Embedded::SS(all) => AttributeValue::Ss(all),
        Embedded::NS(all) => AttributeValue::Ns(all),
        Embedded::BS(all) => AttributeValue::Bs(all.into_iter().map(Blob::new).collect()),
        Embedded::L(all) => AttributeValue::L(all.into_iter().map(value_as_sdk).collect()),
        Embedded::M(all) => AttributeValue::M(as_sdk(all)),
    }
}
