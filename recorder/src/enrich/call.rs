//! A file call as a record tells it: its paths, and what its arguments say.

use event::{Detail, File, FileFacts, Kind, Nanos};

use crate::{
    enrich::{
        lookup::{LastLink, View},
        path::{climbs, errors, file_of_walk, join},
    },
    limits,
    process::display,
};

/// A path that the kernel walked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Absolute.
    pub path: Vec<u8>,
    /// Cut at a limit.
    pub truncated: bool,
    /// Outside any file system tree.
    pub detached: bool,
    /// Unlinked.
    pub deleted: bool,
}

/// A path that the caller named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// What it is relative to.
    pub base: Walk,
    /// The caller's string; empty means the base itself.
    pub arg: Vec<u8>,
    /// The string could not be read, or not wholly.
    pub fault: bool,
}

/// An object that the probe saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its path.
    pub walk: Walk,
    /// Its facts.
    pub facts: Option<FileFacts>,
    /// `CREATED` and the layers of [`event::file_flags`], the layer being that after the call.
    pub flags: u32,
}

/// What the probe saw of a new mount beside its root, which is [`FileCall::seen`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMount {
    /// Its root within the file system.
    pub root: Walk,
    /// Device of the file system.
    pub device: u32,
    /// The directory beneath, seen through the mount that it is in.
    pub covered: Option<FileFacts>,
}

/// A file call, out of a record.
#[derive(Clone, Debug)]
pub struct FileCall {
    /// What it becomes.
    pub kind: Kind,
    /// Name of the syscall in the x86-64 table.
    pub syscall: &'static str,
    /// Its arguments (openat2: flags and mode at 2 and 3).
    pub args: [u64; 6],
    /// What it returned.
    pub ret: i64,
    /// Process and thread.
    pub caller: (u32, u32),
    /// When it returned.
    pub time: Nanos,
    /// The object that the probe saw.
    pub seen: Option<Seen>,
    /// First path.
    pub first: Option<Named>,
    /// Second path.
    pub second: Option<Named>,
    /// The mount that it made.
    pub mount: Option<NewMount>,
    /// A string that is no path: an attribute's name, a mount's source.
    pub text: String,
    /// Another: a file system type.
    pub text2: String,
    /// A structure of the caller.
    pub memory: Vec<u8>,
    /// Whose view the paths are in.
    pub view: View,
}

const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
const AT_SYMLINK_FOLLOW: u64 = 0x400;
const UMOUNT_NOFOLLOW: u64 = 8;
const O_NOFOLLOW: u64 = 0o400_000;
const O_WRONLY: u32 = 0o1;
const O_CREAT: u32 = 0o100;
const O_TRUNC: u32 = 0o1000;

/// The path as the caller named it, joined.
pub fn as_named(call: &FileCall, named: &Named) -> File {
    if named.fault && named.arg.is_empty() {
        return File { error: Some(errors::FAULT.to_owned()), ..File::default() };
    }
    let path = path_of(call, named);
    let mut file = file_of_walk(&path, named.base.truncated, named.base.detached, false);
    if named.fault {
        file.error = Some(errors::FAULT.to_owned());
    } else if file.error.is_none() && call.ret < 0 && climbs(&path) {
        file.error = Some(errors::UNRESOLVED.to_owned());
    }
    file
}

/// Joined, with the names by which a process finds itself in /proc put right: the recorder would find itself.
pub fn path_of(call: &FileCall, named: &Named) -> Vec<u8> {
    let path = join(&named.base.path, &named.arg);
    let (pid, tid) = call.caller;
    let instead = [
        (&b"/proc/self"[..], format!("/proc/{pid}")),
        (b"/proc/thread-self", format!("/proc/{pid}/task/{tid}")),
        (b"/dev/fd", format!("/proc/{pid}/fd")),
    ];
    for (alias, real) in instead {
        if let Some(rest) =
            path.strip_prefix(alias).filter(|rest| rest.first().is_none_or(|byte| *byte == b'/'))
        {
            return [real.as_bytes(), rest].concat();
        }
    }
    path
}

