//! Bringing a store to the format of this release, segment by segment.
//!
//! A segment is written anew beside the old one, asked for everything together with it, and takes its place only if all
//! answers are the same. What is done is told by the segments themselves, so that a kill costs the work on one of them
//! at most.

mod compare;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use self::compare::{Outcome, compare};
use crate::faults::Watch;
use crate::pins::Pins;
use crate::reader::{Segment, Shared};
use crate::segment::backend;
use crate::segment::file::{self, FileError, guarded};
use crate::writer::{Plan, lock_exclusive, lock_shared, recover, rewrite, unfinished};
use crate::{OpenError, Progress, SegmentSigner, SegmentState, Store};

/// Bytes that must be free beside a second copy of the largest segment: redb makes files larger in steps.
const MARGIN: u64 = 16 << 20;

/// A store could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Too little room for a second copy of a segment.
    #[error("{} needs {needed} bytes of free space for a second copy of one segment, and has {free}", .path.display())]
    Full {
        /// The store.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The operating system refused.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// What a migration would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MigrationPlan {
    /// Format that it would bring segments to.
    pub to: u32,
    /// Segments of older formats, oldest first.
    pub segments: Vec<Planned>,
    /// Segments that are up to date.
    pub current: usize,
    /// Bytes of those of older formats.
    pub bytes: u64,
    /// Free bytes that are needed meanwhile.
    pub needed: u64,
    /// Free bytes; `None` if it cannot be told.
    pub free: Option<u64>,
    /// How long it takes, from one segment that was tried in a scratch file; `None` if there is nothing to try.
    pub seconds: Option<u64>,
    /// Bytes that the segments will have, likewise.
    pub bytes_after: Option<u64>,
}

/// A segment that is to be written anew.
#[derive(Clone, Debug, Serialize)]
pub struct Planned {
    /// Its number.
    pub number: u64,
    /// Its format.
    pub format: u32,
    /// What it is.
    pub state: SegmentState,
    /// Bytes of its file.
    pub bytes: u64,
    /// Its events.
    pub events: u64,
}

/// What a migration did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Migrated {
    /// Segments written anew.
    pub done: u64,
    /// Segments that were up to date already.
    pub current: u64,
    /// Bytes of the done ones before.
    pub bytes_before: u64,
    /// Bytes of them now.
    pub bytes_after: u64,
    /// Segments that stay as they were: they are read as before.
    pub left: Vec<Left>,
    /// Whether it was ended early; begun again, it goes on.
    pub interrupted: bool,
}

/// A segment that stays as it was.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    /// Its number.
    pub number: u64,
    /// Why.
    pub why: String,
}

/// What a migration would do. Writes nothing in the store; one segment is tried in a scratch directory.
///
/// # Errors
/// If there is no store, somebody writes it, or it comes from a newer release.
pub fn plan_migration(dir: &Path, scratch: &Path) -> Result<MigrationPlan, MigrateError> {
    drop(lock_shared(dir)?);
    let segments = Segment::look_all(list(dir)?)?;
    let mut plan = MigrationPlan { to: migrations::CURRENT, free: free(dir), ..MigrationPlan::default() };
    for segment in &segments {
        if segment.format >= migrations::CURRENT {
            plan.current += 1;
            continue;
        }
        let (bytes, events) = (segment.bytes(), segment.totals().events);
        plan.bytes += bytes;
        plan.needed = plan.needed.max(bytes.saturating_add(MARGIN));
        let (number, format, state) = (segment.number, segment.format, segment.form());
        plan.segments.push(Planned { number, format, state, bytes, events });
    }
    let closed = |segment: &&Arc<Segment>| {
        segment.format < migrations::CURRENT
            && matches!(segment.form(), SegmentState::Closed | SegmentState::Packed)
    };
    // The smallest of some substance is enough to tell.
    let sample = segments.iter().filter(closed).max_by_key(|segment| segment.bytes().min(8 << 20));
    if let Some(sample) = sample
        && let Ok((time, bytes)) = tried(sample, scratch)
    {
        let all =
            |part: u128| u64::try_from(part * u128::from(plan.bytes) / u128::from(sample.bytes().max(1)));
        plan.seconds = all(time.as_millis()).ok().map(|millis| millis.div_ceil(1000));
        plan.bytes_after = all(u128::from(bytes)).ok();
    }
    Ok(plan)
}

/// Writes a segment anew to a scratch file, and compares: how long it took, and its bytes.
fn tried(segment: &Arc<Segment>, scratch: &Path) -> Result<(Duration, u64), FileError> {
    let to = scratch.join(format!("tacho-migrate-{}.redb", std::process::id()));
    let begun = Instant::now();
    let _ = std::fs::remove_file(&to);
    let made = guarded(|| make(segment, &to, &Tools::default(), &mut |_| ControlFlow::Continue(())));
    let bytes = std::fs::metadata(&to).map_or(0, |metadata| metadata.len());
    let _ = std::fs::remove_file(&to);
    made.map(|_| (begun.elapsed(), bytes))
}

/// Brings all segments of a store to the format of this release. Segments that cannot be read as a whole stay as they are.
///
/// `signer` signs what is written anew; `progress` is told of each block, and may end it.
///
/// # Errors
/// If there is no store, somebody writes it, it comes from a newer release, or there is no room.
pub fn migrate(
    dir: &Path,
    signer: Option<&Arc<SegmentSigner>>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Migrated, MigrateError> {
    migrate_watched(dir, &Tools { signer, watch: None }, progress)
}

/// What a migration works with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tools<'a> {
    /// Signs what is written anew.
    pub signer: Option<&'a Arc<SegmentSigner>>,
    /// For tests: sees, and may refuse, what is done to files.
    pub watch: Option<&'a Arc<dyn Watch>>,
}

