//! The generations of the schema, and which rendering a reader asks for.

use std::fmt;
use std::str::FromStr;

/// A generation of the backend event schema, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// The first: file, process and `SELinux` events, definitions named `...Serializer`.
    V1,
    /// The same with other names, and no `executable_*` copies.
    V2,
    /// Kernel and network objects.
    V3,
    /// Interpreters and kernel workers.
    V4,
    /// The newest: agent, title, syscall arguments, mounts.
    V5,
}

impl Version {
    /// All, oldest first.
    pub const ALL: [Self; 5] = [Self::V1, Self::V2, Self::V3, Self::V4, Self::V5];

    /// Word of the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
            Self::V4 => "v4",
            Self::V5 => "v5",
        }
    }

    /// Place in the order of generations, from 0.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an event is rendered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rendering {
    /// One object of that generation, nothing added.
    Schema(Version),
    /// `v5` and one key more, `tacho`: what the schema has no room for.
    Full,
}

impl Rendering {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Schema(Version::V1),
        Self::Schema(Version::V2),
        Self::Schema(Version::V3),
        Self::Schema(Version::V4),
        Self::Schema(Version::V5),
        Self::Full,
    ];

    /// Word of the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Schema(version) => version.name(),
            Self::Full => "full",
        }
    }
}

impl Default for Rendering {
    fn default() -> Self {
        Self::Schema(Version::V5)
    }
}

/// A word that names no generation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such schema: {0:?} (there are v1, v2, v3, v4, v5)")]
pub struct UnknownVersion(pub String);

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| version.name() == text)
            .ok_or_else(|| UnknownVersion(text.chars().take(32).collect()))
    }
}
