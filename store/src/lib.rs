//! The local store: a directory of segments, each one redb file.
#![forbid(unsafe_code)]
