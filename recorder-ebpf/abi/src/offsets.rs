//! Which fields of kernel structures the probes read. The loader finds each in the running kernel's BTF and hands
//! the offsets over as one read-only global; the verifier then sees constants.

/// One offset, by the names that kernels have given to the field, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Structure.
    pub structure: &'static str,
    /// Field paths ("a.b"); anonymous members are looked through.
    pub fields: &'static [&'static str],
    /// Without it the probes cannot work at all; else what it tells is left out.
    pub required: bool,
}

/// Value of an offset that this kernel does not have.
pub const ABSENT: u32 = u32::MAX;

macro_rules! offsets {
    ($($name:ident = $structure:literal [$($field:literal),+] $need:ident;)*) => {
        #[expect(non_camel_case_types, reason = "only a counter")]
        #[repr(usize)]
        enum Index { $($name,)* Count }
        $(
            #[doc = concat!("Index of `", $structure, ".", $($field, " ",)+ "`.")]
            pub const $name: usize = Index::$name as usize;
        )*
        /// How many there are.
        pub const COUNT: usize = Index::Count as usize;
        /// All of them, by index.
        pub const OFFSETS: [Offset; COUNT] = [$(
            Offset { structure: $structure, fields: &[$($field),+], required: offsets!(@ $need) },
        )*];
    };
    (@ required) => { true };
    (@ optional) => { false };
}

