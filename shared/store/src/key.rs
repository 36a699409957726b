//! Keys by the records that they lead to. Each kind of record spells its own in `kind/`; no other code does.

use switchboard_domain::event::Mention;
use switchboard_domain::head::PartSid;
use switchboard_domain::sid::WorkspaceSid;

pub use crate::kind::*;
pub use crate::place::*;

/// What a picture of a workspace is built of.
pub fn part(of: WorkspaceSid, part: PartSid) -> Key {
    match part {
        PartSid::Workspace(sid) => workspace(sid),
        PartSid::Activity(sid) => activity(of, sid),
        PartSid::TaskChannel(sid) => task_channel(of, sid),
        PartSid::TaskQueue(sid) => task_queue(of, sid),
        PartSid::Workflow(sid) => workflow(of, sid),
        PartSid::Worker(sid) => worker(of, sid),
    }
}

/// Something whose name belongs to an occurrence.
pub fn mention(mention: Mention) -> Key {
    match mention {
        Mention::Workspace(sid) => workspace(sid),
        Mention::Activity(of, sid) => activity(of, sid),
        Mention::TaskChannel(of, sid) => task_channel(of, sid),
        Mention::TaskQueue(of, sid) => task_queue(of, sid),
        Mention::Workflow(of, sid) => workflow(of, sid),
    }
}
