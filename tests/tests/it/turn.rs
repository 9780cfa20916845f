//! Who may run a recorder: recorders see the whole host, so one at a time, or each test would wade through the
//! others' events. Scenarios share one; it ends when another test wants its turn, or with the test program.

use std::{
    ops::Deref,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::{host::skip, recorder::Recorder};

static STATE: Mutex<State> = Mutex::new(State::Free);
static CHANGED: Condvar = Condvar::new();

enum State {
    Free,
    Taken,
    Shared(Arc<Recorder>),
}

/// The right to run a recorder.
pub(crate) struct Turn(());

/// Waits for this test's turn; `None` if this machine cannot load probes. Then the test is counted as skipped,
/// and under CI it fails.
pub(crate) fn turn(test: &str) -> Option<Turn> {
    able(test)?;
    let mut state = lock();
    loop {
        match &*state {
            State::Free => break,
            State::Shared(recorder) if Arc::strong_count(recorder) == 1 => break,
            _ => state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }
    *state = State::Taken;
    Some(Turn(()))
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock() = State::Free;
        CHANGED.notify_all();
    }
}

/// A recorder that runs for all scenarios.
pub(crate) struct Shared(Option<Arc<Recorder>>);

/// Waits for the shared recorder, and starts it if it does not run; `None` as for [`turn`].
pub(crate) fn shared(test: &str) -> Option<Shared> {
    able(test)?;
    let mut state = lock();
    loop {
        match &*state {
            State::Shared(recorder) => return Some(Shared(Some(Arc::clone(recorder)))),
            State::Free => break,
            State::Taken => state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }
    *state = State::Taken;
    drop(state);
    // Frees the turn should the recorder not start.
    let turn = Turn(());
    let recorder = Arc::new(Recorder::on_a_leash());
    std::mem::forget(turn);
    *lock() = State::Shared(Arc::clone(&recorder));
    CHANGED.notify_all();
    Some(Shared(Some(recorder)))
}

impl Deref for Shared {
    type Target = Recorder;

    fn deref(&self) -> &Recorder {
        self.0.as_deref().expect("only dropping takes it")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the recorder's log:\n{}", self.log());
        }
        let state = lock();
        drop(self.0.take());
        drop(state);
        CHANGED.notify_all();
    }
}

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn able(test: &str) -> Option<()> {
    if !rustix::process::geteuid().is_root() {
        skip(test, "loading probes needs root");
        return None;
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        skip(test, "this kernel has no BTF");
        return None;
    }
    Some(())
}
