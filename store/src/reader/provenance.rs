//! What was found out about the files of a segment's contexts.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use event::{File, FileIdentity, HashState, Image, Provenance};
use redb::{ReadTransaction, ReadableTable, TableError};

use super::cache::{Cached, Sort};
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::context::{decode_stream, unpack_stream};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{PROVENANCE, PieceKey, all};

/// By file; the latest of each.
pub type Map = HashMap<FileIdentity, Arc<Provenance>>;
type Table = redb::ReadOnlyTable<&'static PieceKey, &'static [u8]>;

/// The table; `None` in segments of before there was one.
pub fn table(read: &ReadTransaction) -> Result<Option<Table>, FileError> {
    match read.open_table(PROVENANCE) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// All that a segment has. What of it is damaged is left out and noted.
pub fn load(shared: &Shared, segment: &Segment, view: &View) -> Result<Arc<Map>, FileError> {
    guarded(|| {
        let Some(table) = table(&view.transaction)? else { return Ok(Arc::default()) };
        // Rows are only added: the last one tells versions of an open segment apart.
        let version = table.last()?.map_or(0, |(key, _)| {
            let mut number = [0; 8];
            number.copy_from_slice(&key.value()[..8]);
            u64::from_be_bytes(number)
        });
        let key = (segment.uid, 0, version);
        if let Some(Cached::Provenance(map)) = shared.cache.get(Sort::Provenance, key) {
            return Ok(map);
        }
        let mut map = Map::new();
        let mut bytes = 0;
        all(&table, |row, value| {
            match unpack_stream(&value).and_then(|stream| decode_stream::<Arc<Provenance>>(&stream)) {
                Ok(some) => {
                    bytes += some.len() * (size_of::<Provenance>() + size_of::<FileIdentity>() + 64);
                    map.extend(some.into_iter().map(|one| (one.file, one)));
                }
                // Numbers that no block and no chunk has.
                Err(_) => shared.damaged(segment, (u64::MAX >> 1) + row, None),
            }
        })?;
        let map = Arc::new(map);
        shared.cache.put(Sort::Provenance, key, Cached::Provenance(Arc::clone(&map)), bytes);
        Ok(map)
    })
}

/// What is known of the files of a segment.
pub struct Files<'a> {
    shared: &'a Shared,
    segment: &'a Segment,
    own: Arc<Map>,
    /// Of the segment after: a file that was run shortly before the end is told of there.
    later: OnceLock<Arc<Map>>,
}

impl<'a> Files<'a> {
    pub fn new(shared: &'a Shared, segment: &'a Segment, view: &View) -> Result<Self, FileError> {
        Ok(Self { shared, segment, own: load(shared, segment, view)?, later: OnceLock::new() })
    }

    fn later(&self) -> &Map {
        self.later.get_or_init(|| {
            let next = self.shared.segments().into_iter().find(|other| other.number > self.segment.number);
            let load = |next: &Segment| load(self.shared, next, &self.shared.view(next)?);
            next.and_then(|next| load(&next).ok()).unwrap_or_default()
        })
    }

    fn of(&self, file: &File) -> Option<Arc<Provenance>> {
        let identity = file.facts.as_ref()?.identity()?;
        let own = self.own.get(&identity);
        if let Some(own) = own.filter(|own| own.state == HashState::Done) {
            return Some(Arc::clone(own));
        }
        self.later().get(&identity).or(own).cloned()
    }

    /// The image with what is known of its files.
    pub fn join(&self, image: Arc<Image>) -> Arc<Image> {
        let executable = self.of(&image.executable);
        let interpreter = image.interpreter.as_ref().and_then(|file| self.of(file));
        if executable.is_none() && interpreter.is_none() {
            return image;
        }
        let mut joined = Image::clone(&image);
        joined.executable.provenance = executable;
        if let Some(file) = &mut joined.interpreter {
            file.provenance = interpreter;
        }
        Arc::new(joined)
    }
}
