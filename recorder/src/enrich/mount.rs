//! mount, `move_mount` and umount: the mount that came or went.

use event::{Detail, File, Mount, file_flags};

use super::{
    call::{FileCall, given, last_link, path_of},
    file::{FileEnricher, FileEvent, looked_up, not_found, unread},
    lookup::{LastLink, View, directory, find},
    path::{file_of_path, join},
};
use crate::{limits, mounts::MountInfo};

/// include/uapi/linux/mount.h
const MS_REMOUNT: u64 = 32;
const MS_BIND: u64 = 4096;
const MS_MOVE: u64 = 8192;

impl FileEnricher {
    pub(super) fn mounted(&mut self, call: &FileCall) -> FileEvent {
        let mut mount = as_asked(call);
        let Some(named) = call.second.as_ref().or(call.first.as_ref()) else {
            mount.mountpoint = unread();
            return mount_event(mount);
        };
        if call.ret < 0 {
            let asked = FileCall { first: Some(named.clone()), second: None, seen: None, ..call.clone() };
            mount.mountpoint = self.failed(&asked);
            return mount_event(mount);
        }
        let target = path_of(call, named);
        let source = source(call, &mount);
        if !seen_by_probe(call, &target, &mut mount) {
            self.look_in_table(call, &target, &mut mount);
        }
        // What is bound onto itself has been seen through the mount below until then.
        mount.bind_source_mount_id = match source {
            Some(id) if id == mount.mount_id => mount.parent_mount_id,
            id => id.unwrap_or(0),
        };
        if mount.mount_id != 0 {
            self.learn(call, &mut mount);
        }
        self.uncover(call.view, mount.mountpoint.path.as_bytes());
        if call.view == View::Own {
            self.remount();
        }
        mount_event(mount)
    }

    /// The topmost mount at the target, as the mount table tells it now.
    fn look_in_table(&mut self, call: &FileCall, target: &[u8], mount: &mut Mount) {
        let found = self.find(call.view, target, LastLink::Follow);
        let place = found.as_ref().map_or_else(|| target.to_vec(), |found| found.path.clone());
        mount.mountpoint = file_of_path(&place);
        self.mounts.load(call.view);
        let Some(info) = self.mounts.at(call.view, &mount.mountpoint.path).cloned() else {
            mount.mountpoint.error = Some(not_found(call));
            return;
        };
        mount.mount_id = info.id;
        mount.parent_mount_id = info.parent;
        mount.device = info.device;
        mount.group_id = info.group;
        mount.fs_type = info.fs_type.to_string();
        mount.root = file_of_path(info.root.as_bytes());
        mount.root.facts = found.map(|found| found.facts).filter(|facts| facts.mount_id == info.id);
        mount.root.flags |= file_flags::FROM_LOOKUP;
        if mount.source.is_empty() {
            mount.source = info.source;
        }
        let known = self.states.get(call.view, &place);
        if let Some(known) = known.filter(|known| known.facts.mount_id == mount.parent_mount_id) {
            mount.mountpoint.facts = Some(known.facts.clone());
            mount.mountpoint.flags |= file_flags::FROM_CACHE;
        }
    }

    /// Enters the new mount, and takes from the table what only it knows.
    fn learn(&mut self, call: &FileCall, mount: &mut Mount) {
        let existed = self.mounts.has(call.view, mount.mount_id);
        if existed && mount.flags & (MS_REMOUNT | MS_MOVE) != 0 {
            return;
        }
        if call.view != View::Own || mount.source.is_empty() {
            self.mounts.load(call.view);
        }
        if let Some(known) = self.mounts.get(call.view, mount.mount_id) {
            mount.group_id = known.group;
            if mount.source.is_empty() {
                mount.source.clone_from(&known.source);
            }
        }
        let info = MountInfo {
            id: mount.mount_id,
            parent: mount.parent_mount_id,
            device: mount.device,
            root: mount.root.path.clone(),
            path: mount.mountpoint.path.as_str().into(),
            fs_type: mount.fs_type.as_str().into(),
            source: mount.source.clone(),
            group: mount.group_id,
            from_event: true,
        };
        self.mounts.learn(call.view, info);
    }

