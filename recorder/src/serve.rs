//! `tacho serve`: the API over a store that nobody writes. No root, no probes.

use anyhow::{Context as _, Result};
use query_api::{AppState, Role};
use store::Store;

use crate::{api::Listeners, cli::settings::ServeArgs};

/// Serves a store until SIGTERM or SIGINT.
///
/// # Errors
/// If the store cannot be opened or an address cannot be listened on.
pub fn run(args: &ServeArgs) -> Result<()> {
    let store = Store::open(&args.store)
        .with_context(|| format!("cannot open the store {}", args.store.display()))?;
    let listeners = Listeners::bind(&args.store, args.listen, args.socket.as_deref(), args.no_auth)?;
    listeners.announce(&format!("serving {}", args.store.display()));
    listeners.run(AppState::new(store, Role::Serving), None)?;
    Ok(())
}
