//! The indexes of packed segments: which blocks can have what is asked for.

use std::collections::HashSet;

use super::segment::View;
use super::select::Selected;
use crate::Filter;
use crate::segment::file::FileError;

/// First event ids of the blocks that can have something; `None` if every block must be asked.
pub fn candidates(_view: &View, _filter: &Filter, _selected: &Selected) -> Result<Option<HashSet<u64>>, FileError> {
    Ok(None)
}

/// Counts a packed segment's paths by its index; false if it has none.
pub fn counted(_view: &View, _counts: &mut super::paths::Counts<'_>) -> Result<bool, FileError> {
    Ok(false)
}
