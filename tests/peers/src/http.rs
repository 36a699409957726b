//! One connection to a server on loopback, which stays open: a request that was written out before, and its answer.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;

use crate::Outcome;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
}

impl Connection {
    /// To a port on loopback.
    pub(crate) fn to(port: u16) -> Outcome<Self> {
        Self::over(TcpStream::connect(("127.0.0.1", port))?)
    }

    /// Over a stream that is there.
    pub(crate) fn over(stream: TcpStream) -> Outcome<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), line: String::new() })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.stream.get_mut().write_all(request)?;
        let first = self.head()?.ok_or("the connection was closed instead of an answer")?;
        let status = first.0.split(' ').nth(1).and_then(|it| it.parse().ok());
        let status = status.ok_or_else(|| format!("no status line: {}", first.0))?;
        Ok(Answer { status, body: self.body(first.1)? })
    }

    /// The next request, its first line and its body; none at the end of the connection.
    pub(crate) fn request(&mut self) -> Outcome<Option<(String, Vec<u8>)>> {
        let Some((first, length)) = self.head()? else { return Ok(None) };
        Ok(Some((first, self.body(length)?)))
    }

    /// Writes an answer.
    pub(crate) fn answer(&mut self, bytes: &[u8]) -> Outcome<()> {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    /// The first line of a message, and how long its body is.
    fn head(&mut self) -> Outcome<Option<(String, usize)>> {
        let (mut first, mut length) = (None, 0);
        loop {
            self.line.clear();
            if self.stream.read_line(&mut self.line)? == 0 {
                return Ok(None);
            }
            let line = self.line.trim_end();
            if line.is_empty() {
                return Ok(Some((first.unwrap_or_default(), length)));
            }
            if first.is_none() {
                first = Some(line.to_owned());
            } else if let Some((name, value)) = line.split_once(':') {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse()?;
                } else if name.eq_ignore_ascii_case("transfer-encoding") {
                    return Err("a body without its length is not read".into());
                }
            }
        }
    }

    fn body(&mut self, length: usize) -> Outcome<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}

/// A request as it goes over the wire.
pub(crate) fn written(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}
