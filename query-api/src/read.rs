//! Reads of the store: off the I/O threads, a few at a time.

use store::Store;

use crate::error::{ApiError, Code};
use crate::state::AppState;

/// Runs a read on a thread of its own, after at most [`crate::limits::MAX_READS`] others.
pub(crate) async fn read<T: Send + 'static>(
    state: &AppState,
    read: impl FnOnce(&Store) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let turn = state.reads.clone().acquire_owned().await;
    let turn = turn.map_err(|error| ApiError::internal(&error))?;
    let store = state.store.clone();
    let work = tokio::task::spawn_blocking(move || {
        // Held until the read is over, also if the reader has gone away meanwhile.
        let _turn = turn;
        read(&store)
    });
    work.await.map_err(|error| ApiError::internal(&error))?
}

/// A place among the requests being answered; kept until the answer's body is sent.
pub(crate) fn enter(state: &AppState) -> Result<tokio::sync::OwnedSemaphorePermit, ApiError> {
    let busy = |_| ApiError::new(Code::Busy, "too many requests at once; try again in a second");
    state.requests.clone().try_acquire_owned().map_err(busy)
}
