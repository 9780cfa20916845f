//! The words the tables are written in.

use super::Version;

/// One definition of the schema (an entry of `$defs`), through all generations.
pub(super) struct Definition {
    name: &'static str,
    before_v3: Option<&'static str>,
    in_v1: Option<&'static str>,
    pub(super) shape: Shape,
}

/// What a definition is.
pub(super) enum Shape {
    /// An object with these members and no others.
    Object(&'static [Field]),
    /// An array.
    List(&'static Definition),
    /// An object with any members.
    Free,
}

/// A member of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) holds: Type,
    presence: [Presence; 5],
}

/// Whether a generation has a member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Absent,
    Optional,
    Required,
}

/// What a member holds.
pub(super) enum Type {
    Text,
    /// RFC 3339.
    Date,
    Integer,
    Boolean,
    Texts,
    /// No restriction at all.
    Anything,
    /// An array of anything.
    Anythings,
    /// An object whose members are all arrays of strings.
    TextsByName,
    One(&'static Definition),
    Many(&'static Definition),
}

/// A member. `presence` has one letter a generation, oldest first: `R` required, `o` optional, `-` absent.
pub(super) const fn field(name: &'static str, holds: Type, presence: &str) -> Field {
    let letters = presence.as_bytes();
    assert!(letters.len() == 5, "one letter for each generation");
    let mut parsed = [Presence::Absent; 5];
    let mut index = 0;
    while index < parsed.len() {
        parsed[index] = match letters[index] {
            b'R' => Presence::Required,
            b'o' => Presence::Optional,
            other => {
                assert!(other == b'-', "presence is written with R, o and -");
                Presence::Absent
            }
        };
        index += 1;
    }
    Field { name, holds, presence: parsed }
}

impl Field {
    pub(super) const fn in_version(&self, version: Version) -> Presence {
        self.presence[version.index()]
    }
}

impl Definition {
    pub(super) const fn object(name: &'static str, fields: &'static [Field]) -> Self {
        Self { name, before_v3: None, in_v1: None, shape: Shape::Object(fields) }
    }

    pub(super) const fn list(name: &'static str, element: &'static Self) -> Self {
        Self { name, before_v3: None, in_v1: None, shape: Shape::List(element) }
    }

    pub(super) const fn free(name: &'static str) -> Self {
        Self { name, before_v3: None, in_v1: None, shape: Shape::Free }
    }

    /// Its name in v1 (before the suffix) and v2, where it was another.
    pub(super) const fn before_v3(mut self, name: &'static str) -> Self {
        self.before_v3 = Some(name);
        self
    }

    /// Its name in v1 (before the suffix), where it was another.
    pub(super) const fn in_v1(mut self, name: &'static str) -> Self {
        self.in_v1 = Some(name);
        self
    }

    /// Its name in a generation.
    pub(super) fn name_in(&self, version: Version) -> String {
        let before_v3 = self.before_v3.unwrap_or(self.name);
        match version {
            Version::V1 => format!("{}Serializer", self.in_v1.unwrap_or(before_v3)),
            Version::V2 => before_v3.to_owned(),
            Version::V3 | Version::V4 | Version::V5 => self.name.to_owned(),
        }
    }
}
