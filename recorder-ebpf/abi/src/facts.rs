//! Facts that the probes read from kernel objects.

use crate::record;

record! {
    /// What an inode and its mount say.
    pub struct FileFacts = 80 {
        /// `i_ino`.
        pub inode: u64,
        /// Modification time, nanoseconds since the epoch.
        pub mtime: i64,
        /// Change time, nanoseconds since the epoch.
        pub ctime: i64,
        /// Size in bytes.
        pub size: u64,
        /// `s_dev` in the kernel's form (12 bits major, 20 bits minor).
        pub device: u32,
        /// `i_mode` with type bits.
        pub mode: u32,
        /// Owner in the initial user namespace.
        pub uid: u32,
        /// Owning group in the initial user namespace.
        pub gid: u32,
        /// `mnt_id` as in mountinfo.
        pub mount_id: u32,
        /// Link count.
        pub nlink: u32,
        /// `s_type->name`, NUL padded.
        pub filesystem: [u8; 16],
        /// [`facts_flags`].
        pub flags: u32,
        /// Inode number of the task's mount namespace.
        pub mount_namespace: u32,
    }
}

/// Bits of [`FileFacts::flags`].
pub mod facts_flags {
    /// `FMODE_CREATED`: this open made the file.
    pub const CREATED: u32 = 1;
    /// On overlayfs, and its inode is in the upper layer now.
    pub const UPPER: u32 = 2;
    /// On overlayfs, and its inode is in a lower layer only.
    pub const LOWER: u32 = 4;
}

record! {
    /// A task's subjective credentials, ids in the initial user namespace.
    pub struct Credentials = 80 {
        /// Real user.
        pub uid: u32,
        /// Real group.
        pub gid: u32,
        /// Saved user.
        pub suid: u32,
        /// Saved group.
        pub sgid: u32,
        /// Effective user.
        pub euid: u32,
        /// Effective group.
        pub egid: u32,
        /// File system user.
        pub fsuid: u32,
        /// File system group.
        pub fsgid: u32,
        /// Login uid; `u32::MAX` if unset.
        pub auid: u32,
        /// Audit session; `u32::MAX` if unset.
        pub session: u32,
        /// Capability sets, bit n for capability n.
        pub cap_inheritable: u64,
        /// Permitted.
        pub cap_permitted: u64,
        /// Effective.
        pub cap_effective: u64,
        /// Bounding.
        pub cap_bounding: u64,
        /// Ambient.
        pub cap_ambient: u64,
    }
}

record! {
    /// The two ends of a socket after the call.
    pub struct SocketFacts = 80 {
        /// `AF_*`.
        pub family: u16,
        /// `SOCK_*`.
        pub kind: u16,
        /// `IPPROTO_*`.
        pub protocol: u16,
        /// Local port, host byte order.
        pub local_port: u16,
        /// Remote port, host byte order.
        pub remote_port: u16,
        /// Zero.
        pub reserved: u16,
        /// Inode number of the network namespace.
        pub netns: u32,
        /// Local address: 4 bytes used for `AF_INET`, network byte order.
        pub local: [u8; 16],
        /// Remote address likewise.
        pub remote: [u8; 16],
        /// Interface that the socket is bound to (`SO_BINDTODEVICE`, a link-local scope), else the one of its route;
        /// 0 if neither is known.
        pub ifindex: u32,
        /// For Unix sockets the peer's process as the kernel keeps it for `SO_PEERCRED`, in the initial pid namespace;
        /// 0 if there is none.
        pub peer_pid: u32,
        /// Name of the interface, NUL padded; empty if only its number is known.
        pub ifname: [u8; 16],
        /// Zero.
        pub reserved2: u64,
    }
}