pub fn last_link(call: &FileCall) -> LastLink {
    let keeps = match call.syscall {
        "lchown" | "lsetxattr" | "lremovexattr" | "mkdir" | "mkdirat" | "link" | "unlink" | "unlinkat"
        | "rmdir" | "rename" | "renameat" | "renameat2" => true,
        "umount2" => call.args[1] & UMOUNT_NOFOLLOW != 0,
        "setxattrat" | "removexattrat" => call.args[2] & AT_SYMLINK_NOFOLLOW != 0,
        "open" => call.args[1] & O_NOFOLLOW != 0,
        "openat" | "openat2" => call.args[2] & O_NOFOLLOW != 0,
        "fchownat" => call.args[4] & AT_SYMLINK_NOFOLLOW != 0,
        "fchmodat2" | "utimensat" => call.args[3] & AT_SYMLINK_NOFOLLOW != 0,
        "linkat" => call.args[4] & AT_SYMLINK_FOLLOW == 0,
        _ => false,
    };
    if keeps { LastLink::Keep } else { LastLink::Follow }
}

/// Arguments are `int` or `umode_t` in the kernel: the upper half of a register means nothing.
pub fn detail(call: &FileCall) -> Detail {
    let arg = |index: usize| u32::try_from(call.args[index] & u64::from(u32::MAX)).unwrap_or(0);
    match call.syscall {
        "open" => Detail::Open { flags: arg(1), mode: arg(2) },
        "openat" | "openat2" => Detail::Open { flags: arg(2), mode: arg(3) },
        "open_by_handle_at" => Detail::Open { flags: arg(2), mode: 0 },
        "creat" => Detail::Open { flags: O_CREAT | O_WRONLY | O_TRUNC, mode: arg(1) },
        "truncate" | "ftruncate" => Detail::Open { flags: O_WRONLY | O_TRUNC, mode: 0 },
        "mkdir" => Detail::Mkdir { mode: arg(1) },
        "mkdirat" => Detail::Mkdir { mode: arg(2) },
        "unlinkat" => Detail::Unlink { flags: arg(2) },
        "unlink" => Detail::Unlink { flags: 0 },
        "renameat2" => Detail::Rename { flags: arg(4) },
        "rename" | "renameat" => Detail::Rename { flags: 0 },
        "chmod" => Detail::Chmod { mode: arg(1), path: given(call) },
        "fchmod" => Detail::Chmod { mode: arg(1), path: String::new() },
        "fchmodat" | "fchmodat2" => Detail::Chmod { mode: arg(2), path: given(call) },
        "chown" | "lchown" | "fchown" => {
            Detail::Chown { uid: arg(1).cast_signed(), gid: arg(2).cast_signed() }
        }
        "fchownat" => Detail::Chown { uid: arg(2).cast_signed(), gid: arg(3).cast_signed() },
        "chdir" => Detail::Chdir { path: given(call) },
        "fchdir" => Detail::Chdir { path: String::new() },
        "setxattr" | "lsetxattr" | "fsetxattr" => xattr(call, call.args[3], arg(4)),
        "setxattrat" => {
            // struct xattr_args (include/uapi/linux/xattr.h): value, size, flags.
            let word = |at: usize| {
                let bytes = call.memory.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
                bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
            };
            xattr(call, word(8).into(), word(12))
        }
        "removexattr" | "lremovexattr" | "fremovexattr" | "removexattrat" => xattr(call, 0, 0),
        _ => Detail::None,
    }
}

fn xattr(call: &FileCall, size: u64, flags: u32) -> Detail {
    let mut name = call.text.clone();
    if name.len() > limits::XATTR_NAME {
        name.truncate(name.floor_char_boundary(limits::XATTR_NAME));
    }
    Detail::Xattr { name, size, flags }
}

/// What the call was given as its first path, as text.
pub fn given(call: &FileCall) -> String {
    call.first.as_ref().map(|named| display(&named.arg)).unwrap_or_default()
}

/// Can the object that the probe saw be the one that the call was about? A string that names an open file leads to
/// that file only if the call follows links.
pub fn reached(call: &FileCall) -> bool {
    let by_name = call.first.as_ref().is_some_and(|named| !named.arg.is_empty());
    !(by_name && last_link(call) == LastLink::Keep && call.kind != Kind::Open)
}
