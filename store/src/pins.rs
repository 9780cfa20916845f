//! Pins: named spans of time (an incident) whose segments are neither removed nor thinned.
//!
//! They are one file of the store, `pins`, replaced whole: written beside, synced, renamed, and the directory synced.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event::Nanos;
use serde::Serialize;

use crate::faults::Watch;
use crate::limits::{MAX_PINS, PIN_NAME, PINS_BYTES};
use crate::segment::backend;

/// Name of the file.
const NAME: &str = "pins";
/// Its first line.
pub(crate) const MAGIC: &str = "tachopins1";

/// A span that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// What it is called: 1 to 64 ASCII letters, digits, `.`, `_` and `-`, the first one a letter or digit.
    pub name: String,
    /// First moment, nanoseconds since 1970.
    pub since: Nanos,
    /// First moment after it.
    pub until: Nanos,
    /// When it was made.
    pub created: Nanos,
}

/// A pin and what it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinStats {
    /// The pin.
    #[serde(flatten)]
    pub pin: Pin,
    /// Segments that it keeps.
    pub segments: u64,
    /// Events in them; those just outside of the span are among them.
    pub events: u64,
    /// Bytes of them; a segment that two pins keep counts for both.
    pub bytes: u64,
}

/// A pin was not made or not removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// The name has what a name may not have.
    #[error(
        "a pin's name is 1 to {PIN_NAME} letters, digits, '.', '_' and '-', and begins with a letter or digit"
    )]
    BadName,
    /// There is one by that name.
    #[error("there is a pin {0:?} already: choose another name, or unpin it first")]
    Exists(String),
    /// There is none by that name.
    #[error("there is no pin {0:?}")]
    Unknown(String),
    /// The span ends before it begins.
    #[error("the span is empty: it must begin before it ends")]
    EmptySpan,
    /// Nobody knows how much will be recorded.
    #[error("the span reaches into the future: only what is recorded can be pinned")]
    Future,
    /// There is nothing to keep.
    #[error("nothing is recorded in that span")]
    Nothing,
    /// Too many.
    #[error("there are {MAX_PINS} pins already: unpin some")]
    TooMany,
    /// It does not fit under its cap.
    #[error(
        "the pin needs {needed} bytes more, and of the {limit} bytes that pins may keep {used} are in use: narrow the span, unpin something, or raise pin_max_size"
    )]
    Full {
        /// Bytes of the segments that no other pin keeps.
        needed: u64,
        /// Bytes that pins keep already.
        used: u64,
        /// Bytes that they may keep.
        limit: u64,
    },
    /// This store is open for reading only.
    #[error("this store is open for reading only: pin at its recorder, or with --store if nobody writes it")]
    ReadOnly,
    /// The file could not be written; the pins are as they were.
    #[error("writing {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The pins of a store.
#[derive(Debug, Default)]
pub struct Pins {
    list: Vec<Pin>,
    /// Directory of the store, if they may be changed.
    dir: Option<PathBuf>,
    /// Sees what is done to the file.
    watch: Option<Arc<dyn Watch>>,
    /// Bytes that they may keep.
    pub limit: Option<u64>,
}

/// Whether a text can be a pin's name.
pub fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=PIN_NAME).contains(&name.len())
        && name.bytes().all(allowed)
        && name.as_bytes()[0].is_ascii_alphanumeric()
}

impl Pins {
    /// Those of a directory; none if the file is missing. Lines that are damaged are left out and told: a pin less must
    /// not keep a recorder from starting.
    pub fn load(dir: &Path) -> Self {
        let path = dir.join(NAME);
        let list = match read(&path) {
            Ok(text) => parse(&text, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "the pins cannot be read: nothing is pinned");
                Vec::new()
            }
        };
        Self { list, ..Self::default() }
    }

    /// The same, to be changed; at most `limit` bytes may be pinned.
    pub fn writable(mut self, dir: &Path, limit: u64, watch: Option<Arc<dyn Watch>>) -> Self {
        self.dir = Some(dir.to_owned());
        self.limit = Some(limit);
        self.watch = watch;
        self
    }

    /// All of them, in order of making.
    pub fn list(&self) -> &[Pin] {
        &self.list
    }

    /// Whether a span touches a pinned one. Both ends of `from..=to` belong to it.
    pub fn keep(&self, from: Nanos, to: Nanos) -> bool {
        self.list.iter().any(|pin| pin.touches(from, to))
    }

    /// Checks all but what the segments tell.
    pub fn check(&self, pin: &Pin) -> Result<(), PinError> {
        if self.dir.is_none() {
            return Err(PinError::ReadOnly);
        }
        if !is_name(&pin.name) {
            return Err(PinError::BadName);
        }
        if pin.since >= pin.until {
            return Err(PinError::EmptySpan);
        }
        if self.list.iter().any(|other| other.name == pin.name) {
            return Err(PinError::Exists(pin.name.clone()));
        }
        if self.list.len() >= MAX_PINS {
            return Err(PinError::TooMany);
        }
        Ok(())
    }

    /// Adds one, durably.
    pub fn add(&mut self, pin: Pin) -> Result<(), PinError> {
        self.check(&pin)?;
        let mut list = self.list.clone();
        list.push(pin);
        self.replace(list)
    }

    /// Removes one, durably.
    pub fn remove(&mut self, name: &str) -> Result<Pin, PinError> {
        if self.dir.is_none() {
            return Err(PinError::ReadOnly);
        }
        let mut list = self.list.clone();
        let Some(place) = list.iter().position(|pin| pin.name == name) else {
            return Err(PinError::Unknown(name.to_owned()));
        };
        let removed = list.remove(place);
        self.replace(list)?;
        Ok(removed)
    }

    fn replace(&mut self, list: Vec<Pin>) -> Result<(), PinError> {
        let Some(dir) = &self.dir else { return Err(PinError::ReadOnly) };
        let path = dir.join(NAME);
        write(dir, &path, &list, self.watch.as_ref()).map_err(|source| PinError::Io { path, source })?;
        self.list = list;
        Ok(())
    }
}

