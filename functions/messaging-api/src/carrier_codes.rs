//! The published texts of the delivery codes that carriers report most (rule E.7).

use switchboard_domain::consent::OPTED_OUT;

/// The text of a code; codes without one are shown alone.
pub(crate) const fn text(code: u32) -> Option<&'static str> {
    Some(match code {
        OPTED_OUT => "Attempt to send to unsubscribed recipient",
        30001 => "Queue overflow",
        30002 => "Account suspended",
        30003 => "Unreachable destination handset",
        30004 => "Message blocked",
        30005 => "Unknown destination handset",
        30006 => "Landline or unreachable carrier",
        30007 => "Message filtered",
        30008 => "Unknown error",
        30009 => "Missing inbound segment",
        30010 => "Message price exceeds max price",
        30017 => "Carrier network congestion",
        30019 => "Content size exceeds carrier limit",
        30034 => "Message from an unregistered number",
        63003 => "Channel could not find To address",
        63007 => "Channel could not find From address",
        63016 => "Outside the window for freeform messages",
        63017 => "Rate limit exceeded",
        63018 => "Rate limit exceeded for Channel",
        63019 => "Media failed to download",
        63024 => "Invalid message recipient",
        63038 => "Account exceeded the daily messages limit",
        _ => return None,
    })
}
