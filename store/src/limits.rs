//! Every limit of the store, and what happens there.

/// Events of a full block: as many as compress well together and are still decoded in under a millisecond.
pub const BLOCK_EVENTS: usize = 16_384;
/// Events of a block of a packed segment: the more, the more often a path is stored only once.
pub const PACKED_BLOCK_EVENTS: usize = 262_144;
/// Distinct files from which on a block of a packed segment is full: who writes it holds all of them, and a reader which one
/// is likely to follow which.
pub const PACKED_BLOCK_FILES: usize = 131_072;
/// Events of a page of a packed block, which is decoded alone: few enough to be read for one event.
pub const PAGE_EVENTS: usize = if cfg!(test) { 16 } else { 4096 };
/// Files of a group of a packed block, or some more, which is decoded alone.
pub const GROUP_FILES: usize = if cfg!(test) { 8 } else { 2_048 };
/// Pages of a block: a bit each of 64.
pub const MAX_PAGES: usize = 64;
/// Events of the largest block that is read; more is damage.
pub const MAX_BLOCK_EVENTS: usize = 1 << 18;
/// Contexts of a full chunk.
pub const CHUNK_CONTEXTS: usize = 512;
/// Contexts of a chunk of a packed segment, about: the more, the more often a text is stored only once.
pub const PACKED_CHUNK_CONTEXTS: usize = 1024;
/// Contexts of its own with which a segment is closed: who packs it, or asks about its processes, holds something of each.
pub const SEGMENT_CONTEXTS: u64 = if cfg!(test) { 4096 } else { 1 << 18 };
/// Contexts of the largest chunk that is read; more is damage.
pub const MAX_CHUNK_CONTEXTS: usize = 1 << 16;
/// Bytes of decoded blocks and contexts that a reader keeps; the least recently used go first.
pub const CACHE_BYTES: usize = 34 << 20;
/// Of these, for indexes and outlines of segments, which each question asks for: decoded blocks do not drive them out.
pub const INDEX_CACHE_BYTES: usize = 4 << 20;
/// redb's own page cache of the open segment.
pub const WRITER_PAGE_CACHE: usize = 16 << 20;
/// redb's own page cache of a segment that is written anew in the background.
pub const REWRITE_PAGE_CACHE: usize = 4 << 20;
/// How far back, as a power of two, strong compression looks for what it met: a megabyte. Its tables have some 30 times
/// that; columns are seldom longer.
pub const STRONG_WINDOW: u32 = 20;
/// redb's own page cache of a closed segment being read.
pub const READER_PAGE_CACHE: usize = 512 << 10;
/// Closed segments whose files a reader keeps open; the least recently used are closed.
pub const OPEN_SEGMENTS: usize = 32;
/// Steps of a lineage that are resolved; a longer one is marked truncated.
pub const LINEAGE_STEPS: usize = 200;
/// Threads of one question for events, if it takes long; fewer on machines of less than twice as many cores. Blocks are begun
/// in order, and none once those that are done have enough.
pub const SCAN_THREADS: usize = 4;
/// Events of one answer.
pub const MAX_LIMIT: usize = 100_000;
/// Processes of one answer.
pub const MAX_PROCESSES: usize = 100_000;
/// Processes whose states are asked before the budget of a question is looked at again.
pub const PROCESS_WINDOW: usize = 65_536;
/// Paths of one answer.
pub const MAX_PATHS: usize = 100_000;
/// Gaps of one answer; the oldest are left out.
pub const MAX_GAPS: usize = 100_000;
/// Rules of what is left out that a segment keeps; of more, the last one kept tells how many there were.
pub const LEFT_OUT_RULES: usize = 1024;
/// Bytes of columns in the making whose memory a thread keeps for the next block.
pub const KEPT_COLUMNS: usize = 1 << 20;
/// Bytes of paths of a block in the making whose memory is kept for the next one.
pub const KEPT_PATHS: usize = 4 << 20;
/// Bytes that one section of a block may claim to unpack to; more is damage.
pub const MAX_SECTION: usize = 256 << 20;
/// Smallest segment size.
pub const MIN_SEGMENT: u64 = 256 << 10;
/// Paths of one chunk of a packed segment's path index.
pub const PATHS_PER_CHUNK: usize = if cfg!(test) { 64 } else { 2048 };
/// Paths that are packed together until the index is made of them; merging has so many of each block unpacked.
pub const PATHS_PER_PIECE: usize = if cfg!(test) { 3 } else { 512 };
/// Exits of one row of a packed segment; more are damage.
pub const EXITS_PER_ROW: usize = if cfg!(test) { 64 } else { 1 << 16 };
/// Pids of one chunk of a packed segment's process index.
pub const PIDS_PER_CHUNK: usize = 512;
/// Bits of a filter for each term: one in about 45 terms that are nowhere passes.
pub const FILTER_BITS: usize = 8;
/// Bytes of a part of a filter: with what is around it, one page of redb's.
pub const FILTER_PART: usize = 3968;
/// Files of which a writer remembers what was found out, in each of two generations; a file that was not run for so long
/// is not told of in new segments.
pub const KNOWN_FILES: usize = 8192;
/// Times that closing a segment is tried when its file cannot be read or written (a full disk is waited for). Then it is
/// left as it is until the next start, and recording goes on in a new one.
pub const CLOSING_TRIES: u32 = 5;
/// Segments written anew whose digests a new segment takes down; the oldest are left out.
pub const REWRITTEN_SEGMENTS: usize = 4096;
/// Bytes of a key file that are read.
pub const KEY_BYTES: u64 = 4096;
/// Events of one batch; a larger one is refused.
pub const MAX_BATCH: usize = 4 << 20;
/// Pins of a store; one more is refused.
pub const MAX_PINS: usize = 256;
/// Bytes of a pin's name.
pub const PIN_NAME: usize = 64;
/// Bytes of the file of pins; a larger one is not read.
pub const PINS_BYTES: u64 = 64 << 10;
/// Pause between two segments that are removed because of their age: a clock that jumps ahead costs one of them each
/// pause until it is set right, not all at once.
pub const AGE_PAUSE: std::time::Duration = std::time::Duration::from_secs(15);
/// Time for a file system to give back the room of removed segments, before it is asked again how much is free.
pub const FREE_PAUSE: std::time::Duration = std::time::Duration::from_secs(2);
/// Bytes a second that the background reads and writes.
pub const BACKGROUND_BYTES: u64 = 48 << 20;
/// Bytes of new blocks after which a rewriting is made durable as far as it is: what a kill costs of it, and what the
/// disk gets at once.
pub const REWRITE_COMMIT: u64 = 4 << 20;
/// Buckets of a timeline.
pub const MAX_BUCKETS: usize = 10_000;
/// Values that a timeline tells apart.
pub const MAX_TOP: usize = 1_000;
/// Distinct values among which a timeline looks for those with most events; the events of those met after are counted
/// with the rest.
pub const MAX_VALUES: usize = 1 << 17;
