//! Rewriting closed segments to their final form, in the background: stronger compression, packed indexes, and no page
//! to spare. What is in them does not change, nor does the digest.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::repack::{Stopped, rewrite};
use crate::SegmentState;
use crate::reader::{Segment, Shared};
use crate::segment::backend::{self, Watch};
use crate::segment::file::{FileError, guarded};

/// Pause after each block: leaves most of the core to others.
const PAUSE: Duration = Duration::from_millis(2);

/// The background thread.
#[derive(Debug)]
pub struct Packer {
    sender: Option<Sender<u64>>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    stop: AtomicBool,
    hurry: AtomicUsize,
    pending: Mutex<usize>,
    done: Condvar,
}

impl Packer {
    /// Starts it, unless it is not wanted.
    pub fn start(shared: &Arc<Shared>, enabled: bool) -> Self {
        let state = Arc::new(State::default());
        if !enabled {
            return Self { sender: None, state, thread: None };
        }
        let (sender, receiver) = channel();
        let (shared, its_state) = (Arc::clone(shared), Arc::clone(&state));
        let thread = std::thread::Builder::new()
            .name("tacho-pack".to_owned())
            .spawn(move || work(&shared, &receiver, &its_state))
            .inspect_err(|error| tracing::warn!(%error, "closed segments are not rewritten: no thread"))
            .ok();
        Self { sender: thread.is_some().then_some(sender), state, thread }
    }

    /// A segment was closed.
    pub fn send(&self, number: u64) {
        if let Some(sender) = &self.sender {
            *self.state.pending.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            if sender.send(number).is_err() {
                self.state.finished();
            }
        }
    }

    /// Waits until nothing is left to do.
    pub fn settle(&self) {
        self.state.hurry.fetch_add(1, Ordering::Relaxed);
        let mut pending = self.state.pending.lock().unwrap_or_else(PoisonError::into_inner);
        while *pending > 0 {
            pending = self.state.done.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        self.state.hurry.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn finished(&self) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.done.notify_all();
    }

    /// Between two blocks.
    fn breathe(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        if self.hurry.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

fn work(shared: &Shared, receiver: &Receiver<u64>, state: &State) {
    for number in receiver {
        if !state.stop.load(Ordering::Relaxed)
            && let Some(segment) = shared.segment(number)
            && segment.form() == SegmentState::Closed
            && let Err(error) = guarded(|| pack(shared, &segment, state))
        {
            tracing::warn!(file = %segment.path.display(), %error, "a segment stays as it was, not packed");
            let _ = backend::remove(shared.watch.as_ref(), &unfinished(&segment.path));
        }
        state.finished();
    }
}

fn pack(shared: &Shared, segment: &Segment, state: &State) -> Result<(), FileError> {
    let watch = shared.watch.as_ref();
    let temporary = unfinished(&segment.path);
    let _ = backend::remove(watch, &temporary);
    if !rewrite(shared, segment, &temporary, &mut || state.breathe())? {
        backend::remove(watch, &temporary)?;
        return Ok(());
    }
    // The new file is looked at as any reader would, before the old one is let go.
    let packed = Segment::look(segment.number, &temporary)?;
    if packed.form() != SegmentState::Packed || packed.link() != segment.link() {
        return Err(FileError::Damaged("the rewritten file is not what it should be".to_owned()));
    }
    let dir = segment.path.parent().unwrap_or(&segment.path);
    let installed = shared.install(segment.number, || {
        backend::rename(watch, &temporary, &segment.path)?;
        Ok(Arc::new(packed.renamed(&segment.path)))
    })?;
    if !installed {
        backend::remove(watch, &temporary)?;
    }
    backend::sync_directory(watch, dir)?;
    Ok(())
}

/// Where a segment is rewritten to.
pub fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("redb.tmp")
}

/// Removes what an interrupted rewriting left.
pub fn remove_unfinished(dir: &Path, watch: Option<&Arc<dyn Watch>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            backend::remove(watch, &path)?;
        }
    }
    Ok(())
}
