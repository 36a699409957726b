//! One process at a time.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Another process may be about to end.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// A file that only this process works on, for as long as this lives; the system lets go when the process dies.
///
/// The lock is on a file beside it. One on the file itself would go when anybody in this process closed it, and
/// would keep out those who only read.
#[derive(Debug)]
pub struct Lock {
    _held: File,
}

impl Lock {
    /// Takes a file for this process; nothing if another one has it and keeps it for a second.
    ///
    /// # Errors
    /// If the file beside it cannot be made.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let beside = beside(path, "-lock");
        let held = OpenOptions::new().create(true).truncate(false).write(true).open(beside)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match held.try_lock() {
                Ok(()) => return Ok(Some(Self { _held: held })),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

/// The file of the same name with an ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_and_again_when_it_was_let_go() {
        let name = format!("switchboard-lock-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let first = Lock::take(&path).unwrap();
        assert!(first.is_some());
        assert!(Lock::take(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::take(&path).unwrap().is_some());
        std::fs::remove_file(beside(&path, "-lock")).unwrap();
    }
}
