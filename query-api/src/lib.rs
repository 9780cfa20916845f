//! The HTTP API over a store reader.
