//! What is told once in a chunk: credentials, containers, and the files that were executed, as `MessagePack`, for they
//! vary and are few.

use event::{Container, Credentials, File};
use serde::de::DeserializeOwned;

use super::decode::RANGE;
use crate::bytes::{Damaged, Input};

fn value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Damaged> {
    rmp_serde::from_slice(bytes).map_err(|_| Damaged("a value is damaged"))
}

/// What is told once in a chunk; which sort it is, is known where it is used, and is looked at when that is.
#[derive(Debug)]
enum Object {
    Credentials(Credentials),
    Container(Container),
    File(File),
}

/// By number.
#[derive(Debug)]
pub struct Objects(Vec<Object>);

impl Objects {
    /// Those that were referred to.
    pub fn decode(sorts: &Sorts<'_>) -> Result<Self, Damaged> {
        let known = sorts.known.iter().zip(&sorts.raw);
        known
            .map(|(sort, bytes)| sort.unwrap_or(Sort::File).decode(bytes))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Bytes in memory, without those of texts.
    pub const fn size(&self) -> usize {
        self.0.len() * size_of::<Object>()
    }

    /// Credentials.
    pub fn credentials(&self, place: u32) -> Option<&Credentials> {
        match self.0.get(place as usize)? {
            Object::Credentials(credentials) => Some(credentials),
            Object::Container(_) | Object::File(_) => None,
        }
    }

    /// A container.
    pub fn container(&self, place: u32) -> Option<&Container> {
        match self.0.get(place as usize)? {
            Object::Container(container) => Some(container),
            Object::Credentials(_) | Object::File(_) => None,
        }
    }

    /// A file.
    pub fn file(&self, place: u32) -> Option<&File> {
        match self.0.get(place as usize)? {
            Object::File(file) => Some(file),
            Object::Credentials(_) | Object::Container(_) => None,
        }
    }
}

/// The sort of an object, told by who refers to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Credentials,
    Container,
    File,
}

impl Sort {
    fn decode(self, bytes: &[u8]) -> Result<Object, Damaged> {
        Ok(match self {
            Self::Credentials => Object::Credentials(value(bytes)?),
            Self::Container => Object::Container(value(bytes)?),
            Self::File => Object::File(value(bytes)?),
        })
    }
}

/// Objects before it is known what they are.
pub struct Sorts<'a> {
    raw: Vec<&'a [u8]>,
    known: Vec<Option<Sort>>,
}

impl<'a> Sorts<'a> {
    /// From the column of objects.
    pub fn new(objects: &'a [u8]) -> Result<Self, Damaged> {
        let (mut input, mut raw) = (Input(objects), Vec::new());
        while !input.0.is_empty() {
            raw.push(input.bytes()?);
        }
        Ok(Self { known: vec![None; raw.len()], raw })
    }

    /// Somebody refers to one as of that sort.
    pub fn is(&mut self, place: u32, sort: Sort) -> Result<(), Damaged> {
        let known = self.known.get_mut(place as usize).ok_or(RANGE)?;
        if *known.get_or_insert(sort) == sort { Ok(()) } else { Err(RANGE) }
    }
}
