//! JSON objects that leave out what is not known.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Date;
use crate::Nanos;

/// An object being written. Empty strings, zero times, zero numbers and false flags are left out, as the schema's
/// publisher does, unless written with [`Object::put`].
pub(super) struct Object<M>(M);

impl<M: SerializeMap> Object<M> {
    pub(super) fn open<S: Serializer<SerializeMap = M, Error = M::Error>>(
        serializer: S,
    ) -> Result<Self, M::Error> {
        serializer.serialize_map(None).map(Self)
    }

    pub(super) fn put<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    pub(super) fn some<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<T>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(name, &value))
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) -> Result<(), M::Error> {
        if value.is_empty() { Ok(()) } else { self.put(name, value) }
    }

    pub(super) fn date(&mut self, name: &'static str, value: Nanos) -> Result<(), M::Error> {
        if value == 0 { Ok(()) } else { self.put(name, &Date(value)) }
    }

    pub(super) fn number(&mut self, name: &'static str, value: u64) -> Result<(), M::Error> {
        if value == 0 { Ok(()) } else { self.put(name, &value) }
    }

    pub(super) fn flag(&mut self, name: &'static str, value: bool) -> Result<(), M::Error> {
        if value { self.put(name, &true) } else { Ok(()) }
    }

    pub(super) fn list<T: Serialize>(&mut self, name: &'static str, value: &[T]) -> Result<(), M::Error> {
        if value.is_empty() { Ok(()) } else { self.put(name, value) }
    }

    pub(super) fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}
