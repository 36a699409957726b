//! A disk that loses what was not synced: `power.c`, which the machine's C compiler makes and the process is started
//! with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Folder, Running};

/// A data folder on such a disk.
pub(crate) struct Disk {
    root: Folder,
    library: PathBuf,
    cuts: usize,
}

impl Disk {
    pub(crate) fn new(name: &str) -> Self {
        // The process is told names without links in them.
        let root = fs::canonicalize(std::env::temp_dir()).unwrap();
        let root = Folder(root.join(format!("switchboard-{name}-{}", std::process::id())));
        fs::create_dir_all(root.0.join("0")).unwrap();
        let library = root.0.join("power.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kill/power.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
        let mut made = Command::new(&compiler);
        made.args(flags).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
        let made = made.output().unwrap_or_else(|error| {
            panic!("{compiler} cannot be run ({error}): this test needs a C compiler, as the build does")
        });
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { root, library, cuts: 0 }
    }

    /// The folder as the process sees it.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.0.join(self.cuts.to_string())
    }

    /// Starts on what the disk has, all of which it keeps.
    pub(crate) fn start(&self) -> Running {
        let (folder, copy) = (self.folder(), self.copy());
        fs::create_dir_all(&copy).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
        let variables = [
            ("LD_PRELOAD", self.library.clone()),
            ("POWER_FOLDER", folder.clone()),
            ("POWER_COPY", copy),
            ("POWER_FULL", self.full()),
            ("POWER_BROKEN", self.broken()),
        ];
        Running::start_with(&folder, &variables)
    }

    /// Cuts the power: what was not synced is lost.
    pub(crate) fn cut(&mut self, running: Running) {
        running.kill();
        let copy = self.copy();
        self.cuts += 1;
        fs::rename(copy, self.folder()).unwrap();
    }

    /// While this file is there, nothing can be written.
    pub(crate) fn full(&self) -> PathBuf {
        self.root.0.join("full")
    }

    /// While this file is there, nothing can be synced.
    pub(crate) fn broken(&self) -> PathBuf {
        self.root.0.join("broken")
    }

    fn copy(&self) -> PathBuf {
        self.root.0.join(format!("{}-kept", self.cuts))
    }
}

/// Makes a file for as long as this lives.
pub(crate) struct While<'a>(&'a Path);

impl<'a> While<'a> {
    pub(crate) fn is_there(path: &'a Path) -> Self {
        fs::write(path, "").unwrap();
        Self(path)
    }
}

impl Drop for While<'_> {
    fn drop(&mut self) {
        fs::remove_file(self.0).unwrap();
    }
}
