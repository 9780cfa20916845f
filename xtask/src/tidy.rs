//! Rules that no compiler checks, as tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file longer than this has more than one idea in it.
const MAX_LINES: usize = 500;
/// Directories that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "corpus", "corpus-found", "artifacts"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) && !name.starts_with("target-") {
                directories.push(entry.path());
            } else if kind.is_file() && wanted(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

/// Fails with every complaint at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn sources_are_ascii_and_short() {
    let mut complaints = Vec::new();
    for path in files(|path| has_extension(path, &["rs", "toml", "sh"]) || path.ends_with("x")) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if !line.is_ascii() {
                complaints.push(format!("{}:{}: not ASCII", path.display(), number + 1));
            }
        }
        if text.lines().count() > MAX_LINES {
            complaints.push(format!("{}: more than {MAX_LINES} lines", path.display()));
        }
    }
    none(&complaints);
}

#[test]
fn every_source_file_says_what_it_is() {
    let mut complaints = Vec::new();
    for path in files(|path| has_extension(path, &["rs"])) {
        let text = fs::read_to_string(&path).unwrap();
        if !text.lines().any(|line| line.starts_with("//!")) {
            complaints.push(format!("{}: no //! at its head", path.display()));
        }
    }
    none(&complaints);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    // In parts, so that this file does not find itself.
    let words = [["/wo", "rk/"], ["/tmp/", "tacho/"], ["/home/", "user"], ["/root/", ".cargo"]]
        .map(|parts| parts.concat());
    let mut complaints = Vec::new();
    for path in files(|path| has_extension(path, &["rs", "toml", "md", "sh"]) || path.ends_with("x")) {
        let text = fs::read_to_string(&path).unwrap();
        for word in words.iter().filter(|word| text.contains(word.as_str())) {
            complaints.push(format!("{}: contains {word}", path.display()));
        }
    }
    none(&complaints);
}
