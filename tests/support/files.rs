//! A host of files on loopback, as a carrier or a sender has one: what it answers at each path is set, and whatever it was
//! asked is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The host.
#[derive(Debug)]
pub struct FileHost {
    base_url: String,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    answers: BTreeMap<String, FileAnswer>,
    asked: Vec<(String, Option<String>)>,
    /// How many are being answered, and how many were at most.
    open: usize,
    most: usize,
}

/// How long an answer takes, so that those that are asked for together meet.
const TAKES: Duration = Duration::from_millis(50);

/// What is answered at a path.
#[derive(Debug, Clone)]
pub struct FileAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl FileAnswer {
    /// A file.
    pub fn file(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status: 200, headers, body: body.into() }
    }

    /// A status and nothing else.
    pub const fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A redirect.
    pub fn elsewhere(url: &str) -> Self {
        let headers = vec![("location".to_owned(), url.to_owned())];
        Self { status: 302, headers, body: Vec::new() }
    }
}

impl FileHost {
    /// Starts one that has nothing.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state: Arc<Mutex<State>> = Arc::default();
        let known = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let known = Arc::clone(&known);
                tokio::spawn(async move {
                    // A client that goes away in the middle is its own affair.
                    let _ = answered(stream, &known).await;
                });
            }
        });
        Self { base_url: format!("http://{address}"), state, serving }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// What is answered at a path from now on.
    pub fn answers(&self, path: &str, answer: FileAnswer) {
        self.state().answers.insert(path.to_owned(), answer);
    }

    /// The paths that were asked for, each with what it was asked to believe.
    pub fn asked(&self) -> Vec<(String, Option<String>)> {
        self.state().asked.clone()
    }

    /// How many were asked for at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.state().most
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FileHost {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answered(mut stream: TcpStream, known: &Mutex<State>) -> std::io::Result<()> {
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            read => head.extend_from_slice(&buffer[..read]),
        }
    }
    let (head, mut body) = halves(&head);
    // Whoever posts something is heard out.
    let length = head.lines().filter_map(|line| line.split_once(": "));
    let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.filter_map(|(_, value)| value.parse().ok()).next().unwrap_or_default();
    while body < length {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            read => body += read,
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let secret = head.lines().filter_map(|line| line.split_once(": "));
    let secret = secret.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let secret = secret.map(|(_, value)| value.to_owned()).next();
    let answer = {
        let mut state = known.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push((path.clone(), secret));
        state.open += 1;
        state.most = state.most.max(state.open);
        state.answers.get(&path).cloned().unwrap_or(FileAnswer::status(404))
    };
    tokio::time::sleep(TAKES).await;
    known.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
    let mut text = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(&answer.body).await?;
    stream.shutdown().await
}

/// The head of a request, and how much of its body came with it.
fn halves(begun: &[u8]) -> (String, usize) {
    let end = begun.windows(4).position(|it| it == b"\r\n\r\n").map_or(begun.len(), |at| at + 4);
    (String::from_utf8_lossy(&begun[..end]).into_owned(), begun.len() - end)
}
