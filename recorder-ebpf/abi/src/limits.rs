//! Limits of what a record can hold. At a limit the part is cut and flagged.

/// Bytes of one record, header included.
pub const RECORD: usize = 32 * 1024;
/// Bytes of one walked path or one path string (`PATH_MAX`).
pub const PATH: usize = 4096;
/// Components of one walked path.
pub const COMPONENTS: u32 = 256;
/// Bytes of one component (`NAME_MAX`).
pub const NAME: usize = 255;
/// Bytes of all arguments of an exec.
pub const ARGS: usize = 8192;
/// Bytes of all environment strings of an exec.
pub const ENVS: usize = 8192;
/// Bytes of a packet's payload: a DNS question ends before (12 and 255 and 4 bytes, RFC 1035).
pub const PAYLOAD: usize = 512;
/// Bytes of the payload of TCP packets and of larger UDP ones: a metadata service's head and credentials.
pub const LARGE_PAYLOAD: usize = 4096;
/// Bytes of a socket option's value.
pub const OPTION_VALUE: usize = 64;
/// Connections whose owner is remembered; above it the least used are forgotten, and their packets' sender is unknown.
pub const OWNERS: u32 = 4096;
/// Bytes of a Unix socket's name (`sizeof(sun_path)`).
pub const UNIX_NAME: usize = 108;
/// Bytes of a socket address (`sizeof(struct sockaddr_storage)`).
pub const SOCKADDR: usize = 128;
