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
/// Bytes of a socket address (`sizeof(struct sockaddr_storage)`).
pub const SOCKADDR: usize = 128;
