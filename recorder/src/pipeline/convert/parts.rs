//! Parts of a record in the model's words.

use std::cell::RefCell;
use std::sync::Arc;

use abi::{PartTag, part_flags};
use event::{Credentials, File, FileFacts, file_flags};

use crate::{
    decode::Record,
    enrich::{Named, Walk, file_of_walk},
    limits,
    process::display,
};

pub(super) fn walk(walked: &crate::decode::WalkedPath) -> Walk {
    Walk {
        path: walked.path.clone(),
        truncated: walked.flags & (part_flags::TRUNCATED | part_flags::FAULT) != 0,
        detached: walked.flags & part_flags::DETACHED != 0,
        deleted: walked.flags & part_flags::DELETED != 0,
    }
}

pub(super) fn named(record: &Record<'_>, base: PartTag, arg: PartTag) -> Option<Named> {
    let (bytes, flags) = record.part(arg)?;
    Some(Named {
        base: record.path(base).map(|walked| walk(&walked)).unwrap_or_default(),
        arg: bytes.to_vec(),
        fault: flags & (part_flags::FAULT | part_flags::TRUNCATED) != 0,
    })
}

pub(super) fn text(record: &Record<'_>, tag: PartTag) -> String {
    record.part(tag).map(|(bytes, _)| display(bytes)).unwrap_or_default()
}

pub(super) fn credentials(record: &Record<'_>) -> Option<Credentials> {
    let seen = record.credentials()?;
    Some(Credentials {
        uid: seen.uid,
        gid: seen.gid,
        euid: seen.euid,
        egid: seen.egid,
        fsuid: seen.fsuid,
        fsgid: seen.fsgid,
        cap_effective: seen.cap_effective,
        cap_permitted: seen.cap_permitted,
        auid: seen.auid,
        session: seen.session,
        ..Credentials::default()
    })
}

/// The file that the probe walked to.
pub(super) fn file_seen(record: &Record<'_>) -> Option<File> {
    let walk = walk(&record.path(PartTag::Path)?);
    let mut file = file_of_walk(&walk.path, walk.truncated, walk.detached, walk.deleted);
    if let Some(facts) = record.facts() {
        file.facts = Some(facts_of(&facts));
        file.flags |= file_flags::FROM_KERNEL;
    }
    Some(file)
}

pub(super) fn facts_of(seen: &abi::FileFacts) -> FileFacts {
    let name = seen.filesystem.split(|byte| *byte == 0).next().unwrap_or_default();
    FileFacts {
        inode: seen.inode,
        mode: seen.mode,
        uid: seen.uid,
        gid: seen.gid,
        mtime: seen.mtime,
        ctime: seen.ctime,
        mount_id: seen.mount_id,
        filesystem: filesystem_name(name),
        ..FileFacts::default()
    }
}

/// Name of a file system's type. Few of them have nearly all files: the names of those met lately are shared.
fn filesystem_name(name: &[u8]) -> Arc<str> {
    thread_local! {
        static KNOWN: RefCell<Vec<Arc<str>>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(known) = known.iter().find(|known| known.as_bytes() == name) {
            return Arc::clone(known);
        }
        if known.len() == limits::FILESYSTEM_NAMES {
            known.clear();
        }
        let name: Arc<str> = display(name).into();
        known.push(Arc::clone(&name));
        name
    })
}
