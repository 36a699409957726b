//! A file that was uploaded for a message.

use switchboard_domain::media::Upload;
use switchboard_domain::sid::MediaSid;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// A file that was uploaded.
pub fn upload(sid: MediaSid) -> Key {
    key(Table::Conversations, sid, "ME")
}

impl Placed for Upload {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Upload", "pk": "ME60cb37866e00985512442cc2f1b380e0", "sk": "ME", "v": 3,
            "sid": "ME60cb37866e00985512442cc2f1b380e0", "service": "ISf4873ffdb0cf6fc632c2b103c624ca50",
            "content_type": "image/png", "size_bytes": 4711, "file_name": "parcel.png", "category": "media",
            "author": "alice", "is_kept": true, "message": "IM60cb37866e00985512442cc2f1b380e0",
            "created": 1795898976734, "updated": 1795898977734}"#;

    fn place(&self) -> Place {
        Place::at(upload(self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let message = self.message.map(|sid| (Reference::UploadMessage, super::message(sid)));
        let service = (Reference::UploadService, super::service(self.service));
        message.into_iter().chain([service]).collect()
    }
}
