//! A customer's endpoint on loopback.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use switchboard_carriers::{SIGNATURE_HEADER, sign, sign_sha256};
use switchboard_tests::TOKEN;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What an endpoint was called with.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) signature: String,
    pub(crate) parameters: Vec<(String, String)>,
    /// Every header, its name in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// An endpoint on loopback that gives its answers in turn, the last one for ever.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Endpoint {
    /// One that answers with these statuses, and nothing else.
    pub(crate) async fn start(statuses: &[u16]) -> Self {
        Self::saying(statuses.iter().map(|status| (*status, String::new())).collect()).await
    }

    /// One that answers with these statuses and these texts, as JSON.
    pub(crate) async fn saying(answers: Vec<(u16, String)>) -> Self {
        let answers = answers.into_iter().map(|(status, text)| (status, String::new(), text));
        Self::answering("application/json", answers.collect()).await
    }

    /// One that answers with these statuses and these texts, which are of that kind.
    pub(crate) async fn speaking(kind: &str, answers: &[(u16, &str)]) -> Self {
        let answers =
            answers.iter().map(|(status, text)| (*status, String::new(), (*text).to_owned()));
        Self::answering(kind, answers.collect()).await
    }

    /// One that answers with these statuses, and asks for this time.
    pub(crate) async fn busy(answers: &[(u16, Option<&str>)]) -> Self {
        let answers = answers.iter().map(|(status, time)| {
            let header = time.map(|time| format!("retry-after: {time}\r\n"));
            (*status, header.unwrap_or_default(), String::new())
        });
        Self::answering("application/json", answers.collect()).await
    }

    /// One that answers with these statuses, further headers and texts.
    async fn answering(kind: &str, answers: Vec<(u16, String, String)>) -> Self {
        let kind = kind.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let listening = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let Some(call) = read(&mut stream).await else { continue };
                let count = {
                    let mut heard = listening.lock().unwrap();
                    heard.push(call);
                    heard.len()
                };
                let (status, headers, text) = &answers[(count - 1).min(answers.len() - 1)];
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
                     {headers}connection: close\r\n\r\n{text}",
                    text.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, heard }
    }

    pub(crate) fn calls(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

impl Endpoint {
    /// Whether a call was signed with the account's token for this address.
    pub(crate) fn signed(&self, call: &Heard) -> bool {
        let pairs: Vec<(&str, &str)> =
            call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        call.signature == sign(&self.url, &pairs, TOKEN)
    }

    /// Whether a call with a body of JSON was signed with a shared key, by the digest of that body in the address.
    pub(crate) fn signed_by_key(&self, call: &Heard, key: &str) -> bool {
        let digest: String =
            Sha256::digest(&call.body).iter().map(|byte| format!("{byte:02x}")).collect();
        let (asked, alone) =
            (format!("{}?bodySHA256={digest}", self.url), <[(&str, &str); 0]>::default());
        call.signature == sign_sha256(&asked, &alone, key)
    }
}

impl Heard {
    /// Whether it was signed by Standard Webhooks with this secret, as the specification works it out.
    pub(crate) fn signed_by_standard(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!(
            "{}.{}.{}",
            self.header("webhook-id"),
            self.header("webhook-timestamp"),
            self.body
        );
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(signed);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|one| one == expected)
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok()?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|it| it.1.to_owned())
                .next()
        };
        let length: usize = header("content-length")?.parse().ok()?;
        if body.len() >= length {
            let parameters = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let named = head.lines().filter_map(|line| line.split_once(": "));
            let headers =
                named.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
            let (signature, body) = (header(SIGNATURE_HEADER)?, body.to_owned());
            return Some(Heard { signature, parameters, headers, body });
        }
        if count == 0 {
            return None;
        }
    }
}
