//! The published texts of the codes with which deliveries fail most (rule E.7).

use super::EXPIRED;
use crate::codes::Code;
use crate::consent::OPTED_OUT;

const TEXTS: &[(u32, &str)] = &[
    (OPTED_OUT, "Attempt to send to unsubscribed recipient"),
    (30_001, "Queue overflow"),
    (30_002, "Account suspended"),
    (30_003, "Unreachable destination handset"),
    (30_004, "Message blocked"),
    (30_005, "Unknown destination handset"),
    (30_006, "Landline or unreachable carrier"),
    (30_007, "Message filtered"),
    (30_008, "Unknown error"),
    (30_009, "Missing inbound segment"),
    (30_010, "Message price exceeds max price"),
    (30_017, "Carrier network congestion"),
    (30_019, "Content size exceeds carrier limit"),
    (30_034, "Message from an unregistered number"),
    (EXPIRED, "Validity Period Expired"),
    (63_003, "Channel could not find To address"),
    (63_007, "Channel could not find From address"),
    (63_016, "Outside the window for freeform messages"),
    (63_017, "Rate limit exceeded"),
    (63_018, "Rate limit exceeded for Channel"),
    (63_019, "Media failed to download"),
    (63_024, "Invalid message recipient"),
    (63_038, "Account exceeded the daily messages limit"),
];

/// The text of a code; codes without one are shown alone.
pub fn failure_text(code: u32) -> Option<&'static str> {
    let of_delivery = TEXTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text);
    let of_request = || Code::ALL.iter().find(|one| one.number() == code).map(|one| one.sentence());
    of_delivery.or_else(of_request)
}
