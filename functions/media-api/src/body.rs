//! The body of an upload: the file as it is, or the file in a form of parts as browsers send one (RFC 7578).

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::stream::once;
use http::header::CONTENT_TYPE;
use lambda_http::{Body, Request};
use multer::{Constraints, Multipart, SizeLimit, parse_boundary};
use switchboard_domain::media::PASSED_BYTES_MAX;
use switchboard_rest::path_of;

/// What a body is taken for that says nothing of itself.
const UNKNOWN: &str = "application/octet-stream";

/// A file that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// It is here.
    File {
        /// Its media type, as the client says.
        content_type: String,
        /// Its name, if the form gives it one.
        file_name: Option<String>,
        /// Its content.
        content: Bytes,
    },
    /// There is none.
    None,
    /// A form with no file in it.
    Unreadable,
    /// A form with more files than one.
    Several,
    /// A file that is larger than is taken.
    TooLarge,
}

impl Attachment {
    /// Takes the body out of a request that uploads: it is no form of parameters, as the bodies of other requests are.
    pub(crate) async fn taken(request: Request) -> (Request, Self) {
        let is_upload = request.method() == http::Method::POST
            && path_of(&request).trim_end_matches('/').ends_with("/Media");
        if !is_upload {
            return (request, Self::None);
        }
        let (mut head, body) = request.into_parts();
        let content_type = head.headers.remove(CONTENT_TYPE);
        let content_type = content_type.as_ref().and_then(|it| it.to_str().ok()).unwrap_or(UNKNOWN);
        let content = match body {
            Body::Text(text) => Bytes::from(text),
            Body::Binary(bytes) => Bytes::from(bytes),
            _ => Bytes::new(),
        };
        let attachment = Self::of(content_type, content).await;
        (Request::from_parts(head, Body::Empty), attachment)
    }

    async fn of(content_type: &str, content: Bytes) -> Self {
        if is_form(content_type) {
            return match parse_boundary(content_type) {
                Ok(boundary) => part(content, boundary).await.unwrap_or_else(Self::refused),
                Err(_) => Self::Unreadable,
            };
        }
        match content.len() {
            0 => Self::None,
            1..=PASSED_BYTES_MAX => {
                Self::File { content_type: content_type.to_owned(), file_name: None, content }
            }
            _ => Self::TooLarge,
        }
    }

    /// What is wrong with a form that cannot be taken apart.
    fn refused(error: multer::Error) -> Self {
        match error {
            multer::Error::FieldSizeExceeded { .. } => Self::TooLarge,
            _ => Self::Unreadable,
        }
    }
}

fn is_form(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("multipart/form-data")
}

