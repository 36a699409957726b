//! What items weigh, and what reading and writing them costs, as DynamoDB counts.

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::types::number_size;
use switchboard_store::item::Item;

/// A write unit is for so many bytes.
const WRITE_BYTES: usize = 1024;
/// A read unit is for so many bytes.
const READ_BYTES: usize = 4096;

/// The bytes of an item: names and values.
pub(super) fn size_of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + weight(value)).sum()
}

fn weight(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number_size(number),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(all) => all.iter().map(String::len).sum(),
        AttributeValue::Ns(all) => all.iter().map(|number| number_size(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(all) => 3 + all.len() + all.iter().map(weight).sum::<usize>(),
        AttributeValue::M(all) => {
            3 + all.iter().map(|(name, value)| name.len() + 1 + weight(value)).sum::<usize>()
        }
        // Truths, nulls, and what the SDK does not know yet.
        _ => 1,
    }
}

/// The units of a write of that many bytes.
pub(super) fn write_units(bytes: usize) -> f64 {
    units(bytes, WRITE_BYTES)
}

/// The units of a consistent read of that many bytes.
pub(super) fn read_units(bytes: usize) -> f64 {
    units(bytes, READ_BYTES)
}

fn units(bytes: usize, each: usize) -> f64 {
    let units = u32::try_from(bytes.div_ceil(each).max(1)).unwrap_or(u32::MAX);
    f64::from(units)
}
