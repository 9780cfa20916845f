//! The larger objects that some kinds have.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::File;

/// A new mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Where it is mounted; its facts are those of the directory beneath, seen through the parent mount.
    pub mountpoint: File,
    /// Root of the mount within its file system (a bind mount may show a part only).
    pub root: File,
    /// What was mounted, as the caller gave it: a device, a directory for a bind mount, any word.
    pub source: String,
    /// File system type, at most 16 bytes.
    pub fs_type: String,
    /// The new mount, 0 if unknown (the call failed, or it was gone again when looked at).
    pub mount_id: u32,
    /// The mount that it is mounted on, 0 if unknown.
    pub parent_mount_id: u32,
    /// For a bind mount, the mount that the source is seen through; else 0.
    pub bind_source_mount_id: u32,
    /// Device of the file system, in the kernel's form (12 bits major, 20 bits minor).
    pub device: u32,
    /// `MS_*` flags of mount(2), `MOVE_MOUNT_*` of `move_mount`.
    pub flags: u64,
    /// Peer group of the new mount (`shared:N` of /proc/PID/mountinfo), 0 if it has none or that is unknown.
    #[serde(default)]
    pub group_id: u32,
}

/// Where a packet went from and to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Sender.
    pub source: (IpAddr, u16),
    /// Receiver.
    pub destination: (IpAddr, u16),
    /// `IPPROTO_*`.
    pub protocol: u16,
    /// Bytes of the packet from its IP header on.
    pub size: u32,
    /// Network namespace (inode number), 0 if unknown.
    pub netns: u32,
    /// Interface, 0 if unknown.
    pub ifindex: u32,
    /// Its name, empty if unknown.
    pub ifname: String,
}

/// A DNS question (RFC 1035): the first of its message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// Of the message.
    pub id: u16,
    /// Labels joined by dots, without the last one; bytes that are no text as `\xNN`.
    pub name: String,
    /// QTYPE.
    pub kind: u16,
    /// QCLASS.
    pub class: u16,
    /// Bytes of the message.
    pub size: u32,
    /// QDCOUNT.
    pub count: u16,
    /// The packet.
    pub flow: Flow,
}

/// A request to a cloud's instance metadata service, or its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imds {
    /// An answer, not a request.
    pub response: bool,
    /// `aws`, `gcp`, `azure`, `ibm`, `oracle`, or empty.
    pub provider: String,
    /// Path and query of a request.
    pub url: String,
    /// Host header of a request.
    pub host: String,
    /// User-Agent header of a request.
    pub user_agent: String,
    /// Server header of an answer.
    pub server: String,
    /// With a session token (AWS).
    pub v2: bool,
    /// Credentials in the answer, the secrets left out.
    pub credentials: Option<AwsCredentials>,
    /// The packet.
    pub flow: Flow,
}

/// What is kept of credentials that a metadata service handed out: neither the secret key nor the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members are the service's names")]
pub struct AwsCredentials {
    pub code: String,
    pub kind: String,
    pub access_key_id: String,
    pub last_updated: String,
    pub expiration: String,
}

/// A call of bpf(2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bpf {
    /// `BPF_*` command.
    pub command: u32,
    /// The map made or used.
    pub map: Option<BpfMap>,
    /// The program loaded or used.
    pub program: Option<BpfProgram>,
}

/// A BPF map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BpfMap {
    /// The kernel's number, 0 if unknown.
    pub id: u32,
    /// At most 15 bytes.
    pub name: String,
    /// `BPF_MAP_TYPE_*`.
    pub kind: u32,
}

/// A BPF program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BpfProgram {
    /// The kernel's number, 0 if unknown.
    pub id: u32,
    /// At most 15 bytes.
    pub name: String,
    /// First 8 bytes of the SHA of its instructions, as the kernel made it.
    pub tag: [u8; 8],
    /// `BPF_PROG_TYPE_*`.
    pub kind: u32,
    /// `expected_attach_type`.
    pub attach: u32,
    /// Numbers of the helpers that it calls, ascending.
    pub helpers: Vec<u32>,
    /// It has more instructions than were looked at.
    pub helpers_truncated: bool,
}

/// A change of `SELinux`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selinux {
    /// A boolean's pending value.
    Bool {
        /// Its name.
        name: String,
        /// What was written, any number but 0 being true as the kernel takes it; `None` if it is no number.
        on: Option<bool>,
    },
    /// Enforcing or permissive; `None` if what was written is no number.
    Enforce(Option<bool>),
    /// `SELinux` was disabled until the next boot (kernels before 6.4).
    Disable,
    /// Pending values took effect, if true was written.
    Commit(bool),
}
