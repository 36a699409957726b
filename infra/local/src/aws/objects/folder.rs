//! Objects in a folder, by `s3s-fs`. What it answers with success is on the disk: it syncs nothing itself, so the files of an
//! object and the folders that name them are synced before its answer is passed on.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use switchboard_runtime::dependencies::system_entropy;

use crate::aws::answer::Answer;
use crate::aws::objects::{Asked, refused};

/// Where a data folder keeps files.
pub(crate) const MEDIA_FOLDER: &str = "media";

/// What is proven elsewhere: the request comes from this process, and its role was looked at.
const SIGNED: [&str; 4] =
    ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];

/// A folder that is a bucket.
pub(super) struct Folder {
    service: OnceLock<S3Service>,
    root: PathBuf,
    /// It goes with the process.
    is_temporary: bool,
}

impl Folder {
    /// The folder of a data folder, or one that goes with the process.
    pub(super) fn open(data: Option<&Path>) -> Result<Self> {
        let root = match data {
            Some(data) => data.join(MEDIA_FOLDER),
            None => {
                let name =
                    format!("switchboard-media-{:032x}", u128::from_be_bytes(system_entropy()));
                std::env::temp_dir().join(name)
            }
        };
        let folder = Self { service: OnceLock::new(), root, is_temporary: data.is_none() };
        // One that is kept is looked at now; one that is not is made when it is needed.
        if data.is_some() {
            folder.service()?;
        }
        Ok(folder)
    }

    fn service(&self) -> Result<&S3Service> {
        if let Some(service) = self.service.get() {
            return Ok(service);
        }
        let shown = || format!("{} cannot be used", self.root.display());
        fs::create_dir_all(&self.root).with_context(shown)?;
        let files = FileSystem::new(&self.root);
        let files = files.map_err(|error| anyhow!("{error:?}")).with_context(shown)?;
        Ok(self.service.get_or_init(|| S3ServiceBuilder::new(files).build()))
    }

    pub(super) async fn answer(&self, asked: &Asked) -> Answer {
        match self.passed_on(asked).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!("the bucket: {error:#}");
                refused(500, "InternalError", "the bucket's folder cannot be used")
            }
        }
    }

    async fn passed_on(&self, asked: &Asked) -> Result<Answer> {
        let service = self.service()?;
        let bucket = self.root.join(&asked.bucket);
        if asked.operation == "PutObject" && !bucket.exists() {
            fs::create_dir_all(&bucket)?;
            synced(&self.root)?;
        }
        let built = http::Request::builder().method(&asked.method).uri(&asked.path);
        let mut built = built.body(Body::from(asked.content.clone()))?;
        built.headers_mut().clone_from(&asked.headers);
        for name in SIGNED {
            built.headers_mut().remove(name);
        }
        let response =
            service.call(built).await.map_err(|error| anyhow!("no answer: {error:?}"))?;
        let (head, mut body) = response.into_parts();
        let content =
            body.store_all_limited(usize::MAX).await.map_err(|error| anyhow!("{error}"))?;
        if head.status.is_success() && asked.operation != "GetObject" {
            self.kept(asked)?;
        }
        let mut answer = Answer::new(head.status.as_u16(), content.to_vec());
        for name in ["content-type", "etag", "x-amz-meta-sha256"] {
            if let Some(value) = head.headers.get(name).and_then(|value| value.to_str().ok()) {
                answer.headers.push((name, value.to_owned()));
            }
        }
        Ok(answer)
    }

    /// Waits until an object, or that there is none, is on the disk.
    fn kept(&self, asked: &Asked) -> io::Result<()> {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let beside = format!(".bucket-{}.object-{}", encode(&asked.bucket), encode(&asked.key));
        let bucket = self.root.join(&asked.bucket);
        for file in [
            bucket.join(&asked.key),
            self.root.join(format!("{beside}.metadata.json")),
            self.root.join(format!("{beside}.internal.json")),
        ] {
            match File::open(&file) {
                Ok(file) => file.sync_all()?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        synced(&bucket)?;
        synced(&self.root)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            // The system tidies up what is left.
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

fn synced(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
