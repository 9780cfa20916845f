//! Every limit of the recorder in one place, with what happens there.

use std::time::Duration;

/// Records taken from one ring before the others get their turn; the rest waits in the ring.
pub const DRAIN: usize = 8192;
/// How long records are held back so that those of other CPUs and rings can overtake. A record that comes later
/// still is written out of order and counted.
pub const HOLD: Duration = Duration::from_millis(20);
/// Bytes of records held for ordering; above it the oldest go on early.
pub const HELD_BYTES: usize = 16 << 20;
/// Events of one batch to the store; a full one is sent at once.
pub const BATCH_EVENTS: usize = 8_192;
/// Batches waiting for the store. When they are full the pipeline waits, the rings fill, and the probes count.
pub const QUEUED_BATCHES: usize = 3;
/// Requests through `io_uring` that have not completed; beyond it the oldest is told without its result.
pub const REQUESTS: usize = 4096;
/// Bytes of their records; likewise.
pub const REQUEST_BYTES: usize = 8 << 20;
/// A request is told without its result after this time. A completion after that is not told any more.
pub const REQUEST: Duration = Duration::from_secs(30);
/// A request that is to complete silently is told as successful after this time.
pub const REQUEST_SILENT: Duration = Duration::from_secs(2);
/// Longest wait for the rings' wake-up.
pub const POLL: Duration = Duration::from_millis(50);
/// Ended processes that late records can still be matched with.
pub const ENDED: usize = 4096;
/// Processes alive at once (the kernel's own limit is `pid_max`, at most 2^22); above it new ones are placeholders.
pub const LIVE: usize = 1 << 17;
/// File states remembered in each of two generations; the older is dropped whole.
pub const FILE_STATES: usize = 16_384;
/// Bytes read of one mount table; mounts behind them are not known. The kernel's own limit of a namespace
/// (`fs.mount-max`, 100000) takes about as many.
pub const MOUNT_TABLE: u64 = 16 << 20;
/// Mount namespaces other than the recorder's whose tables are kept; above it all are read anew.
pub const MOUNT_NAMESPACES: usize = 64;
/// Mount tables read in a second because an event's mount is not in them; above it such mounts have no path.
pub const MOUNT_READS: u32 = 50;
/// Mount ids remembered as being in no table (the kernel's own mounts); above it all are looked for again.
pub const MOUNTS_ABSENT: usize = 1024;
/// Mounts remembered that are gone and of whose end no event has told yet; the oldest are forgotten, and their end has no
/// mount id then.
pub const MOUNTS_GONE: usize = 256;
/// Bytes of the name of an extended attribute (`XATTR_NAME_MAX`).
pub const XATTR_NAME: usize = 255;
/// Bytes of a file system type's name in an event.
pub const FILESYSTEM_TYPE: usize = 16;
/// Names of file system types that events share; when one more is met, these are let go of.
pub const FILESYSTEM_NAMES: usize = 32;
/// Bytes of one argument or environment name; longer ones end in "...".
pub const ARGUMENT: usize = 255;
/// Arguments kept of one exec.
pub const ARGUMENTS: usize = 512;
/// Environment names kept of one exec.
pub const ENVIRONMENT: usize = 512;
/// Reads of /proc for processes that no record introduced, a second; above it they stay placeholders.
pub const FALLBACKS: u32 = 200;
/// Refused calls whose file is looked up, a second; above it the event says that it was not.
pub const REFUSED_LOOKUPS: u32 = 200;
/// Modules whose file or memory is read for their name, a second; above it the name stays empty.
pub const MODULE_READS: u32 = 20;
/// Processes whose uses of syscalls are remembered in the kernel; one pushed out tells its first uses again.
pub const FIRST_USES: u32 = 16_384;
/// Processes whose first uses of syscalls wait to be told together; at the limit all are told at once.
pub const PENDING_USES: usize = 4096;
/// New names of processes that begin a context of their own, a second; above it a process keeps the name it had.
pub const RENAMES: u32 = 1000;
/// Processes looked at in /proc to find one by its number in another pid namespace; beyond it stays unknown.
pub const NAMESPACE_SCAN: usize = 4096;
/// Such searches a second; above it the number stays as it was passed.
pub const NAMESPACE_SCANS: u32 = 20;
/// Mount namespaces whose user names are cached.
pub const NAME_SPACES: usize = 64;
/// Bytes read of a passwd or group file.
pub const NAMES_FILE: u64 = 4 << 20;
/// Executables waiting to be hashed; above it they are told as rate-limited, and tried again when they are next run.
pub const HASH_QUEUE: usize = 1024;
/// Files held open until there is budget to hash them, and as many until they are looked at; above it the others wait in
/// the queue.
pub const HASH_OPEN: usize = 64;
/// Files remembered as hashed, in each of two generations; a file that was forgotten is hashed again when it is run. Not
/// more than half of what the store remembers, so that what is not told again is known there.
pub const HASHED_FILES: usize = 4096;
/// Programs running already at the start that wait to be hashed; above it they are left out.
pub const HASH_LATER: usize = 16_384;
/// Results that wait for the next commit; above it hashing waits.
pub const HASH_RESULTS: usize = 1024;
/// Roots (mount namespaces) whose package databases are kept; the least recently used is dropped.
pub const PACKAGE_ROOTS: usize = 4;
/// Paths kept of a package database, 8 bytes each; above it the others' packages are not told.
pub const PACKAGE_PATHS: usize = 1 << 20;
/// Packages whose files are looked at in a database.
pub const PACKAGE_FILES: usize = 65_536;
/// Bytes of one file or record of a package database; a longer one is passed over.
pub const PACKAGE_FILE: u64 = 32 << 20;
/// Bytes read of a package database in all.
pub const PACKAGE_TOTAL: u64 = 512 << 20;
/// Bytes of the URL of a request to a metadata service; longer ones end in "...".
pub const URL: usize = 1024;
/// Bytes of a header's value, likewise.
pub const HTTP_HEADER: usize = 256;
/// Bytes of a member of a credentials document, likewise.
pub const CREDENTIAL_MEMBER: usize = 128;
/// TCP connections followed in each of two generations; the older is dropped whole, and with it what it held of
/// messages that had not come whole, which are counted.
pub const CONNECTIONS: usize = 1024;
/// Bytes kept of a message that has not come whole.
pub const PENDING: usize = 8192;
/// How long the rest of a message to or from a metadata service is waited for.
pub const PENDING_FOR: Duration = Duration::from_secs(1);
/// DNS messages read of one TCP segment; what follows is counted as unread.
pub const SEGMENT_MESSAGES: usize = 64;
/// Contexts, exits, gaps and provenance that wait for a store that refuses; above it the oldest contexts are given up.
pub const KEPT_FOR_STORE: usize = 65_536;
/// A recorder ends within this time of SIGTERM.
pub const SHUTDOWN: Duration = Duration::from_secs(4);
