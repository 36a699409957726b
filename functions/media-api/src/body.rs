//! The body of an upload: the file as it is, or the file in a form of parts as browsers send one (RFC 7578).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use lambda_http::{Body, Request};

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
}

impl Attachment {
    /// Takes the body out of a request that uploads: it is no form of parameters, as the bodies of other requests are.
    pub(crate) fn taken(request: Request) -> (Request, Self) {
        if request.method() != http::Method::POST {
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
        let attachment = match boundary(content_type) {
            Some(boundary) => part(&content, &boundary).unwrap_or(Self::Unreadable),
            None if content.is_empty() => Self::None,
            None => Self::File { content_type: content_type.to_owned(), file_name: None, content },
        };
        (Request::from_parts(head, Body::Empty), attachment)
    }
}

/// What separates the parts of a form; none if it is no such form.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = parameters.split(';').filter_map(|one| one.trim().split_once('='));
    let value = named.filter(|(name, _)| name.eq_ignore_ascii_case("boundary")).map(|(_, it)| it);
    let value = value.map(|value| value.trim_matches('"')).find(|value| !value.is_empty());
    // A form that does not say it has no parts that could be found.
    Some(format!("--{}", value.unwrap_or("\0")))
}

/// The part of a form that is a file: the first one with a name of a file.
fn part(content: &Bytes, boundary: &str) -> Option<Attachment> {
    let finder = memchr::memmem::Finder::new(boundary.as_bytes());
    let mut places = finder.find_iter(content).collect::<Vec<_>>();
    places.push(content.len());
    for edges in places.windows(2) {
        let [start, end] = edges else { continue };
        let part = content.slice(start + boundary.len().min(end - start)..*end);
        let Some(line) = part.strip_prefix(b"\r\n") else { continue };
        let Some(split) = memchr::memmem::find(line, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&line[..split]).into_owned();
        let Some(file_name) = file_name(&head) else { continue };
        let body = &line[split + 4..];
        let body = body.strip_suffix(b"\r\n").unwrap_or(body);
        return Some(Attachment::File {
            content_type: header(&head, "content-type").unwrap_or(UNKNOWN).to_owned(),
            file_name: Some(file_name).filter(|name| !name.is_empty()),
            content: Bytes::copy_from_slice(body),
        });
    }
    None
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(of, _)| of.trim().eq_ignore_ascii_case(name)).map(|(_, it)| it.trim()).next()
}

/// The name of the file that a part is; a part without one is a field.
fn file_name(head: &str) -> Option<String> {
    let disposition = header(head, "content-disposition")?;
    let (_, rest) = disposition.split_once("filename=\"")?;
    rest.split_once('"').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(content_type: Option<&str>, body: &[u8]) -> Attachment {
        let mut request = http::Request::builder().method("POST").uri("/mcs/v1");
        if let Some(kind) = content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        let (request, attachment) =
            Attachment::taken(request.body(Body::Binary(body.to_vec())).unwrap());
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

    #[test]
    fn bare_bytes_are_the_file() {
        let png = b"\x89PNG\r\n\x1a\n";
        assert_eq!(taken(Some("image/png"), png), file("image/png", None, png));
        assert_eq!(taken(None, png), file(UNKNOWN, None, png));
        assert_eq!(taken(Some("image/png"), b""), Attachment::None);
    }

    #[test]
    fn a_form_holds_the_file_among_its_fields() {
        let kind = "multipart/form-data; boundary=xyz";
        let form = b"--xyz\r\ncontent-disposition: form-data; name=\"Category\"\r\n\r\nmedia\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89\r\n--\r\n\x00\r\n--xyz--\r\n";
        assert_eq!(
            taken(Some(kind), form),
            file("image/png", Some("a.png"), b"\x89\r\n--\r\n\x00")
        );
        let quoted = "multipart/form-data; charset=utf-8; boundary=\"xyz\"";
        assert_eq!(
            taken(Some(quoted), form),
            file("image/png", Some("a.png"), b"\x89\r\n--\r\n\x00")
        );
    }

    #[test]
    fn a_form_without_a_file_is_none() {
        let field =
            b"--xyz\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nmedia\r\n--xyz--\r\n";
        for (kind, body) in [
            ("multipart/form-data; boundary=xyz", &field[..]),
            ("multipart/form-data; boundary=abc", &field[..]),
            ("multipart/form-data; boundary=xyz", b"--xyz"),
            ("multipart/form-data; boundary=xyz", b""),
            ("multipart/form-data; charset=x", &field[..]),
        ] {
            assert_eq!(taken(Some(kind), body), Attachment::Unreadable, "{kind}");
        }
    }
}
