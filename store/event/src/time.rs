//! Time inside is integers; chrono only at the edges.

/// Nanoseconds since the Unix epoch, UTC.
pub type Nanos = i64;
