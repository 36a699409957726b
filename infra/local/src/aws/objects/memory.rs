//! Objects in memory, as S3 is documented to keep them: whole or not at all, created on condition that there is none.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::aws::answer::Answer;
use crate::aws::objects::{Asked, refused};
use crate::lock::lock;

/// The digest beside an object, the only header of its own that anybody gives one.
const DIGEST: &str = "x-amz-meta-sha256";

/// All objects, by bucket and key.
#[derive(Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Held>>);

struct Held {
    content_type: String,
    digest: Option<String>,
    content: Vec<u8>,
}

impl Memory {
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        let mut objects = lock(&self.0);
        let name = format!("{}/{}", asked.bucket, asked.key);
        match asked.operation {
            "PutObject" => {
                let header = |name: &str| {
                    let value = asked.headers.get(name).and_then(|value| value.to_str().ok());
                    value.map(str::to_owned)
                };
                let creates = header("if-none-match").as_deref() == Some("*");
                if creates && objects.contains_key(&name) {
                    return refused(412, "PreconditionFailed", "the object is there");
                }
                let held = Held {
                    content_type: header("content-type").unwrap_or_default(),
                    digest: header(DIGEST),
                    content: asked.content.to_vec(),
                };
                objects.insert(name, held);
                Answer::new(200, String::new())
            }
            "GetObject" | "HeadObject" => match objects.get(&name) {
                Some(held) => held.answer(asked.operation == "HeadObject"),
                None => refused(404, "NoSuchKey", "the object is not there"),
            },
            "DeleteObject" => {
                objects.remove(&name);
                Answer::new(204, String::new())
            }
            _ => refused(501, "NotImplemented", "the local bucket keeps and gives"),
        }
    }

    pub(super) fn keys(&self) -> Vec<String> {
        let objects = lock(&self.0);
        let keys = objects.keys().filter_map(|name| name.split_once('/'));
        keys.map(|(_, key)| key.to_owned()).collect()
    }
}

impl Held {
    fn answer(&self, is_head: bool) -> Answer {
        let content = if is_head { Vec::new() } else { self.content.clone() };
        let mut answer = Answer::new(200, content);
        answer.headers = vec![("content-type", self.content_type.clone())];
        answer.headers.extend(self.digest.clone().map(|digest| (DIGEST, digest)));
        answer
    }
}
