//! One defect as a difference of a few lines, and how it is put into a text.
//!
//! A file has a sentence that says what goes wrong, an empty line, and one or more hunks: `--- path` and the lines
//! below it as in a unified diff, without numbers. Lines to find begin with ` ` or `-`, lines to put there with ` ` or
//! `+`. `DEFECT` in an added line becomes the question whether the defect is on. The lines to find must stand in the
//! file exactly once; how far they are indented does not matter.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What an added line has in place of the question whether the defect is on.
const QUESTION: &str = "DEFECT";

/// A deliberate defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Its name: that of its file.
    pub name: String,
    /// What goes wrong, as a sentence.
    pub says: String,
    hunks: Vec<Hunk>,
}

/// What is changed in one place of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    /// The path from the top of the checkout.
    path: String,
    /// The lines to find.
    before: Vec<String>,
    /// The lines to put there.
    after: Vec<String>,
}

/// Why a defect cannot be planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The defect's name.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

impl std::error::Error for Misfit {}

/// Reads every defect of a folder, in the order of their names.
///
/// # Errors
/// Returns the first file that cannot be read or is no difference.
pub fn all(folder: &Path) -> Result<Vec<Defect>, Misfit> {
    let unreadable = |error: std::io::Error| Misfit {
        name: folder.display().to_string(),
        why: error.to_string(),
    };
    let mut defects = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        defects.push(Defect::parse(&name, &text)?);
    }
    defects.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(defects)
}

/// Puts all defects into one tree, and returns the files that are other than before, by their paths. `read` gives the
/// text of a file by its path from the top of the checkout.
///
/// # Errors
/// Returns every defect that does not fit.
pub fn plant(
    defects: &[Defect],
    read: impl Fn(&str) -> std::io::Result<String>,
) -> Result<BTreeMap<String, String>, Vec<Misfit>> {
    let (mut planted, mut misfits) = (BTreeMap::new(), Vec::new());
    for defect in defects {
        for hunk in &defect.hunks {
            let text = match planted.get(&hunk.path) {
                Some(text) => Ok(String::clone(text)),
                None => read(&hunk.path).map_err(|error| format!("{}: {error}", hunk.path)),
            };
            match text.and_then(|text| hunk.apply(&text)) {
                Ok(text) => drop(planted.insert(hunk.path.clone(), text)),
                Err(why) => misfits.push(defect.misfit(why)),
            }
        }
    }
    if misfits.is_empty() { Ok(planted) } else { Err(misfits) }
}

impl Defect {
    /// Reads a defect.
    ///
    /// # Errors
    /// Fails if the text is no difference, or if nothing that it adds asks whether the defect is on.
    pub fn parse(name: &str, text: &str) -> Result<Self, Misfit> {
        let question = format!("switchboard_domain::defects::is_on(\"{name}\")");
        let (says, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut defect =
            Self { name: name.to_owned(), says: says.trim().to_owned(), hunks: Vec::new() };
        let mut asks = false;
        for line in rest.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(path) = line.strip_prefix("--- ") {
                let path = path.trim().to_owned();
                defect.hunks.push(Hunk { path, before: Vec::new(), after: Vec::new() });
                continue;
            }
            let Some(hunk) = defect.hunks.last_mut() else {
                return Err(defect.misfit("a line stands before the first path".to_owned()));
            };
            let (sign, code) = line.split_at_checked(1).unwrap_or_default();
            match sign {
                " " => {
                    hunk.before.push(code.to_owned());
                    hunk.after.push(code.to_owned());
                }
                "-" => hunk.before.push(code.to_owned()),
                "+" => {
                    asks |= code.contains(QUESTION);
                    hunk.after.push(code.replace(QUESTION, &question));
                }
                _ => return Err(defect.misfit(format!("neither found nor added: {line:?}"))),
            }
        }
        match asks {
            true => Ok(defect),
            false => Err(defect.misfit(format!("no added line asks {QUESTION}"))),
        }
    }

    fn misfit(&self, why: String) -> Misfit {
        Misfit { name: self.name.clone(), why }
    }
}

