//! A copy of the checkout with every defect in it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::{Defect, Misfit, all, plant};

/// Where the crate is declared through which every planted line asks.
pub const DOMAIN_MANIFEST: &str = "shared/domain/Cargo.toml";
/// Its library.
pub const DOMAIN_LIBRARY: &str = "shared/domain/src/lib.rs";

/// The folder of the defects that the simulator must notice.
pub const SIMULATED: &str = "tests/defects/planted";
/// The folder of those that the tests of carriers must.
pub const VERIFIERS: &str = "tests/defects/verifiers";

/// A copy of the checkout.
#[derive(Debug)]
pub struct Copy {
    from: PathBuf,
    to: PathBuf,
}

impl Copy {
    /// Of the checkout `from` under the folder `to`.
    pub fn new(from: &Path, to: &Path) -> Self {
        Self { from: from.to_path_buf(), to: to.to_path_buf() }
    }

    /// Lays the copy, or brings one up to date, and returns how many defects it has. Files that stay as they are
    /// are not touched, so that only what has changed is compiled again.
    ///
    /// # Errors
    /// Fails if a defect does not fit, naming each that does not, or if a file cannot be read or written.
    pub fn lay(&self) -> Result<usize, Box<dyn Error>> {
        let mut defects = all(&self.from.join(SIMULATED))?;
        defects.extend(all(&self.from.join(VERIFIERS))?);
        let planted = self.planted(&defects).map_err(|misfits| {
            misfits.iter().map(Misfit::to_string).collect::<Vec<_>>().join("\n")
        })?;
        let tracked = self.tracked()?;
        for path in &tracked {
            match planted.get(path) {
                Some(text) => self.write(path, text.as_bytes())?,
                None => self.write(path, &fs::read(self.from.join(path))?)?,
            }
        }
        self.remove_all_but(&tracked, &self.to)?;
        Ok(defects.len())
    }

    /// The files that are other than in the checkout: those with defects, and the door through which they ask.
    ///
    /// # Errors
    /// Returns every defect that does not fit.
    pub fn planted(&self, defects: &[Defect]) -> Result<BTreeMap<String, String>, Vec<Misfit>> {
        let mut planted = plant(defects, |path| fs::read_to_string(self.from.join(path)))?;
        let mut change = |path: &str, change: fn(String) -> String| {
            let text =
                planted.remove(path).map_or_else(|| fs::read_to_string(self.from.join(path)), Ok);
            let misfit =
                |error: io::Error| vec![Misfit { name: path.to_owned(), why: error.to_string() }];
            planted.insert(path.to_owned(), change(text.map_err(misfit)?));
            Ok::<(), Vec<Misfit>>(())
        };
        change(DOMAIN_MANIFEST, |text| {
            let own = "[dependencies]\nswitchboard-defects = { path = \"../../tests/defects\" }\n";
            text.replace("[dependencies]\n", own)
        })?;
        change(DOMAIN_LIBRARY, |text| {
            let door = "pub use switchboard_defects as defects;\nextern crate self as switchboard_domain;\n";
            text + door
        })?;
        Ok(planted)
    }

    /// What is in the checkout and not ignored, whether committed or not.
    fn tracked(&self) -> Result<BTreeSet<String>, Box<dyn Error>> {
        let mut git = Command::new("git");
        git.current_dir(&self.from).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = git.output()?;
        if !listed.status.success() {
            return Err(String::from_utf8_lossy(&listed.stderr).into());
        }
        let names = String::from_utf8(listed.stdout)?;
        let names = names.split('\0').filter(|name| self.from.join(name).is_file());
        Ok(names.map(str::to_owned).collect())
    }

    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let path = self.to.join(path);
        if fs::read(&path).is_ok_and(|there| there == content) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().unwrap_or(&self.to))?;
        fs::write(path, content)
    }

    fn remove_all_but(
        &self,
        tracked: &BTreeSet<String>,
        folder: &Path,
    ) -> Result<(), Box<dyn Error>> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(&self.to)?.to_string_lossy().into_owned();
            if path.is_dir() {
                self.remove_all_but(tracked, &path)?;
                // It stays if something is in it.
                let _ = fs::remove_dir(path);
            } else if !tracked.contains(&name) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}
