//! What one request may ask for, and what the server takes on at once.

use std::time::Duration;

/// Events of one answer.
pub const MAX_LIMIT: usize = 10_000;
/// Events of one answer that does not say.
pub const DEFAULT_LIMIT: usize = 100;
/// Events fetched, rendered and sent in one go.
pub(crate) const BATCH: usize = 256;
/// Bytes after which a batch is sent with fewer events: what a slow reader holds in memory. An event with a long
/// lineage has hundreds of kilobytes.
pub(crate) const BATCH_BYTES: usize = 1 << 20;
/// Processes of a tree.
pub(crate) const MAX_TREE: usize = 10_000;
/// Nodes of a trace.
pub(crate) const TRACE_NODES: usize = 1_000;
/// Events told as evidence of each edge of a trace.
pub(crate) const TRACE_EVIDENCE: usize = 5;
/// Events that a trace looks at, in all.
pub(crate) const TRACE_EVENTS: usize = 50_000;
/// Events that a trace looks at for one question about one node.
pub(crate) const TRACE_EVENTS_OF_NODE: usize = 2_000;
/// Children of a process that a trace looks at.
pub(crate) const TRACE_CHILDREN: usize = 500;
/// Steps of a trace that does not say.
pub(crate) const TRACE_DEPTH: usize = 6;
/// Steps of a trace.
pub(crate) const MAX_TRACE_DEPTH: usize = 32;
/// Neighbours of each sort of a node of a trace that does not say.
pub(crate) const TRACE_FANOUT: usize = 10;
/// Neighbours of each sort of a node of a trace.
pub(crate) const MAX_TRACE_FANOUT: usize = 100;
/// Names of a file that are followed.
pub(crate) const MAX_FOLLOWED: usize = 64;
/// Events looked at to find them.
pub(crate) const MAX_FOLLOWED_EVENTS: usize = 10_000;
/// Children of a process that are counted.
pub(crate) const MAX_CHILDREN: usize = 100_000;
/// Parents of a process, after each other, that are looked for.
pub(crate) const MAX_PARENTS: usize = 16;
/// States told of a process; of more, the first and the last ones.
pub(crate) const MAX_STATES: usize = 1_000;
/// Levels of a tree. JSON readers commonly refuse more than 128 levels; a process takes two, and six inside.
pub(crate) const MAX_TREE_DEPTH: usize = 56;
/// Buckets of a timeline.
pub(crate) const MAX_BUCKETS: usize = 2_000;
/// Buckets of a timeline that does not say.
pub(crate) const DEFAULT_BUCKETS: usize = 100;
/// Values that a timeline tells apart, if they are no closed list.
pub(crate) const MAX_TOP: usize = 100;
/// Likewise, if it does not say.
pub(crate) const DEFAULT_TOP: usize = 10;
/// Time that counting or walking back may take; then the answer is what there is, and says so.
pub(crate) const QUESTION_TIME: Duration = Duration::from_secs(10);
/// Spans with rules of what is left out, listed in one answer; of more, the latest.
pub(crate) const MAX_LEFT_OUT: usize = 100;
/// Gaps listed in one answer; where there are more, those of one class and reason are merged.
pub(crate) const MAX_GAPS: usize = 500;
/// Bytes of path and query.
pub(crate) const MAX_URI: usize = 48 * 1024;
/// Parameters of one query, repetitions counted.
pub(crate) const MAX_PARAMETERS: usize = 1_000;
/// Values of one parameter, elements of lists counted.
pub(crate) const MAX_VALUES: usize = 1_000;
/// Bytes of one value: a path of `PATH_MAX` bytes with each of them escaped.
pub(crate) const MAX_VALUE: usize = 16 * 1024;
/// Requests being answered at once; more get 429.
pub(crate) const MAX_REQUESTS: usize = 64;
/// Streams open at once.
pub(crate) const MAX_STREAMS: usize = 16;
/// How often a stream looks for news.
pub(crate) const STREAM_INTERVAL: Duration = Duration::from_millis(300);
/// How long a stream is silent at most: that is how a reader's death is noticed.
pub(crate) const STREAM_HEARTBEAT: Duration = Duration::from_secs(15);
/// Store reads at once. They block a thread each; the others wait for their turn.
pub(crate) const MAX_READS: usize = 4;
/// Connections at once; more wait in the kernel's backlog.
pub(crate) const MAX_CONNECTIONS: usize = 256;
/// Bytes of a request's body.
pub(crate) const MAX_BODY: usize = 4 * 1024;
/// Bytes of a request's head.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// Header fields of a request.
pub(crate) const MAX_HEADERS: usize = 64;
/// Time for a request's head to arrive, and for a connection to be idle.
pub(crate) const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// Time for the rest of a request's body, and for a reader to take what is written: who is slower is cut off.
pub(crate) const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of each of the two files of the log of who asked.
pub(crate) const AUDIT_BYTES: u64 = 2 << 20;
/// Its lines a second; what is more is counted.
pub(crate) const AUDIT_RATE: f64 = 50.0;
/// Of requests that were refused, lines a second.
pub(crate) const AUDIT_REFUSED_RATE: f64 = 1.0;
/// Seconds of these rates that can be saved up.
pub(crate) const AUDIT_SAVED: f64 = 20.0;
/// Bytes of a path and of a query in a line.
pub(crate) const AUDIT_PATH: usize = 256;
/// Likewise.
pub(crate) const AUDIT_QUERY: usize = 1024;
/// Bytes of the token's file.
pub(crate) const MAX_TOKEN: u64 = 4096;
/// Work on one question before another one gets its turn.
pub(crate) const TURN: Duration = Duration::from_millis(250);
/// Time that a stream's reader may take for what it was sent last: less than [`WRITE_PATIENCE`], so that it can be told.
pub(crate) const STREAM_PATIENCE: Duration = Duration::from_secs(20);
/// Time that open answers get at shutdown.
pub(crate) const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);
/// Members that `fields` may name.
pub(crate) const MAX_FIELDS: usize = 100;
/// Names in the path of one.
pub(crate) const MAX_FIELD_DEPTH: usize = 8;
