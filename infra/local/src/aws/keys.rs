//! The key service in this process: it seals and opens what functions ask it to, with AES-256-GCM under one key. What is
//! sealed is bound to its encryption context and opens under no other.
//!
//! With a data folder the key is a file in it, so that what was sealed opens after the next start; without one the key
//! goes with the process, as everything does that it sealed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};

use crate::aws::answer::Answer;
use crate::aws::roles::Permission;
use crate::aws::usage::Meter;

/// Keeps the key.
pub(crate) const KEY_FILE: &str = "secrets.key";
/// The words of an encryption context by which roles tell secrets of connections and of API keys from everything else, and
/// what stands behind each.
pub(crate) const WORDS: [(&str, &str); 2] = [("connection", "CN*"), ("api_key", "SK*")];
const KEY_BYTES: usize = 32;
/// The most that is sealed at once, in bytes.
const PLAIN_BYTES_MAX: usize = 4096;

/// The key service.
#[derive(Clone)]
pub(crate) struct Keys {
    key: Arc<LessSafeKey>,
    nonces: Arc<Nonces>,
    meter: Arc<Meter>,
}

/// What makes two sealings of the same differ.
enum Nonces {
    Random(SystemRandom),
    /// One after the other, where the same run has to be the same twice; nothing that it seals is real.
    Counted(AtomicU64),
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keys")
    }
}

