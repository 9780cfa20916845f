//! Places of the columns in a stored block, and of the counts before them.
//!
//! A block has one set of tables, then the columns over events once for each page. Format 2 has one page, which comes
//! first, and the tables without their last columns.

/// Counts of the directory.
pub const COUNTS: usize = 5;
pub const FILE_COUNT: usize = 0;
pub const PATH_COUNT: usize = 1;
pub const SHAPE_COUNT: usize = 2;
pub const DETAIL_COUNT: usize = 3;
/// Events of a page; the last may have fewer. Not in format 2.
pub const PAGE_ROWS: usize = 4;

// Over shapes.
pub const SHAPE_KINDS: usize = 0;
pub const SHAPE_FLAGS: usize = 1;
pub const SHAPE_RETVALS: usize = 2;
pub const SHAPE_DETAILS: usize = 3;
// Over files, then over paths.
pub const PATH_STARTS: usize = 4;
pub const PATH_SHARED: usize = 5;
pub const PATH_LENGTHS: usize = 6;
pub const PATH_TEXT: usize = 7;
// Over files.
pub const FILE_FLAGS: usize = 8;
pub const FACTS_KNOWN: usize = 9;
// Over files with facts.
pub const INODES: usize = 10;
pub const MODES: usize = 11;
pub const UIDS: usize = 12;
pub const GIDS: usize = 13;
/// Twice so many: mtime and ctime by turns.
pub const FILE_TIMES: usize = 14;
/// Over distinct times.
pub const DISTINCT_TIMES: usize = 15;
pub const MOUNTS: usize = 16;
pub const FILESYSTEMS: usize = 17;
pub const FILESYSTEM_NAMES: usize = 18;
pub const MOUNT_PATHS: usize = 19;
pub const MOUNT_PATH_TEXTS: usize = 20;
// Bytes.
pub const ODD: usize = 21;
pub const DETAILS: usize = 22;
/// Columns of the tables of format 2.
pub const TABLES_2: usize = 23;
/// Over files and one more (no file): the one that is likely to come next.
pub const FOLLOWERS: usize = 23;
// Over pages.
pub const PAGE_IDS: usize = 24;
pub const PAGE_TIMES: usize = 25;
pub const PAGE_SPANS: usize = 26;
// Which pages have it: over contexts, shapes, paths.
pub const CONTEXT_PAGES: usize = 27;
pub const SHAPE_PAGES: usize = 28;
pub const PATH_PAGES: usize = 29;
/// Columns of the tables.
pub const TABLES: usize = 30;

// Over events of a page.
pub const IDS: usize = 0;
pub const TIMES: usize = 1;
pub const WHOS: usize = 2;
pub const TIDS: usize = 3;
pub const SHAPES: usize = 4;
pub const FILES: usize = 5;
pub const DESTINATIONS: usize = 6;
/// Columns of a page.
pub const PAGE: usize = 7;

/// Columns of a block of format 2: those of its page, then the tables.
pub const COLUMNS_2: usize = PAGE + TABLES_2;
/// Counts of format 2.
pub const COUNTS_2: usize = 4;

/// What each column of the tables is called in reports.
pub const TABLE_NAMES: [&str; TABLES] = [
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
    "files: followers",
    "pages: first id",
    "pages: first time",
    "pages: span",
    "contexts: pages",
    "shapes: pages",
    "paths: pages",
];

/// Likewise of a page.
pub const PAGE_NAMES: [&str; PAGE] =
    ["ids", "times", "contexts", "threads", "shapes", "files", "destinations"];
