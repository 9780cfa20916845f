//! Asking the filters of a segment whether something may be there.

use redb::{ReadOnlyTable, TableError};

use super::segment::View;
use crate::PathPattern;
use crate::bytes::Damaged;
use crate::index::filter::{Term, count, hash, may_have, part};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{FILTERS, PieceKey, piece_key};

/// The filters of a segment. What cannot be asked may have everything.
pub struct Filters(Option<ReadOnlyTable<&'static PieceKey, &'static [u8]>>);

/// Hashes of the terms that each path has that fits a pattern, of those that the filters of packed segments have, or those
/// of the blocks of others.
pub fn terms(pattern: &PathPattern, packed: bool) -> Vec<u64> {
    let exact = pattern.exact();
    if let Some(path) = exact.filter(|_| !packed) {
        return vec![hash(Term::Path, path.as_bytes())];
    }
    let directory = pattern.literal_prefix().rsplit_once('/').map(|(directory, _)| directory);
    let directory = directory.filter(|directory| !directory.is_empty());
    let last = exact.map(|path| path.rsplit('/').next().unwrap_or(path));
    let name = last.or(pattern.name()).filter(|_| packed);
    let directory = directory.map(|directory| hash(Term::Directory, format!("{directory}/").as_bytes()));
    directory.into_iter().chain(name.map(|name| hash(Term::Name, name.as_bytes()))).collect()
}

impl Filters {
    /// Of a segment.
    pub fn new(view: &View) -> Result<Self, FileError> {
        guarded(|| match view.transaction.open_table(FILTERS) {
            Ok(table) => Ok(Self(Some(table))),
            Err(TableError::TableDoesNotExist(_)) => Ok(Self(None)),
            Err(error) => Err(error.into()),
        })
    }

    /// Whether all of some terms may be in what a filter is of.
    pub fn may_have(&self, number: u64, hashes: &[u64]) -> bool {
        let Some(table) = &self.0 else { return true };
        let ask = || -> Result<bool, FileError> {
            let missing = Damaged("a part of a filter is missing");
            let first = table.get(&piece_key(number, 0))?.ok_or(missing)?;
            let parts = count(first.value())?;
            for hash in hashes {
                let may = match part(*hash, parts) {
                    0 => may_have(first.value(), *hash)?,
                    part => may_have(table.get(&piece_key(number, part))?.ok_or(missing)?.value(), *hash)?,
                };
                if !may {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        hashes.is_empty() || guarded(ask).unwrap_or(true)
    }
}