/// As [`migrate`].
///
/// # Errors
/// As [`migrate`].
pub fn migrate_watched(
    dir: &Path,
    tools: &Tools<'_>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Migrated, MigrateError> {
    let files = list(dir)?;
    let _lock = lock_exclusive(dir)?;
    let segments = Segment::look_all(files)?;
    let old: Vec<_> = segments.iter().filter(|segment| segment.format < migrations::CURRENT).collect();
    let unreadable = segments.iter().filter(|segment| segment.form() == SegmentState::Damaged);
    let left: Vec<_> = unreadable
        .map(|segment| Left { number: segment.number, why: "the file cannot be read".to_owned() })
        .collect();
    let current = (segments.len() - old.len() - left.len()) as u64;
    let mut done = Migrated { current, left, ..Migrated::default() };
    let sizes: Vec<u64> = old.iter().map(|segment| segment.bytes()).collect();
    let mut now = Progress { segments: old.len(), bytes: sizes.iter().sum(), ..Progress::default() };
    for (segment, bytes) in old.into_iter().zip(sizes) {
        let needed = bytes.saturating_add(MARGIN);
        if let Some(free) = free(dir).filter(|free| *free < needed) {
            return Err(MigrateError::Full { path: dir.to_owned(), needed, free });
        }
        now.segment = segment.number;
        let before = now;
        let step = guarded(|| {
            one(segment, tools, &mut |part| {
                let bytes_done = before.bytes_done + bytes / 1000 * part;
                progress(Progress { bytes_done, ..before })
            })
        });
        match step {
            Ok(ControlFlow::Break(())) => {
                done.interrupted = true;
                return Ok(done);
            }
            Ok(ControlFlow::Continue(after)) => {
                done.done += 1;
                done.bytes_before += bytes;
                done.bytes_after += after;
            }
            Err(FileError::Io(source)) => {
                let _ = backend::remove(tools.watch, &unfinished(&segment.path));
                return Err(MigrateError::Io { action: "writing anew", path: segment.path.clone(), source });
            }
            Err(error) => {
                let _ = backend::remove(tools.watch, &unfinished(&segment.path));
                done.left.push(Left { number: segment.number, why: error.to_string() });
            }
        }
        now.done += 1;
        now.bytes_done = before.bytes_done + bytes;
    }
    let _ = progress(now);
    Ok(done)
}

/// Brings one segment up to date; gives the bytes of its new file. `told` hears the part of the work that is done, of 1000.
fn one(
    segment: &Arc<Segment>,
    tools: &Tools<'_>,
    told: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<ControlFlow<(), u64>, FileError> {
    if segment.form() == SegmentState::Open {
        // As at any start after a crash.
        let signer = tools.signer.map(|signer| &**signer);
        segment.closed(recover(&segment.path, tools.watch.cloned(), signer)?.closed);
    }
    let temporary = unfinished(&segment.path);
    if make(segment, &temporary, tools, told)?.is_break() {
        return Ok(ControlFlow::Break(()));
    }
    segment.let_go();
    backend::rename(tools.watch, &temporary, &segment.path)?;
    backend::sync_directory(tools.watch, segment.path.parent().unwrap_or(&segment.path))?;
    Ok(ControlFlow::Continue(segment.bytes()))
}

/// Writes a segment anew to another file, and sees that it answers the same.
fn make(
    segment: &Arc<Segment>,
    to: &Path,
    tools: &Tools<'_>,
    told: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, FileError> {
    let alone = |segment: &Arc<Segment>| {
        let shared = Shared::new(vec![Arc::clone(segment)], Pins::default(), None, tools.watch.cloned());
        Arc::new(shared.signing(tools.signer.cloned()))
    };
    let shared = alone(segment);
    let events = segment.totals().events.max(1);
    let part = |done: u64, base: u64| base + done.min(events).saturating_mul(500) / events;
    let whole = rewrite(&shared, segment, to, Plan::Pack, &mut |step| {
        if told(part(step.done, 0)).is_break() { Err(crate::writer::Stopped) } else { Ok(()) }
    })?;
    if !whole {
        return Ok(ControlFlow::Break(()));
    }
    let new = Arc::new(Segment::look(segment.number, to)?);
    if new.format != migrations::CURRENT || new.link() != segment.link() {
        return Err(FileError::Damaged("the new file is not what it should be".to_owned()));
    }
    let (old, new) = (Store::of(shared), Store::of(alone(&new)));
    let outcome = compare(&old, &new, &mut |done| told(part(done, 500)))
        .map_err(|error| FileError::Damaged(error.to_string()))?;
    match outcome {
        Outcome::Same => Ok(ControlFlow::Continue(())),
        Outcome::Stopped => Ok(ControlFlow::Break(())),
        Outcome::Differs(what) => Err(FileError::Damaged(format!("the new file answers otherwise: {what}"))),
    }
}

/// The segments' files; a directory of copied segments is no store to be changed.
fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, OpenError> {
    let segments = dir.join("segments");
    if !segments.is_dir() {
        return Err(OpenError::Missing { path: dir.to_owned() });
    }
    file::list(&segments).map_err(|source| OpenError::Io { action: "listing", path: segments, source })
}

/// Free bytes where a directory is.
fn free(dir: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(dir).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