    pub(super) fn unmounted(&mut self, call: &FileCall) -> FileEvent {
        let flags = u32::try_from(call.args[1] & u64::from(u32::MAX)).unwrap_or(0);
        let event = |file: File, mount_id: u32| FileEvent {
            file,
            destination: None,
            detail: Detail::Umount { mount_id, flags, path: given(call) },
        };
        let Some(named) = call.first.as_ref().filter(|_| call.ret >= 0) else {
            return event(self.failed(call), 0);
        };
        let found = self.find(call.view, &path_of(call, named), last_link(call));
        let file = match found {
            Some(found) => looked_up(&found.path, found.facts),
            None => Self::entry(call, named).1,
        };
        if file.path.is_empty() {
            return event(file, 0);
        }
        let before = self.mounts.at(call.view, &file.path).map(|mount| mount.id);
        self.uncover(call.view, file.path.as_bytes());
        if call.view == View::Own {
            self.remount();
        } else if let Some(id) = before {
            self.mounts.forget(call.view, id);
        }
        // One that is still there was not the one. One that was seen to be gone before is remembered.
        let gone = match call.view {
            View::Own => self.mounts.take_gone(&file.path),
            View::Foreign { .. } => before.filter(|id| !self.mounts.has(call.view, *id)),
        };
        event(file, gone.unwrap_or(0))
    }
}

/// The mount that the probe found, if it is where the caller wanted one. (The newest mount of a namespace is
/// another if the call made several: a tree of them, or copies for its peers.)
fn seen_by_probe(call: &FileCall, target: &[u8], mount: &mut Mount) -> bool {
    let (Some(seen), Some(new)) = (&call.seen, &call.mount) else { return false };
    let Some(root) = &seen.facts else { return false };
    let wanted = |path: &[u8]| path == seen.walk.path;
    if !wanted(target) && !directory(call.view, target).is_none_or(|real| wanted(&real)) {
        return false;
    }
    mount.mountpoint = file_of_path(&seen.walk.path);
    mount.mountpoint.facts.clone_from(&new.covered);
    mount.mountpoint.flags |= file_flags::FROM_KERNEL;
    mount.root = file_of_path(&new.root.path);
    mount.root.facts = Some(root.clone());
    mount.root.flags |= file_flags::FROM_KERNEL;
    mount.mount_id = root.mount_id;
    mount.parent_mount_id = new.covered.as_ref().map_or(0, |covered| covered.mount_id);
    mount.device = new.device;
    if mount.fs_type.is_empty() || mount.flags & MS_BIND != 0 {
        mount.fs_type = root.filesystem.to_string();
    }
    true
}

/// The mount that the source of a bind mount is seen through.
fn source(call: &FileCall, mount: &Mount) -> Option<u32> {
    let binds = mount.flags & MS_BIND != 0 && mount.flags & MS_REMOUNT == 0 && call.syscall == "mount";
    let first = call.first.as_ref().filter(|_| binds)?;
    let source = call.text.as_bytes();
    let absolute = |path: &[u8]| path.first() == Some(&b'/');
    let path = if absolute(source) && !absolute(&first.arg) {
        source.to_vec()
    } else if absolute(source) == absolute(&first.arg) {
        // From the same root or working directory as the target.
        join(&first.base.path, source)
    } else {
        join(
            &std::fs::read_link(format!("/proc/{}/cwd", call.caller.0))
                .ok()?
                .into_os_string()
                .into_encoded_bytes(),
            source,
        )
    };
    find(call.view, &path, LastLink::Follow).map(|found| found.facts.mount_id)
}

/// What the arguments say.
fn as_asked(call: &FileCall) -> Mount {
    let old = call.syscall == "mount";
    let mut fs_type = if old { call.text2.clone() } else { String::new() };
    fs_type.truncate(fs_type.floor_char_boundary(limits::FILESYSTEM_TYPE));
    Mount {
        source: call.text.clone(),
        fs_type,
        flags: if old { without_magic(call.args[3]) } else { call.args[4] & 0xffff_ffff },
        ..Mount::default()
    }
}

/// `MS_MGC_VAL`, which kernels before 2.4 wanted in the upper half, means nothing (fs/namespace.c, `path_mount`).
fn without_magic(flags: u64) -> u64 {
    if flags & 0xffff_0000 == 0xc0ed_0000 { flags & 0xffff } else { flags & 0xffff_ffff }
}

fn mount_event(mount: Mount) -> FileEvent {
    let file = mount.mountpoint.clone();
    FileEvent { file, destination: None, detail: Detail::Mount(Box::new(mount)) }
}
