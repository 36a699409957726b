//! What was said in a webchat, for the guest to keep.

use serde::Serialize;

use crate::conversation::Conversation;
use crate::message::Message;
use crate::sid::MessageSid;

/// One message of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its identifier.
    pub sid: MessageSid,
    /// Its place in the conversation.
    pub index: u32,
    /// Whether the guest wrote it.
    pub is_guest: bool,
    /// Who wrote it, as the conversation knows them.
    pub author: String,
    /// What they are called.
    pub name: String,
    /// When, ISO 8601.
    pub date_created: String,
    /// The text.
    pub body: Option<String>,
    /// The names of its files; their content types where they have none.
    pub files: Vec<String>,
}

/// The messages of a webchat, without those that were removed.
pub fn lines(conversation: &Conversation, messages: &[Message]) -> Vec<Line> {
    let chat = conversation.webchat.as_ref();
    let there = messages.iter().filter(|message| !message.removed);
    there
        .map(|message| {
            let guest = chat.filter(|chat| chat.guest == message.author);
            Line {
                sid: message.sid,
                index: message.index,
                is_guest: guest.is_some(),
                author: message.author.clone(),
                name: guest.map_or(message.author.as_str(), |chat| chat.called()).to_owned(),
                date_created: message.created.iso(),
                body: message.body.as_ref().map(|body| body.as_str().to_owned()),
                files: message.files().map(|(_, file)| named(file)).collect(),
            }
        })
        .collect()
}

fn named(file: &crate::carriage::Media) -> String {
    let name = file.file_name.as_ref().map(|name| name.as_str());
    name.unwrap_or(&file.content_type).to_owned()
}

/// The same as plain text: a line for each message and each of its files. A line break in a message goes on indented, so that
/// nobody can write a line in another's name.
pub fn text(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let said = line.body.iter().map(|body| body.replace(['\r', '\n'], "\n    "));
        let files = line.files.iter().map(|file| format!("[file: {}]", one_line(file)));
        for part in said.chain(files) {
            out.push_str(&format!("[{}] {}: {part}\n", line.date_created, one_line(&line.name)));
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
