//! Files: a message and the uploads that it shows name each other, and at rest every object of the bucket is one of a file
//! that can be read.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_domain::media::{MediaState, Upload};
use switchboard_domain::record::RecordKind as _;
use switchboard_domain::sid::MediaSid;
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const TOGETHER: &str = "an upload and the message that shows it belong together";
const UPLOADED: &str = "at rest an upload without a message is gone";
const FETCHED: &str = "at rest the files of a message are kept or given up";
pub(crate) const OBJECTS: &str =
    "at rest the objects of the bucket are those of the files that can be read";

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Conversations) {
        return;
    }
    let uploads: BTreeMap<MediaSid, &Upload> =
        view.snapshot.records.iter().filter_map(Upload::of).map(|it| (it.sid, it)).collect();
    together(view, &uploads, found);
    if view.at_rest {
        at_rest(view, &uploads, found);
    }
}

fn together(view: &View<'_>, uploads: &BTreeMap<MediaSid, &Upload>, found: &mut Found) {
    for message in view.messages.values() {
        let shown = message.files().filter(|(sid, _)| sid.message().is_none());
        for (sid, _) in shown {
            let is_its = uploads.get(&sid).is_some_and(|upload| {
                upload.message == Some(message.sid) && upload.is_kept && !upload.is_going
            });
            if !is_its {
                found.add(TOGETHER, "a message shows what is no upload of its own", [sid]);
            }
        }
    }
    for upload in uploads.values() {
        let Some(of) = upload.message else { continue };
        let is_shown = view.messages.get(&of).is_some_and(|message| {
            message.file(upload.sid).is_some() || message.media_gone.contains(&upload.sid)
        });
        if !is_shown {
            found.add(TOGETHER, "no message shows the upload", [upload.sid]);
        }
    }
}

fn at_rest(view: &View<'_>, uploads: &BTreeMap<MediaSid, &Upload>, found: &mut Found) {
    let mut readable = BTreeSet::new();
    for message in view.messages.values() {
        for (sid, file) in message.files() {
            match file.state {
                MediaState::Kept => drop(readable.insert(sid)),
                MediaState::Failed(_) => {}
                MediaState::Waiting => found.add(FETCHED, "a file waits", [sid]),
            }
        }
    }
    for upload in uploads.values() {
        match upload.message {
            Some(_) if readable.contains(&upload.sid) => {}
            Some(_) => found.add(UPLOADED, "one that was taken off is there", [upload.sid]),
            None => found.add(UPLOADED, "one that nobody shows is there", [upload.sid]),
        }
    }
    let Some(objects) = view.facts.and_then(|facts| facts.objects.as_ref()) else { return };
    for sid in objects.difference(&readable) {
        found.add(OBJECTS, "no file has the object", [*sid]);
    }
    for sid in readable.difference(objects) {
        found.add(OBJECTS, "the object of a file is not there", [*sid]);
    }
}