impl Pin {
    /// Whether a span, both ends belonging to it, touches it.
    pub(crate) const fn touches(&self, from: Nanos, to: Nanos) -> bool {
        from < self.until && to >= self.since
    }
}

fn read(path: &Path) -> io::Result<String> {
    if std::fs::metadata(path)?.len() > PINS_BYTES {
        return Err(io::Error::other("it is larger than any list of pins"));
    }
    std::fs::read_to_string(path)
}

pub(crate) fn parse(text: &str, path: &Path) -> Vec<Pin> {
    let mut lines = text.lines();
    if lines.next() != Some(MAGIC) {
        tracing::warn!(file = %path.display(), "this is no list of pins: nothing is pinned");
        return Vec::new();
    }
    let mut list: Vec<Pin> = Vec::new();
    for line in lines {
        match line_of(line) {
            Some(pin) if list.len() < MAX_PINS && list.iter().all(|other| other.name != pin.name) => {
                list.push(pin);
            }
            _ => tracing::warn!(file = %path.display(), line, "a line of the pins is left out"),
        }
    }
    list
}

fn line_of(line: &str) -> Option<Pin> {
    let mut words = line.split(' ');
    let name = words.next().filter(|name| is_name(name))?.to_owned();
    let mut time = || words.next()?.parse::<Nanos>().ok();
    let pin = Pin { name, since: time()?, until: time()?, created: time()? };
    (words.next().is_none() && pin.since < pin.until).then_some(pin)
}

/// What the file has.
pub(crate) fn text(list: &[Pin]) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{MAGIC}\n");
    for Pin { name, since, until, created } in list {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} {since} {until} {created}");
    }
    text
}

fn write(dir: &Path, path: &Path, list: &[Pin], watch: Option<&Arc<dyn Watch>>) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let written = backend::write_new(watch, &temporary, text(list).as_bytes())
        .and_then(|()| backend::rename(watch, &temporary, path));
    if written.is_err() {
        let _ = backend::remove(watch, &temporary);
    }
    written?;
    // The name must be as durable as what it names.
    backend::sync_directory(watch, dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(name: &str, since: Nanos, until: Nanos) -> Pin {
        Pin { name: name.to_owned(), since, until, created: 7 }
    }

    fn writable(dir: &Path) -> Pins {
        Pins::load(dir).writable(dir, 100, None)
    }

    #[test]
    fn pins_are_there_after_a_restart_and_gone_when_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut pins = writable(dir.path());
        pins.add(pin("a", 5, 9)).unwrap();
        pins.add(pin("b-2.x_", -3, i64::MAX)).unwrap();
        assert_eq!(Pins::load(dir.path()).list(), pins.list());
        assert!(matches!(pins.add(pin("a", 1, 2)), Err(PinError::Exists(_))));
        assert_eq!(pins.remove("a").unwrap(), pin("a", 5, 9));
        assert!(matches!(pins.remove("a"), Err(PinError::Unknown(_))));
        assert_eq!(Pins::load(dir.path()).list(), [pin("b-2.x_", -3, i64::MAX)]);
    }

    #[test]
    fn names_that_could_break_the_file_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut pins = writable(dir.path());
        for name in ["", " ", "a b", "a\nb", "-a", ".a", "\u{e9}", &"x".repeat(PIN_NAME + 1)] {
            assert!(matches!(pins.add(pin(name, 1, 2)), Err(PinError::BadName)), "{name:?}");
        }
        assert!(matches!(pins.add(pin("a", 2, 2)), Err(PinError::EmptySpan)));
        assert!(matches!(Pins::load(dir.path()).add(pin("a", 1, 2)), Err(PinError::ReadOnly)));
    }

    #[test]
    fn damaged_lines_cost_only_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let text =
            "tachopins1\na 1 2 3\nb 1\nc 2 1 3\n\nd 1 2 3 4\na 5 6 7\ne 1 99999999999999999999 3\nf 1 2 3\n";
        std::fs::write(dir.path().join(NAME), text).unwrap();
        let pins = Pins::load(dir.path());
        let names: Vec<_> = pins.list().iter().map(|pin| pin.name.as_str()).collect();
        assert_eq!(names, ["a", "f"]);
        std::fs::write(dir.path().join(NAME), b"\xff\xfe").unwrap();
        assert!(Pins::load(dir.path()).list().is_empty());
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_file_has_it_is_read_and_written_again(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            lines in "([a-c ]{0,3} ?-?[0-9]{0,20} ?){0,9}",
        ) {
            let dir = tempfile::tempdir().unwrap();
            for content in [bytes, format!("{MAGIC}\n{}", lines.replace("  ", "\n")).into_bytes()] {
                std::fs::write(dir.path().join(NAME), content).unwrap();
                let mut pins = writable(dir.path());
                let known = pins.list().to_vec();
                pins.add(pin("new", 1, 2)).unwrap();
                let again = Pins::load(dir.path());
                proptest::prop_assert_eq!(&again.list()[..known.len()], known);
            }
        }
    }

    #[test]
    fn a_span_is_kept_if_it_touches_a_pin() {
        let pins = Pins { list: vec![pin("a", 10, 20)], ..Pins::default() };
        for (from, to, kept) in [(0, 9, false), (0, 10, true), (19, 30, true), (20, 30, false), (0, 99, true)]
        {
            assert_eq!(pins.keep(from, to), kept, "{from}..={to}");
        }
    }
}
