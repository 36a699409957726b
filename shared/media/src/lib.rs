//! The content of files, in a bucket of S3: one object for each, named by the file's identifier and by nothing else.
//!
//! An object is created on condition that there is none (`If-None-Match: *`), so a good one is never written over. If there
//! is one, an attempt before this one wrote it and was not heard; it is believed if its content has the digest that was
//! noted beside it, and made anew if not: content that a store refused can be left where it was refused.
#![forbid(unsafe_code)]

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::put_object::PutObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use switchboard_domain::media::shown_inline;
use switchboard_domain::private::Private;
use switchboard_domain::sid::MediaSid;
use switchboard_runtime::dependencies::sdk_config;
use switchboard_runtime::{Config, Failure, Patience};
use tokio::sync::OnceCell;

/// The name of the digest beside an object.
const DIGEST: &str = "sha256";

/// The bucket.
#[derive(Clone)]
pub struct Bucket {
    name: String,
    patience: Patience,
    // Made on first use: most invocations have no file.
    client: Arc<OnceCell<Client>>,
}

/// What is stored of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Its media type.
    pub content_type: String,
    /// Its content.
    pub content: Bytes,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Object({}, {} bytes)", self.content_type, self.content.len())
    }
}

impl Bucket {
    /// The bucket of the configuration, to be asked for as the environment says.
    pub fn of_environment(config: &Config, patience: Patience) -> Self {
        let name = config.media_bucket.clone().unwrap_or_default();
        Self { name, patience, client: Arc::default() }
    }

    /// The same, to be asked for by this client.
    pub fn over(config: &Config, patience: Patience, client: Client) -> Self {
        Self { client: Arc::new(OnceCell::from(client)), ..Self::of_environment(config, patience) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(&sdk_config(self.patience).await) }).await
    }

    /// Stores the content of a file, and answers what is stored then: that of an attempt before, if it was whole.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the bucket does not answer; then the content may be stored or not.
    pub async fn store(&self, media: MediaSid, object: Object) -> Result<Object, Failure> {
        if self.create(media, &object).await? {
            return Ok(object);
        }
        if let Some((there, digest)) = self.read(media).await? {
            if digest.as_deref() == Some(hexadecimal(&there.content).as_str()) {
                return Ok(there);
            }
            tracing::warn!(media.sid = %media, "an object that is not whole is made anew");
            self.remove(media).await?;
        }
        match self.create(media, &object).await? {
            true => Ok(object),
            false => Err(Failure::Unavailable(format!("somebody else stores {media}"))),
        }
    }

    /// Creates an object; answers whether there was none.
    async fn create(&self, media: MediaSid, object: &Object) -> Result<bool, Failure> {
        let request = self.client().await.put_object().bucket(&self.name).key(media.to_string());
        let request = request.if_none_match("*").content_type(&object.content_type);
        let request = request.metadata(DIGEST, hexadecimal(&object.content));
        match request.body(ByteStream::from(object.content.clone())).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(refused)) if is_there(refused.err()) => Ok(false),
            Err(error) => Err(Failure::unavailable("PutObject", &error)),
        }
    }

    /// The content of a file; none if it is not stored.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the bucket does not answer.
    pub async fn get(&self, media: MediaSid) -> Result<Option<Object>, Failure> {
        Ok(self.read(media).await?.map(|(object, _)| object))
    }

    async fn read(&self, media: MediaSid) -> Result<Option<(Object, Option<String>)>, Failure> {
        let request = self.client().await.get_object().bucket(&self.name).key(media.to_string());
        let found = match request.send().await {
            Ok(found) => found,
            // Without the right to list, which no role has, S3 says of an object that is not there that it must not be read.
            Err(SdkError::ServiceError(refused))
                if refused.err().is_no_such_key() || refused.raw().status().as_u16() == 403 =>
            {
                return Ok(None);
            }
            Err(error) => return Err(Failure::unavailable("GetObject", &error)),
        };
        let content_type = found.content_type.unwrap_or_default();
        let digest = found.metadata.as_ref().and_then(|all| all.get(DIGEST)).cloned();
        let content = found.body.collect().await;
        let content = content.map_err(|error| Failure::unavailable("GetObject", &error))?;
        Ok(Some((Object { content_type, content: content.into_bytes() }, digest)))
    }

    /// Removes the content of a file; if there is none, that is right too.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the bucket does not answer.
    pub async fn remove(&self, media: MediaSid) -> Result<(), Failure> {
        let request = self.client().await.delete_object().bucket(&self.name);
        let removed = request.key(media.to_string()).send().await;
        removed.map(|_| ()).map_err(|error| Failure::unavailable("DeleteObject", &error))
    }

    /// An address of the bucket's own by which a file can be read for a while, for one that is too large to be passed
    /// through a function. It names the media type, and that what could hold a script is to be saved.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if there are no credentials to sign with.
    pub async fn address(
        &self,
        media: MediaSid,
        content_type: &str,
        lasts: Duration,
    ) -> Result<String, Failure> {
        let failed = |error: &dyn std::error::Error| Failure::unavailable("GetObject", error);
        let lasts = PresigningConfig::expires_in(lasts).map_err(|error| failed(&error))?;
        let request = self.client().await.get_object().bucket(&self.name).key(media.to_string());
        let request = request.response_content_type(content_type);
        let request = request.response_content_disposition(disposition(content_type));
        let signed = request.presigned(lasts).await.map_err(|error| failed(&error))?;
        Ok(signed.uri().to_owned())
    }
}

/// Whether a browser shows a file in its page, or saves it.
pub fn disposition(content_type: &str) -> &'static str {
    if shown_inline(content_type) { "inline" } else { "attachment" }
}

/// The header that gives a file its name, in the two spellings that there are (RFC 6266).
pub fn named_disposition(content_type: &str, file_name: Option<&Private<String>>) -> String {
    let mut header = disposition(content_type).to_owned();
    let Some(name) = file_name else { return header };
    let plain = |it: char| if it.is_ascii_graphic() && !"\"\\%;".contains(it) { it } else { '_' };
    let spelled: String = name.chars().map(plain).collect();
    let _ = write!(header, "; filename=\"{spelled}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        let _ = match byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            true => write!(header, "{}", char::from(byte)),
            false => write!(header, "%{byte:02X}"),
        };
    }
    header
}

/// Whether a creation was refused because there is an object, or somebody just makes one.
fn is_there(error: &PutObjectError) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict"))
}

fn hexadecimal(content: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(content) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelled_so_that_it_cannot_end_the_header() {
        let named = |kind, name: &str| named_disposition(kind, Some(&Private::from(name)));
        assert_eq!(
            named("image/png", "a b\"\r\n.png"),
            "inline; filename=\"a_b___.png\"; filename*=UTF-8''a%20b%22%0D%0A.png"
        );
        assert_eq!(named("text/html", "é"), "attachment; filename=\"_\"; filename*=UTF-8''%C3%A9");
        assert_eq!(named_disposition("application/pdf", None), "inline");
    }
}
