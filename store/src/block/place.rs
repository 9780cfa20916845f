//! Places of the columns in a stored block, and of the counts before them.
//!
//! A block has one set of tables, then the columns over files once for each group, then those over events once for each
//! page. Format 2 has one page, which comes first, and one group.

/// Counts of the directory.
pub const COUNTS: usize = 6;
pub const FILE_COUNT: usize = 0;
pub const PATH_COUNT: usize = 1;
pub const SHAPE_COUNT: usize = 2;
pub const DETAIL_COUNT: usize = 3;
/// Events of a page; the last may have fewer. Not in format 2.
pub const PAGE_ROWS: usize = 4;
/// Groups of files. Not in format 2.
pub const GROUP_COUNT: usize = 5;

// Over shapes.
pub const SHAPE_KINDS: usize = 0;
pub const SHAPE_FLAGS: usize = 1;
pub const SHAPE_RETVALS: usize = 2;
pub const SHAPE_DETAILS: usize = 3;
// Bytes.
pub const FILESYSTEM_NAMES: usize = 4;
pub const MOUNT_PATH_TEXTS: usize = 5;
pub const DETAILS: usize = 6;
/// Over files and one more (no file): the one that is likely to come next.
pub const FOLLOWERS: usize = 7;
// Over pages.
pub const PAGE_IDS: usize = 8;
pub const PAGE_TIMES: usize = 9;
pub const PAGE_SPANS: usize = 10;
// Which pages have it: over contexts, shapes.
pub const CONTEXT_PAGES: usize = 11;
pub const SHAPE_PAGES: usize = 12;
// Over groups.
pub const GROUP_FILES: usize = 13;
pub const GROUP_PATHS: usize = 14;
/// Bytes: the first path of each.
pub const GROUP_KEYS: usize = 15;
/// Over pages: length of the clock's step, or 0. Not in formats 2 and 3.
pub const STEPS: usize = 16;
/// Columns of the tables.
pub const TABLES: usize = 17;
/// Columns of the tables of format 3.
pub const TABLES_3: usize = STEPS;

// Of a group: over files, then over paths.
pub const PATH_STARTS: usize = 0;
pub const PATH_SHARED: usize = 1;
pub const PATH_LENGTHS: usize = 2;
/// Bytes.
pub const PATH_TEXT: usize = 3;
// Over files.
pub const FILE_FLAGS: usize = 4;
pub const FACTS_KNOWN: usize = 5;
// Over files with facts.
pub const INODES: usize = 6;
pub const MODES: usize = 7;
pub const UIDS: usize = 8;
pub const GIDS: usize = 9;
/// Twice so many: mtime and ctime by turns.
pub const FILE_TIMES: usize = 10;
/// Over distinct times.
pub const DISTINCT_TIMES: usize = 11;
pub const MOUNTS: usize = 12;
pub const FILESYSTEMS: usize = 13;
pub const MOUNT_PATHS: usize = 14;
/// Bytes.
pub const ODD: usize = 15;
/// Over paths: which pages have it.
pub const PATH_PAGES: usize = 16;
/// Columns of a group.
pub const GROUP: usize = 17;

// Over events of a page.
pub const IDS: usize = 0;
pub const TIMES: usize = 1;
pub const WHOS: usize = 2;
pub const TIDS: usize = 3;
pub const SHAPES: usize = 4;
pub const FILES: usize = 5;
pub const DESTINATIONS: usize = 6;
/// Bytes. Not in formats 2 and 3.
pub const SLIPS: usize = 7;
/// Columns of a page.
pub const PAGE: usize = 8;
/// Columns of a page of formats 2 and 3.
pub const PAGE_3: usize = SLIPS;

/// Columns of a block of format 2: those of its page, then those of the tables below.
pub const COLUMNS_2: usize = PAGE_3 + 23;
/// Counts of format 2.
pub const COUNTS_2: usize = 4;
/// Where format 2 has the first columns of the tables; it has not the others.
pub const TABLES_2: [usize; FOLLOWERS] = [7, 8, 9, 10, 25, 27, 29];
/// Where format 2 has the columns of a group, but for the last.
pub const GROUP_2: [usize; PATH_PAGES] = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28];

/// What each column of the tables is called in reports.
pub const TABLE_NAMES: [&str; TABLES] = [
    "shapes: kind",
    "shapes: flags",
    "shapes: return value",
    "shapes: detail",
    "file systems",
    "mount paths",
    "details",
    "files: followers",
    "pages: first id",
    "pages: first time",
    "pages: span",
    "contexts: pages",
    "shapes: pages",
    "groups: files",
    "groups: paths",
    "groups: first path",
    "pages: clock",
];

/// Likewise of a group.
pub const GROUP_NAMES: [&str; GROUP] = [
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
    "files: mount path",
    "files: odd",
    "paths: pages",
];

/// Likewise of a page.
pub const PAGE_NAMES: [&str; PAGE] =
    ["ids", "times", "contexts", "threads", "shapes", "files", "destinations", "times: slips"];