/// The part of a form that is a file: the one with a name of a file.
async fn part(content: Bytes, boundary: String) -> multer::Result<Attachment> {
    let limit = SizeLimit::new().per_field(PASSED_BYTES_MAX as u64);
    let content = once(ready(Ok::<_, Infallible>(content)));
    let mut form =
        Multipart::with_constraints(content, boundary, Constraints::new().size_limit(limit));
    let mut found = Attachment::Unreadable;
    while let Some(field) = form.next_field().await? {
        let Some(file_name) = field.file_name().map(str::to_owned) else { continue };
        if found != Attachment::Unreadable {
            return Ok(Attachment::Several);
        }
        let content_type = field.content_type().map_or(UNKNOWN, |kind| kind.as_ref()).to_owned();
        let file_name = Some(file_name).filter(|name| !name.is_empty());
        found = Attachment::File { content_type, file_name, content: field.bytes().await? };
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use lambda_http::RequestExt as _;

    use super::*;

    const PATH: &str = "/mcs/v1/Services/IS1/Media";

    async fn taken(content_type: Option<&str>, body: &[u8]) -> Attachment {
        let mut request = http::Request::builder().method("POST").uri(PATH);
        if let Some(kind) = content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        let request = request.body(Body::Binary(body.to_vec())).unwrap();
        let (request, attachment) = Attachment::taken(request.with_raw_http_path(PATH)).await;
        assert!(request.body().is_empty() && request.headers().is_empty());
        attachment
    }

    fn file(content_type: &str, file_name: Option<&str>, content: &[u8]) -> Attachment {
        Attachment::File {
            content_type: content_type.to_owned(),
            file_name: file_name.map(str::to_owned),
            content: Bytes::copy_from_slice(content),
        }
    }

    #[tokio::test]
    async fn bare_bytes_are_the_file() {
        let png = b"\x89PNG\r\n\x1a\n";
        assert_eq!(taken(Some("image/png"), png).await, file("image/png", None, png));
        assert_eq!(taken(None, png).await, file(UNKNOWN, None, png));
        assert_eq!(taken(Some("image/png"), b"").await, Attachment::None);
    }

    #[tokio::test]
    async fn a_form_holds_the_file_among_its_fields() {
        let kind = "multipart/form-data; boundary=xyz";
        let form = b"--xyz\r\ncontent-disposition: form-data; name=\"Category\"\r\n\r\nmedia\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89\r\n--\r\n\x00\r\n--xyz--\r\n";
        assert_eq!(
            taken(Some(kind), form).await,
            file("image/png", Some("a.png"), b"\x89\r\n--\r\n\x00")
        );
        let quoted = "multipart/form-data; charset=utf-8; boundary=\"xyz\"";
        assert_eq!(
            taken(Some(quoted), form).await,
            file("image/png", Some("a.png"), b"\x89\r\n--\r\n\x00")
        );
    }

    #[tokio::test]
    async fn a_form_without_a_file_is_none() {
        let field =
            b"--xyz\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nmedia\r\n--xyz--\r\n";
        for (kind, body) in [
            ("multipart/form-data; boundary=xyz", &field[..]),
            ("multipart/form-data; boundary=abc", &field[..]),
            ("multipart/form-data; boundary=xyz", b"--xyz"),
            ("multipart/form-data; boundary=xyz", b""),
            ("multipart/form-data; charset=x", &field[..]),
            ("multipart/form-data", &field[..]),
        ] {
            assert_eq!(taken(Some(kind), body).await, Attachment::Unreadable, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_form_that_is_cut_off_has_no_file() {
        let kind = "multipart/form-data; boundary=xyz";
        let form = b"--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nabc\r\n--xyz--";
        for end in 0..form.len() - 1 {
            let found = taken(Some(kind), &form[..end]).await;
            assert_eq!(
                found,
                Attachment::Unreadable,
                "{:?}",
                String::from_utf8_lossy(&form[..end])
            );
        }
        assert_eq!(taken(Some(kind), form).await, file(UNKNOWN, Some("a"), b"abc"));
    }

    #[tokio::test]
    async fn a_form_with_two_files_is_refused_and_not_halved() {
        let part =
            "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nabc\r\n";
        let form = format!("{part}{part}--xyz--\r\n");
        let kind = "multipart/form-data; boundary=xyz";
        assert_eq!(taken(Some(kind), form.as_bytes()).await, Attachment::Several);
    }

    #[tokio::test]
    async fn what_is_larger_than_is_taken_is_not_held_whole() {
        let head = b"--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
        let kind = "multipart/form-data; boundary=xyz";
        for (bytes, is_taken) in [(PASSED_BYTES_MAX, true), (PASSED_BYTES_MAX + 1, false)] {
            let content = vec![7; bytes];
            let form = [&head[..], &content, b"\r\n--xyz--\r\n"].concat();
            let expected = |file| if is_taken { file } else { Attachment::TooLarge };
            let found = taken(Some(kind), &form).await;
            assert!(found == expected(file(UNKNOWN, Some("a"), &content)), "a form with {bytes}");
            let found = taken(Some("image/png"), &content).await;
            assert!(found == expected(file("image/png", None, &content)), "{bytes}");
        }
    }

    #[tokio::test]
    async fn bodies_of_other_requests_are_left_alone() {
        let path = format!("{PATH}Set");
        let request = http::Request::builder().method("POST").uri(path.as_str());
        let request = request.body(Body::from("{}")).unwrap().with_raw_http_path(&path);
        let (request, attachment) = Attachment::taken(request).await;
        assert_eq!((request.body().is_empty(), attachment), (false, Attachment::None));
    }
}
