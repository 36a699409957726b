//! The bucket of files in this process: on the disk by an implementation of S3 over folders, or in memory where the same run
//! has to be the same twice.

mod folder;
mod memory;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};

use crate::aws::answer::Answer;
use crate::aws::objects::folder::Folder;
use crate::aws::objects::memory::Memory;
use crate::aws::roles::Permission;
use crate::aws::usage::Meter;

pub(crate) use folder::MEDIA_FOLDER;

/// The bucket.
#[derive(Clone)]
pub(crate) struct Objects {
    kind: Kind,
    /// The stack's name and a dash, with which the names of buckets begin.
    stack: String,
    meter: Arc<Meter>,
}

#[derive(Clone)]
enum Kind {
    Memory(Arc<Memory>),
    Folder(Arc<Folder>),
}

/// What is asked of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) operation: &'static str,
    pub(crate) bucket: String,
    pub(crate) key: String,
    method: Method,
    path: String,
    headers: HeaderMap,
    content: Bytes,
}

impl fmt::Debug for Objects {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Objects")
    }
}

impl Objects {
    /// Takes the files of a data folder; without one a folder that goes with the process, or memory for a steady run.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub(crate) fn open(
        data: Option<&Path>,
        is_steady: bool,
        stack: &str,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        let kind = match (data, is_steady) {
            (None, true) => Kind::Memory(Arc::default()),
            (data, _) => Kind::Folder(Arc::new(Folder::open(data)?)),
        };
        Ok(Self { kind, stack: format!("{stack}-"), meter })
    }

    /// Does one request of a function.
    pub(crate) async fn answer(&self, function: &str, asked: &Asked) -> Answer {
        let action = match asked.operation {
            "HeadObject" => "GetObject",
            other => other,
        };
        let resource = asked.bucket.strip_prefix(&self.stack).unwrap_or(&asked.bucket);
        let wanted =
            Permission { action: format!("s3:{action}"), resource: format!("{resource}/*") };
        if let Err(denied) = self.meter.roles.check(function, wanted) {
            return refused(403, "AccessDenied", &denied.to_string());
        }
        match &self.kind {
            Kind::Memory(memory) => memory.answer(asked),
            Kind::Folder(folder) => folder.answer(asked).await,
        }
    }

    /// The keys of all objects, past every fault; none if they are not in memory.
    pub(crate) fn keys(&self) -> Option<Vec<String>> {
        match &self.kind {
            Kind::Memory(memory) => Some(memory.keys()),
            Kind::Folder(_) => None,
        }
    }
}

impl Asked {
    /// What a request of an SDK's client asks for.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers() {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                headers.append(name, value);
            }
        }
        let content = Bytes::copy_from_slice(request.body().bytes().unwrap_or_default());
        let method = request.method().parse().unwrap_or(Method::OPTIONS);
        let uri = request.uri();
        let path = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let path = path.find('/').map_or("/", |at| &path[at..]);
        Self::read(method, path, headers, content)
    }

    /// What a request asks for whose path begins with the bucket.
    pub(crate) fn read(method: Method, path: &str, headers: HeaderMap, content: Bytes) -> Self {
        let name = path.split('?').next().unwrap_or_default().trim_start_matches('/');
        let (bucket, key) = name.split_once('/').unwrap_or((name, ""));
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let operation = match method {
            Method::PUT => "PutObject",
            Method::GET => "GetObject",
            Method::HEAD => "HeadObject",
            Method::DELETE => "DeleteObject",
            _ => "Unknown",
        };
        Self { operation, bucket, key, method, path: path.to_owned(), headers, content }
    }
}

/// An error as S3 says it.
pub(crate) fn refused(status: u16, code: &str, message: &str) -> Answer {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut answer = Answer::new(status, body);
    answer.headers = vec![("content-type", "application/xml".to_owned())];
    answer
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[tokio::test]
    async fn a_role_names_the_bucket_whatever_the_stack_is_called() {
        for stack in ["switchboard", "switchboard-0af3"] {
            let meter: Arc<Meter> = Arc::default();
            let allowed = Permission {
                action: "s3:PutObject".to_owned(),
                resource: "mediabucket/*".to_owned(),
            };
            let copies = ("media-copy".to_owned(), BTreeSet::from([allowed]));
            meter.roles.enforce(BTreeMap::from([copies, ("timer".to_owned(), BTreeSet::new())]));
            let objects = Objects::open(None, true, stack, meter).unwrap();
            let path = format!("/{stack}-mediabucket/ME1");
            let put = Asked::read(Method::PUT, &path, HeaderMap::new(), Bytes::from_static(b"1"));
            assert_eq!(objects.answer("media-copy", &put).await.status, 200, "{stack}");
            assert_eq!(objects.answer("timer", &put).await.status, 403, "{stack}");
        }
    }
}
