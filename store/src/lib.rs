//! The local store: a directory of segments, each one redb file. docs/FORMAT.md has it byte by byte.
//!
//! One [`Writer`] per directory appends batches, each as one durable group commit; any number of [`Store`]s read.
#![forbid(unsafe_code)]

mod batch;
mod block;
mod budget;
mod bytes;
mod context;
mod edit;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod index;
mod left_out;
mod limits;
#[doc(hidden)]
pub mod measure;
mod migrate;
mod options;
mod pattern;
mod pins;
mod process;
mod query;
mod reader;
mod segment;
mod sign;
mod stats;
pub mod stream;
mod timeline;
mod verify;
mod writer;

pub use batch::{Appended, Batch};
pub use budget::Budget;
pub use edit::{Editor, edit_pins};
pub use error::{AppendError, OpenError, QueryError, VerifyError};
pub use left_out::{LeftOut, LeftOutRule};
pub use migrate::{Left, MigrateError, Migrated, MigrationPlan, Planned, migrate, plan_migration};
pub use options::Options;
pub use pattern::{PathPattern, PatternError};
pub use pins::{Pin, PinError, PinStats};
pub use process::{Ancestor, Lineage, Process, ProcessImage, ProcessPage, ProcessQuery};
pub use query::{Filter, Found, Order, OtherProcess, Page, Query};
pub use reader::Store;
pub use sign::{Finding, KeyError, PublicKey, SegmentSigner};
pub use stats::{Retention, SegmentState, SegmentStats, Stats, Work};
pub use timeline::{By, Timeline, TimelineQuery};
pub use verify::{
    Anchor, BadBlock, Progress, Report, SegmentReport, Unchecked, Verification, verify, verify_with,
};
pub use writer::Writer;

#[doc(hidden)]
pub use limits::{BLOCK_EVENTS, PACKED_BLOCK_EVENTS};

/// For tests: disks that fail, clocks that jump.
#[doc(hidden)]
pub mod faults {
    pub use crate::migrate::{Tools, migrate_watched};
    pub use crate::segment::backend::{Operation, Watch};
    pub use crate::writer::{Host, Space};
}
