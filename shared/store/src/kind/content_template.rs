//! A template of content.

use switchboard_domain::sid::ContentSid;
use switchboard_domain::template::ContentTemplate;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const TEMPLATES: &str = "TEMPLATES";

/// A template.
pub fn content_template(sid: ContentSid) -> Key {
    key(Table::Configuration, sid, "HX")
}

impl Placed for ContentTemplate {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "ContentTemplate", "pk": "HXff46b0b4048d83e636b782e79ebe726e", "sk": "HX", "v": 2,
            "lpk": "TEMPLATES", "lsk": "1795898976093#HXff46b0b4048d83e636b782e79ebe726e",
            "approval": { "name": "parcel_left", "category": "UTILITY", "status": "approved" },
            "created": 1795898976093, "friendly_name": "Parcel", "language": "en",
            "sid": "HXff46b0b4048d83e636b782e79ebe726e", "types": "{\"twilio/text\":{\"body\":\"Hello {{1}}\"}}",
            "updated": 1795898976116, "variables": { "1": "Ann" }}"#;

    fn place(&self) -> Place {
        Place::at(content_template(self.sid)).listed(TEMPLATES, dated(self.created, self.sid))
    }

    // A message keeps what it was made of, and remembers of what alone.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// Templates, in order of creation.
    pub fn templates() -> Self {
        Self::list(Table::Configuration, TEMPLATES)
    }
}