offsets! {
    TASK_TGID = "task_struct" ["tgid"] required;
    TASK_PID = "task_struct" ["pid"] required;
    TASK_STATUS = "task_struct" ["thread_info.status"] required;
    TASK_LEADER = "task_struct" ["group_leader"] required;
    TASK_REAL_PARENT = "task_struct" ["real_parent"] required;
    TASK_START = "task_struct" ["start_boottime", "real_start_time"] required;
    TASK_EXIT_CODE = "task_struct" ["exit_code"] required;
    TASK_EXIT_SIGNAL = "task_struct" ["exit_signal"] optional;
    TASK_COMM = "task_struct" ["comm"] required;
    TASK_CRED = "task_struct" ["cred"] required;
    TASK_MM = "task_struct" ["mm"] required;
    TASK_FS = "task_struct" ["fs"] required;
    TASK_FILES = "task_struct" ["files"] required;
    TASK_SIGNAL = "task_struct" ["signal"] required;
    TASK_NSPROXY = "task_struct" ["nsproxy"] optional;
    TASK_CGROUPS = "task_struct" ["cgroups"] optional;
    TASK_LOGINUID = "task_struct" ["loginuid"] optional;
    TASK_SESSIONID = "task_struct" ["sessionid"] optional;
    TASK_THREAD_PID = "task_struct" ["thread_pid"] optional;
    PID_LEVEL = "pid" ["level"] optional;
    PID_NUMBERS = "pid" ["numbers"] optional;
    SIGNAL_LIVE = "signal_struct" ["live"] required;
    SIGNAL_FLAGS = "signal_struct" ["flags"] required;
    SIGNAL_EXIT_CODE = "signal_struct" ["group_exit_code"] required;
    SIGNAL_TTY = "signal_struct" ["tty"] optional;
    TTY_NAME = "tty_struct" ["name"] optional;
    CRED_UID = "cred" ["uid"] required;
    CRED_CAP_INHERITABLE = "cred" ["cap_inheritable"] required;
    MM_EXE_FILE = "mm_struct" ["exe_file"] required;
    MM_ARG_START = "mm_struct" ["arg_start"] required;
    MM_ARG_END = "mm_struct" ["arg_end"] required;
    MM_ENV_START = "mm_struct" ["env_start"] required;
    MM_ENV_END = "mm_struct" ["env_end"] required;
    BPRM_FILENAME = "linux_binprm" ["filename"] required;
    BPRM_INTERP = "linux_binprm" ["interp"] required;
    BPRM_PER_CLEAR = "linux_binprm" ["per_clear"] optional;
    BPRM_FDPATH = "linux_binprm" ["fdpath"] optional;
    BPRM_ARGC = "linux_binprm" ["argc"] optional;
    BPRM_ENVC = "linux_binprm" ["envc"] optional;
    FS_ROOT = "fs_struct" ["root"] required;
    FS_PWD = "fs_struct" ["pwd"] required;
    PATH_MNT = "path" ["mnt"] required;
    PATH_DENTRY = "path" ["dentry"] required;
    FILES_FDT = "files_struct" ["fdt"] required;
    FDT_MAX = "fdtable" ["max_fds"] required;
    FDT_FD = "fdtable" ["fd"] required;
    FILE_PATH = "file" ["f_path"] required;
    FILE_INODE = "file" ["f_inode"] required;
    FILE_MODE = "file" ["f_mode"] required;
    FILE_PRIVATE = "file" ["private_data"] required;
    DENTRY_PARENT = "dentry" ["d_parent"] required;
    DENTRY_NAME = "dentry" ["d_name.name"] required;
    DENTRY_PPREV = "dentry" ["d_hash.pprev"] required;
    DENTRY_SB = "dentry" ["d_sb"] required;
    DENTRY_INODE = "dentry" ["d_inode"] required;
    MOUNT_PARENT = "mount" ["mnt_parent"] required;
    MOUNT_POINT = "mount" ["mnt_mountpoint"] required;
    MOUNT_MNT = "mount" ["mnt"] required;
    MOUNT_ID = "mount" ["mnt_id"] optional;
    MOUNT_NS = "mount" ["mnt_ns"] required;
    MOUNT_DEVNAME = "mount" ["mnt_devname"] optional;
    MOUNT_NODE = "mount" ["mnt_node", "mnt_list"] optional;
    MNTNS_NEWEST = "mnt_namespace" ["mnt_last_node", "list.prev"] optional;
    MNTNS_TREE = "mnt_namespace" ["mounts.rb_node"] optional;
    RB_RIGHT = "rb_node" ["rb_right"] optional;
    OVL_INODE_VFS = "ovl_inode" ["vfs_inode"] optional;
    OVL_INODE_UPPER = "ovl_inode" ["__upperdentry"] optional;
    SB_ROOT = "super_block" ["s_root"] required;
    VFSMOUNT_ROOT = "vfsmount" ["mnt_root"] required;
    INODE_INO = "inode" ["i_ino"] required;
    INODE_MODE = "inode" ["i_mode"] required;
    INODE_UID = "inode" ["i_uid"] required;
    INODE_GID = "inode" ["i_gid"] required;
    INODE_NLINK = "inode" ["i_nlink"] optional;
    INODE_SIZE = "inode" ["i_size"] optional;
    INODE_SB = "inode" ["i_sb"] required;
    INODE_MTIME = "inode" ["i_mtime_sec", "__i_mtime.tv_sec", "i_mtime.tv_sec"] required;
    INODE_MTIME_NS = "inode" ["i_mtime_nsec", "__i_mtime.tv_nsec", "i_mtime.tv_nsec"] required;
    INODE_CTIME = "inode" ["i_ctime_sec", "__i_ctime.tv_sec", "i_ctime.tv_sec"] required;
    INODE_CTIME_NS = "inode" ["i_ctime_nsec", "__i_ctime.tv_nsec", "i_ctime.tv_nsec"] required;
    INODE_PRIVATE = "inode" ["i_private"] optional;
    SB_DEV = "super_block" ["s_dev"] required;
    SB_TYPE = "super_block" ["s_type"] required;
    FSTYPE_NAME = "file_system_type" ["name"] required;
    NSPROXY_MNT = "nsproxy" ["mnt_ns"] optional;
    MNTNS_INUM = "mnt_namespace" ["ns.inum"] optional;
    CSSSET_CGROUP = "css_set" ["dfl_cgrp"] optional;
    CGROUP_KN = "cgroup" ["kn"] optional;
    KN_PARENT = "kernfs_node" ["__parent", "parent"] optional;
    KN_NAME = "kernfs_node" ["name"] optional;
    CGROUP_ROOT = "cgroup" ["root"] optional;
    CGROUP_ROOT_ID = "cgroup_root" ["hierarchy_id"] optional;
    BPF_MAP_ID = "bpf_map" ["id"] optional;
    BPF_MAP_TYPE = "bpf_map" ["map_type"] optional;
    BPF_MAP_NAME = "bpf_map" ["name"] optional;
    BPF_PROG_TYPE = "bpf_prog" ["type"] optional;
    BPF_PROG_ATTACH = "bpf_prog" ["expected_attach_type"] optional;
    BPF_PROG_TAG = "bpf_prog" ["tag"] optional;
    BPF_PROG_AUX = "bpf_prog" ["aux"] optional;
    BPF_AUX_ID = "bpf_prog_aux" ["id"] optional;
    BPF_AUX_NAME = "bpf_prog_aux" ["name"] optional;
    MODULE_NAME = "module" ["name"] optional;
    KN_ID = "kernfs_node" ["id"] optional;
    VMA_START = "vm_area_struct" ["vm_start"] optional;
    VMA_END = "vm_area_struct" ["vm_end"] optional;
    VMA_FLAGS = "vm_area_struct" ["vm_flags"] optional;
    PIPE_HEAD = "pipe_inode_info" ["head"] optional;
    PIPE_RING = "pipe_inode_info" ["ring_size"] optional;
    PIPE_BUFFERS = "pipe_inode_info" ["bufs"] optional;
    PIPE_BUFFER_FLAGS = "pipe_buffer" ["flags"] optional;
    PIPE_BUFFER_LAST = "pipe_buffer" ["private"] optional;
    SOCKET_SK = "socket" ["sk"] optional;
    SOCK_FAMILY = "sock_common" ["skc_family"] optional;
    SOCK_NUM = "sock_common" ["skc_num"] optional;
    SOCK_DPORT = "sock_common" ["skc_dport"] optional;
    SOCK_DADDR = "sock_common" ["skc_daddr"] optional;
    SOCK_LADDR = "sock_common" ["skc_rcv_saddr"] optional;
    SOCK_DADDR6 = "sock_common" ["skc_v6_daddr"] optional;
    SOCK_LADDR6 = "sock_common" ["skc_v6_rcv_saddr"] optional;
    SOCK_NET = "sock_common" ["skc_net"] optional;
    SOCK_TYPE = "sock" ["sk_type"] optional;
    SOCK_PROTOCOL = "sock" ["sk_protocol"] optional;
    NET_INUM = "net" ["ns.inum"] optional;
    SOCK_BOUND_IF = "sock_common" ["skc_bound_dev_if"] optional;
    SOCK_DST = "sock" ["sk_dst_cache"] optional;
    SOCK_PEER_PID = "sock" ["sk_peer_pid"] optional;
    PID_NUMBER = "pid" ["numbers"] optional;
    DST_DEV = "dst_entry" ["dev", "dev_rcu"] optional;
    NETDEV_NAME = "net_device" ["name"] optional;
    NETDEV_IFINDEX = "net_device" ["ifindex"] optional;
    NETDEV_NET = "net_device" ["nd_net"] optional;
    SKB_DEV = "sk_buff" ["dev"] optional;
    UNIX_ADDR = "unix_sock" ["addr"] optional;
    UNIX_PEER = "unix_sock" ["peer"] optional;
    UNIX_NAME_LEN = "unix_address" ["len"] optional;
    UNIX_NAME = "unix_address" ["name"] optional;
    REQ_OPCODE = "io_kiocb" ["opcode"] optional;
    REQ_FLAGS = "io_kiocb" ["flags"] optional;
    REQ_FD = "io_kiocb" ["cqe.fd"] optional;
    REQ_RESULT = "io_kiocb" ["cqe.res"] optional;
    REQ_CMD = "io_kiocb" ["cmd"] optional;
    REQ_FILE = "io_kiocb" ["file"] optional;
    REQ_ASYNC = "io_kiocb" ["async_data"] optional;
    FILENAME_NAME = "filename" ["name"] optional;
    OPEN_DFD = "io_open" ["dfd"] optional;
    OPEN_SLOT = "io_open" ["file_slot"] optional;
    OPEN_NAME = "io_open" ["filename"] optional;
    OPEN_FLAGS = "io_open" ["how.flags"] optional;
    OPEN_MODE = "io_open" ["how.mode"] optional;
    OPEN_RESOLVE = "io_open" ["how.resolve"] optional;
    UNLINK_DFD = "io_unlink" ["dfd"] optional;
    UNLINK_FLAGS = "io_unlink" ["flags"] optional;
    UNLINK_NAME = "io_unlink" ["filename"] optional;
    MKDIR_DFD = "io_mkdir" ["dfd"] optional;
    MKDIR_MODE = "io_mkdir" ["mode"] optional;
    MKDIR_NAME = "io_mkdir" ["filename"] optional;
    RENAME_OLD_DFD = "io_rename" ["old_dfd"] optional;
    RENAME_NEW_DFD = "io_rename" ["new_dfd"] optional;
    RENAME_OLD = "io_rename" ["oldpath"] optional;
    RENAME_NEW = "io_rename" ["newpath"] optional;
    RENAME_FLAGS = "io_rename" ["flags"] optional;
    LINK_OLD_DFD = "io_link" ["old_dfd"] optional;
    LINK_NEW_DFD = "io_link" ["new_dfd"] optional;
    LINK_OLD = "io_link" ["oldpath"] optional;
    LINK_NEW = "io_link" ["newpath"] optional;
    LINK_FLAGS = "io_link" ["flags"] optional;
    FTRUNCATE_LENGTH = "io_ftrunc" ["len"] optional;
    XATTR_FILE = "io_xattr" ["filename"] optional;
    XATTR_NAME = "io_xattr" ["ctx.kname"] optional;
    XATTR_VALUE = "io_xattr" ["ctx.kvalue"] optional;
    XATTR_SIZE = "io_xattr" ["ctx.size"] optional;
    XATTR_FLAGS = "io_xattr" ["ctx.flags"] optional;
    CONNECT_ADDR = "io_connect" ["addr"] optional;
    CONNECT_LENGTH = "io_connect" ["addr_len"] optional;
    BIND_LENGTH = "io_bind" ["addr_len"] optional;
    MESSAGE_ADDRESS = "io_async_msghdr" ["addr"] optional;
    ACCEPT_FLAGS = "io_accept" ["flags"] optional;
    ACCEPT_SLOT = "io_accept" ["file_slot"] optional;
}