impl Keys {
    /// Takes the key of a data folder, or makes it; without a folder a new one. A steady run has a known key.
    ///
    /// # Errors
    /// If the file cannot be read or written, or holds something else.
    pub(crate) fn open(folder: Option<&Path>, is_steady: bool, meter: Arc<Meter>) -> Result<Self> {
        let random = SystemRandom::new();
        let key = match (folder, is_steady) {
            (Some(folder), _) => kept(folder, &random)?,
            (None, true) => [7; KEY_BYTES],
            (None, false) => fresh(&random)?,
        };
        let nonces = match is_steady {
            true => Nonces::Counted(AtomicU64::new(0)),
            false => Nonces::Random(random),
        };
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| anyhow!("no key"))?;
        Ok(Self { key: Arc::new(LessSafeKey::new(key)), nonces: Arc::new(nonces), meter })
    }

    /// Does one request of a function.
    pub(crate) fn answer(&self, function: &str, operation: &str, body: &Value) -> Answer {
        let arn = body["KeyId"].as_str().unwrap_or_default();
        let context = context(body);
        let key = arn.rsplit([':', '/']).next().unwrap_or_default();
        let word = WORDS.iter().find(|(word, _)| context.contains_key(word));
        let resource = match word {
            Some((word, _)) => format!("{key}/{word}"),
            None => key.to_owned(),
        };
        let wanted = Permission { action: format!("kms:{operation}"), resource };
        if let Err(denied) = self.meter.roles.check(function, wanted) {
            return denied.answer();
        }
        let bound = serde_json::to_vec(&context).unwrap_or_default();
        match operation {
            "Encrypt" => self.encrypt(arn, &bound, body),
            "Decrypt" => self.decrypt(arn, &bound, body),
            _ => refused("UnsupportedOperationException", "the local key service seals and opens"),
        }
    }

    fn encrypt(&self, arn: &str, bound: &[u8], body: &Value) -> Answer {
        let plain = body["Plaintext"].as_str().and_then(|text| STANDARD.decode(text).ok());
        let Some(mut text) = plain.filter(|it| (1..=PLAIN_BYTES_MAX).contains(&it.len())) else {
            return refused("ValidationException", "Plaintext must have 1 to 4096 bytes");
        };
        let Some(nonce) = self.nonce() else {
            return refused("KMSInternalException", "the system gives no random bytes");
        };
        let mut sealed = nonce.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        if self.key.seal_in_place_append_tag(nonce, Aad::from(bound), &mut text).is_err() {
            return refused("KMSInternalException", "it cannot be sealed");
        }
        sealed.extend(text);
        answered(&json!({
            "CiphertextBlob": STANDARD.encode(sealed),
            "KeyId": arn,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }))
    }

    fn decrypt(&self, arn: &str, bound: &[u8], body: &Value) -> Answer {
        let sealed = body["CiphertextBlob"].as_str().and_then(|text| STANDARD.decode(text).ok());
        let sealed = sealed.unwrap_or_default();
        let opened = sealed.split_first_chunk::<NONCE_LEN>().and_then(|(nonce, sealed)| {
            let mut text = sealed.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let opened = self.key.open_in_place(nonce, Aad::from(bound), &mut text).ok()?;
            Some(STANDARD.encode(opened))
        });
        match opened {
            Some(plain) => answered(&json!({
                "Plaintext": plain,
                "KeyId": arn,
                "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            })),
            None => refused("InvalidCiphertextException", "it was not sealed so"),
        }
    }

    fn nonce(&self) -> Option<[u8; NONCE_LEN]> {
        let mut nonce = [0; NONCE_LEN];
        match self.nonces.as_ref() {
            Nonces::Random(random) => random.fill(&mut nonce).ok()?,
            Nonces::Counted(count) => {
                let number = count.fetch_add(1, Ordering::SeqCst);
                nonce[4..].copy_from_slice(&number.to_be_bytes());
            }
        }
        Some(nonce)
    }
}

/// The encryption context, in one order.
fn context(body: &Value) -> BTreeMap<&str, &str> {
    let pairs = body["EncryptionContext"].as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
}

fn answered(body: &Value) -> Answer {
    let mut answer = Answer::new(200, body.to_string());
    answer.headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    answer
}

fn refused(kind: &str, message: &str) -> Answer {
    let status = if kind == "KMSInternalException" { 500 } else { 400 };
    Answer::error(status, kind, message)
}

fn fresh(random: &SystemRandom) -> Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    random.fill(&mut key).map_err(|_| anyhow!("the system gives no random bytes"))?;
    Ok(key)
}

/// The key of a folder. A new one is on the disk before anything is sealed with it.
fn kept(folder: &Path, random: &SystemRandom) -> Result<[u8; KEY_BYTES]> {
    let file = folder.join(KEY_FILE);
    let shown = || format!("{} cannot be used", file.display());
    let found = match fs::read(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read.with_context(shown)?,
    };
    // Nothing is sealed before the key is on the disk, so an empty file is what a start left that was cut off.
    if !found.is_empty() {
        let wrong = "is not a key: put a copy of the folder in its place";
        return found.try_into().map_err(|_| anyhow!("{} {wrong}", file.display()));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let key = fresh(random)?;
    let mut new = options.open(&file).with_context(shown)?;
    new.write_all(&key).and_then(|()| new.sync_all()).with_context(shown)?;
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(shown)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(keys: &Keys, text: &str, connection: &str) -> Value {
        let answer = keys.answer(
            "a test",
            "Encrypt",
            &json!({
                "KeyId": "arn:aws:kms:us-east-1:0:key/EncryptionKey",
                "Plaintext": STANDARD.encode(text),
                "EncryptionContext": { "connection": connection },
            }),
        );
        serde_json::from_slice::<Value>(&answer.body).unwrap()["CiphertextBlob"].take()
    }

    fn opened(keys: &Keys, sealed: &Value, connection: &str) -> (u16, Option<String>) {
        let answer = keys.answer(
            "a test",
            "Decrypt",
            &json!({
                "KeyId": "arn:aws:kms:us-east-1:0:key/EncryptionKey",
                "CiphertextBlob": sealed,
                "EncryptionContext": { "connection": connection },
            }),
        );
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let plain = body["Plaintext"].as_str().map(|text| STANDARD.decode(text).unwrap());
        (answer.status, plain.map(|plain| String::from_utf8(plain).unwrap()))
    }

    #[test]
    fn what_is_sealed_opens_in_its_context_alone() {
        let keys = Keys::open(None, false, Arc::default()).unwrap();
        let one = sealed(&keys, "a secret", "CN1");
        assert_ne!(one, sealed(&keys, "a secret", "CN1"), "nobody sees that they are the same");
        assert_eq!(opened(&keys, &one, "CN1"), (200, Some("a secret".to_owned())));
        assert_eq!(opened(&keys, &one, "CN2"), (400, None));
        let other = Keys::open(None, false, Arc::default()).unwrap();
        assert_eq!(opened(&other, &one, "CN1"), (400, None));
        assert_eq!(opened(&keys, &json!("AAAA"), "CN1"), (400, None));
    }

    #[test]
    fn a_folder_keeps_its_key_and_a_damaged_one_is_named() {
        let folder = std::env::temp_dir().join(format!("keys-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let first = Keys::open(Some(&folder), false, Arc::default()).unwrap();
        let one = sealed(&first, "a secret", "CN1");
        let again = Keys::open(Some(&folder), false, Arc::default()).unwrap();
        assert_eq!(opened(&again, &one, "CN1"), (200, Some("a secret".to_owned())));
        fs::write(folder.join(KEY_FILE), "short").unwrap();
        let refused = Keys::open(Some(&folder), false, Arc::default()).unwrap_err().to_string();
        assert!(refused.contains(KEY_FILE), "{refused}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
