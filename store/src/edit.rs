//! Changing what is kept of a store that nobody writes.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::pins::Pins;
use crate::reader::{Retained, Segment, Shared};
use crate::segment::file;
use crate::{OpenError, Options, Store};

/// A store whose pins may be changed; until it is dropped, nobody can write it.
#[derive(Debug)]
pub struct Editor {
    store: Store,
    /// Held until the end.
    _lock: File,
}

impl Editor {
    /// To read, and to pin and unpin.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// Opens a store that nobody writes to change its pins; the caps on them are those of `options`.
///
/// # Errors
/// If there is none, somebody writes it, or it comes from a newer release.
pub fn edit_pins(dir: &Path, options: &Options) -> Result<Editor, OpenError> {
    let segments = dir.join("segments");
    if !segments.is_dir() {
        return Err(OpenError::Missing { path: dir.to_owned() });
    }
    let lock = crate::writer::lock_exclusive(dir)?;
    let files = file::list(&segments).map_err(|source| OpenError::Io {
        action: "listing",
        path: segments.clone(),
        source,
    })?;
    let pins = Pins::load(dir).writable(dir, options.pin_limit(), None);
    let shared = Shared::new(Segment::look_all(files)?, pins, Some(Retained::new(options)), None);
    Ok(Editor { store: Store::of(Arc::new(shared)), _lock: lock })
}
