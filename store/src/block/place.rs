//! Places of the columns in a stored block, and of the counts before them.

/// Counts of the directory.
pub const COUNTS: usize = 4;
pub const FILE_COUNT: usize = 0;
pub const PATH_COUNT: usize = 1;
pub const SHAPE_COUNT: usize = 2;
pub const DETAIL_COUNT: usize = 3;

/// Columns in all.
pub const COLUMNS: usize = 30;
// Over events.
pub const IDS: usize = 0;
pub const TIMES: usize = 1;
pub const WHOS: usize = 2;
pub const TIDS: usize = 3;
pub const SHAPES: usize = 4;
pub const FILES: usize = 5;
pub const DESTINATIONS: usize = 6;
// Over shapes.
pub const SHAPE_KINDS: usize = 7;
pub const SHAPE_FLAGS: usize = 8;
pub const SHAPE_RETVALS: usize = 9;
pub const SHAPE_DETAILS: usize = 10;
// Over files, then over paths.
pub const PATH_STARTS: usize = 11;
pub const PATH_SHARED: usize = 12;
pub const PATH_LENGTHS: usize = 13;
pub const PATH_TEXT: usize = 14;
// Over files.
pub const FILE_FLAGS: usize = 15;
pub const FACTS_KNOWN: usize = 16;
// Over files with facts.
pub const INODES: usize = 17;
pub const MODES: usize = 18;
pub const UIDS: usize = 19;
pub const GIDS: usize = 20;
/// Twice so many: mtime and ctime by turns.
pub const FILE_TIMES: usize = 21;
/// Over distinct times.
pub const DISTINCT_TIMES: usize = 22;
pub const MOUNTS: usize = 23;
pub const FILESYSTEMS: usize = 24;
pub const FILESYSTEM_NAMES: usize = 25;
pub const MOUNT_PATHS: usize = 26;
pub const MOUNT_PATH_TEXTS: usize = 27;
// Bytes.
pub const ODD: usize = 28;
pub const DETAILS: usize = 29;

/// What each is called in reports.
pub const NAMES: [&str; COLUMNS] = [
    "ids",
    "times",
    "contexts",
    "threads",
    "shapes",
    "files",
    "destinations",
    "shapes: kind",
    "shapes: flags",
    "shapes: return value",
    "shapes: detail",
    "paths: first file",
    "paths: shared",
    "paths: lengths",
    "paths: text",
    "files: flags",
    "files: known",
    "files: inode",
    "files: mode",
    "files: uid",
    "files: gid",
    "files: mtime, ctime",
    "file times",
    "files: mount",
    "files: file system",
    "file systems",
    "files: mount path",
    "mount paths",
    "files: odd",
    "details",
];
