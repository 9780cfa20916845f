//! Places of the columns in a stored chunk of contexts, of the counts before them, and what a number of them says.

/// Formats from this one on have contexts as columns, and no table of summaries.
pub const COLUMNS_FROM: u32 = 3;

/// Counts of the directory.
pub const COUNTS: usize = 2;
pub const ROW_COUNT: usize = 0;
pub const IMAGE_COUNT: usize = 1;

/// Columns in all.
pub const COLUMNS: usize = 31;
// Over contexts.
pub const IDS: usize = 0;
pub const BITS: usize = 1;
/// Over those that have one.
pub const LINEAGES: usize = 2;
// Over contexts of another process than their base.
pub const BOOTS: usize = 3;
pub const STARTS: usize = 4;
pub const PIDS: usize = 5;
// Over contexts whose creator is spelled out.
pub const CREATOR_BOOTS: usize = 6;
pub const CREATOR_STARTS: usize = 7;
pub const CREATOR_PIDS: usize = 8;
// Over contexts.
pub const PPIDS: usize = 9;
pub const SINCE: usize = 10;
pub const FORK_TIMES: usize = 11;
pub const EXEC_TIMES: usize = 12;
pub const COMMS: usize = 13;
pub const TTYS: usize = 14;
pub const CREDENTIALS: usize = 15;
pub const CONTAINERS: usize = 16;
pub const CGROUPS: usize = 17;
pub const SOURCES: usize = 18;
pub const FLAGS: usize = 19;
/// Over contexts whose image another one holds.
pub const HOLDERS: usize = 20;
// Over images.
pub const EXECUTABLES: usize = 21;
pub const INTERPRETERS: usize = 22;
pub const CUT: usize = 23;
pub const ARGUMENT_COUNTS: usize = 24;
pub const ENVIRONMENTS: usize = 25;
// Bytes.
pub const ARGUMENTS: usize = 26;
pub const ENVIRONMENT_TEXTS: usize = 27;
pub const TEXTS: usize = 28;
pub const BOOT_IDS: usize = 29;
pub const OBJECTS: usize = 30;

/// Bit of [`BITS`]: there is a lineage.
pub const HAS_LINEAGE: u64 = 1;
/// Bit of [`BITS`]: the process is that of the base.
pub const SAME_PROCESS: u64 = 2;
/// Two bits of [`BITS`] from here: image unknown, own, shared.
pub const IMAGE_SHIFT: u32 = 2;
pub const IMAGE_OWN: u64 = 1;
pub const IMAGE_SHARED: u64 = 2;
/// Two bits of [`BITS`] from here: creator unknown, that of the base, the base's process, spelled out.
pub const CREATOR_SHIFT: u32 = 4;
pub const CREATOR_OF_BASE: u64 = 1;
pub const CREATOR_IS_BASE: u64 = 2;
pub const CREATOR_SPELLED: u64 = 3;

/// What each is called in reports.
pub const NAMES: [&str; COLUMNS] = [
    "ids",
    "bits",
    "lineages",
    "boots",
    "starts",
    "pids",
    "creators: boot",
    "creators: start",
    "creators: pid",
    "parents' pids",
    "since",
    "fork times",
    "exec times",
    "names",
    "terminals",
    "credentials",
    "containers",
    "cgroups",
    "sources",
    "flags",
    "holders",
    "images: executable",
    "images: interpreter",
    "images: cut",
    "images: arguments",
    "images: environment",
    "arguments",
    "environments",
    "texts",
    "boot ids",
    "objects",
];
