//! Which layer of an overlay a file was in before a call: a change copies it up, so it is the layer before that tells
//! whether the file was of the image.

use event::{
    Detail, FileFacts, Kind, Nanos,
    file_flags::{CREATED, LOWER_LAYER, UPPER_LAYER},
};

use super::{
    call::FileCall,
    lookup::{LastLink, find},
    states::FileStates,
};

/// The bits of [`event::file_flags`] that are a layer.
pub const LAYERS: u32 = UPPER_LAYER | LOWER_LAYER;

/// Up to this time before a call a file in the upper layer that no event told of was copied there by the call itself.
const RECENT: Nanos = 10_000_000_000;

/// Layers before and after a call; 0 if unknown, or on no overlay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Before.
    pub before: u32,
    /// After.
    pub after: u32,
}

/// Finds the layer of a file before and after a call. `facts`: of after it. `told`: `CREATED` and the layer that the
/// probe saw after it. `since`: when the recorder began to know every file that was made.
pub fn layer(
    states: &FileStates,
    call: &FileCall,
    path: &[u8],
    facts: &FileFacts,
    told: u32,
    since: Nanos,
) -> Layer {
    if &*facts.filesystem != "overlay" {
        return Layer::default();
    }
    let after = match told & LAYERS {
        0 if changes(call) => UPPER_LAYER,
        seen => seen,
    };
    if told & CREATED != 0 || call.kind == Kind::Mkdir {
        return Layer { before: UPPER_LAYER, after: UPPER_LAYER };
    }
    let known = states.get(call.view, path).map_or(0, |known| known.layer);
    let before = match after {
        // Nothing goes down again.
        LOWER_LAYER => LOWER_LAYER,
        UPPER_LAYER if !changes(call) => UPPER_LAYER,
        _ if known != 0 => known,
        UPPER_LAYER => copied_by(call, path, since),
        _ => 0,
    };
    Layer { before, after }
}

/// Does the call, having succeeded, leave its file in the upper layer?
fn changes(call: &FileCall) -> bool {
    const O_ACCMODE: u32 = 3;
    const O_TRUNC: u32 = 0o1000;
    const O_PATH: u32 = 0o10_000_000;
    if call.ret < 0 {
        return false;
    }
    match super::call::detail(call) {
        Detail::Open { flags, .. } => flags & O_PATH == 0 && flags & (O_ACCMODE | O_TRUNC) != 0,
        _ => !matches!(call.kind, Kind::Chdir | Kind::Mount | Kind::Umount),
    }
}

/// Nothing is known of a file that is in the upper layer after a change. The inode there was made by copying or by an
/// older creation; every creation since the recorder runs has told of the file.
fn copied_by(call: &FileCall, path: &[u8], since: Nanos) -> u32 {
    match find(call.view, path, LastLink::Keep).and_then(|found| found.born) {
        Some(born) if born > since && born > call.time - RECENT => LOWER_LAYER,
        Some(_) => UPPER_LAYER,
        None => 0,
    }
}