impl Hunk {
    /// The text with this hunk in it.
    fn apply(&self, text: &str) -> Result<String, String> {
        let lines: Vec<&str> = text.lines().collect();
        let is_here = |from: &usize| {
            let here = lines[*from..].iter().map(|line| line.trim());
            self.before.iter().map(|line| line.trim()).eq(here.take(self.before.len()))
        };
        let mut places = (0..lines.len()).filter(is_here);
        let (Some(from), None) = (places.next(), places.next()) else {
            let times = (0..lines.len()).filter(is_here).count();
            return Err(format!("{} has {times} times: {:#?}", self.path, self.before));
        };
        let after = self.after.iter().map(String::as_str);
        let changed = lines[..from].iter().copied().chain(after);
        let changed = changed.chain(lines[from + self.before.len()..].iter().copied());
        Ok(changed.flat_map(|line| [line, "\n"]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: &str =
        "Nothing is ever late.\n\n--- rule.rs\n fn rule() {\n-if late {\n+if late && !DEFECT {\n";

    fn misfit(text: &str) -> String {
        Defect::parse("Never", text).expect_err("a misfit").to_string()
    }

    #[test]
    fn a_defect_is_put_in_the_place_of_what_it_names() {
        let defect = Defect::parse("Never", NEVER).expect("a difference");
        assert_eq!(
            (defect.name.as_str(), defect.says.as_str()),
            ("Never", "Nothing is ever late.")
        );
        let rule = "// A rule.\n    fn rule() {\n        if late {\n        }\n";
        let planted = plant(&[defect], |path| {
            Ok(if path == "rule.rs" { rule.into() } else { String::new() })
        });
        let expected = "// A rule.\nfn rule() {\nif late && !switchboard_domain::defects::is_on(\"Never\") {\n        }\n";
        assert_eq!(planted, Ok(BTreeMap::from([("rule.rs".to_owned(), expected.to_owned())])));
    }

    #[test]
    fn several_defects_share_a_file() {
        let add = |name: &str| {
            let text = format!("Adds {name}.\n\n--- rule.rs\n+let {name} = DEFECT;\n end\n");
            Defect::parse(name, &text).expect("a difference")
        };
        let planted = plant(&[add("a"), add("b")], |_| Ok("begin\nend\n".to_owned()));
        let planted = planted.expect("both fit");
        let names: Vec<&str> = planted["rule.rs"].lines().collect();
        assert_eq!(
            names,
            [
                "begin",
                "let a = switchboard_domain::defects::is_on(\"a\");",
                "let b = switchboard_domain::defects::is_on(\"b\");",
                "end"
            ]
        );
    }

    #[test]
    fn a_defect_whose_place_is_gone_or_not_the_only_one_is_named() {
        let defect = Defect::parse("Never", NEVER).expect("a difference");
        let why = |text: &'static str| {
            let misfits = plant(std::slice::from_ref(&defect), |_| Ok(text.to_owned()))
                .expect_err("no place");
            misfits.iter().map(Misfit::to_string).collect::<String>()
        };
        assert!(why("fn rule() {\n    if is_late {\n").starts_with("Never: rule.rs has 0 times"));
        let twice = "fn rule() {\n    if late {\n}\nfn rule() {\n    if late {\n";
        assert!(why(twice).starts_with("Never: rule.rs has 2 times"));
        let gone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let misfits = plant(std::slice::from_ref(&defect), gone).expect_err("no file");
        assert!(misfits[0].to_string().starts_with("Never: rule.rs: "), "{misfits:?}");
    }

    #[test]
    fn a_defect_that_can_change_nothing_is_refused() {
        assert_eq!(
            misfit("Nothing.\n\n--- rule.rs\n-late\n+later\n"),
            "Never: no added line asks DEFECT"
        );
        assert_eq!(misfit("Nothing."), "Never: no added line asks DEFECT");
        assert_eq!(misfit("Nothing.\n\n+DEFECT\n"), "Never: a line stands before the first path");
        assert!(
            misfit("Nothing.\n\n--- rule.rs\nlate\n").starts_with("Never: neither found nor added")
        );
    }
}
