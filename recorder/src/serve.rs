//! `tacho serve`: the API over a store that nobody writes. No root, no probes.

use anyhow::{Context as _, Result};
use query_api::{AppState, Role};
use store::Store;

use crate::{
    api::{Listeners, Listening},
    cli::settings::ServeArgs,
    privileges,
};

/// Serves a store until SIGTERM or SIGINT.
///
/// # Errors
/// If the store cannot be opened or an address cannot be listened on.
pub fn run(args: &ServeArgs) -> Result<()> {
    let store = Store::open(&args.store)
        .with_context(|| format!("cannot open the store {}", args.store.display()))?;
    let listening = Listening {
        listen: args.listen,
        socket: args.socket.as_deref(),
        group: args.socket_group.as_deref(),
        no_auth: args.no_auth,
    };
    let listeners = Listeners::bind(&args.store, listening)?;
    privileges::give_up(&args.store)?;
    listeners.announce(&format!("serving {}", args.store.display()));
    listeners.run(AppState::new(store, Role::Serving), None)?;
    Ok(())
}
