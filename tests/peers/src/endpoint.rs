//! Where assignment callbacks arrive: each is told on, and accepted at once.

use std::net::TcpListener;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Instant;

use crate::Outcome;
use crate::http::Connection;

const ACCEPT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    content-length: 24\r\n\r\n{\"instruction\":\"accept\"}";

/// That a worker was told of a task.
#[derive(Debug)]
pub(crate) struct Told {
    /// The task.
    pub(crate) task: String,
    /// When.
    pub(crate) at: Instant,
}

/// Listens until the process ends.
pub(crate) fn open(port: u16, told: Sender<Told>) -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let told = told.clone();
            thread::spawn(move || {
                // Whoever closes the connection ends it.
                let Ok(mut connection) = Connection::over(stream) else { return };
                while let Ok(Some((_, body))) = connection.request() {
                    let at = Instant::now();
                    let pair = form_urlencoded::parse(&body).find(|(name, _)| name == "TaskSid");
                    let task = pair.map(|(_, task)| task.into_owned()).unwrap_or_default();
                    if told.send(Told { task, at }).is_err() || connection.answer(ACCEPT).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(())
}
