//! `--all`: everything there is of a question, page after page, so that an incident can be taken out of a store.

use std::{
    io::{self, Write},
    sync::atomic::Ordering,
    thread,
    time::Duration,
};

use anyhow::{Result, bail};

use super::{PAGE, Printer, Summary, tell_more};
use crate::cli::{
    client::{Client, Page, Parameters},
    gaps,
    progress::interruption,
    settings::UsageError,
    zone::Zone,
};

/// How often a page is asked for before it is given up.
const TRIES: usize = 5;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn run(
    client: &Client,
    mut parameters: Parameters,
    mut cursor: Option<String>,
    mut printer: Printer<impl Write>,
    zone: Zone,
) -> Result<()> {
    parameters.push(("order", "asc".to_owned()));
    parameters.push(("limit", PAGE.to_string()));
    // While recording goes on, there is no end otherwise. A cursor keeps the moment.
    if !parameters.iter().any(|(name, _)| *name == "until") {
        parameters.push(("until", "now".to_owned()));
    }
    let interrupted = interruption();
    let mut summary = Summary::default();
    loop {
        let asked =
            parameters.iter().cloned().chain(cursor.clone().map(|cursor| ("cursor", cursor))).collect();
        let mut page = match page(client, &asked) {
            Ok(page) => page,
            Err(error) if error.is::<UsageError>() => return Err(error),
            Err(error) => return broken_off(&summary, cursor.as_deref(), &format!("{error:#}")),
        };
        summary.add(&mut page);
        printer.events(&page.events)?;
        printer.flush()?;
        match summary.next.clone() {
            Some(next) => cursor = Some(next),
            None => break,
        }
        if interrupted.load(Ordering::Relaxed) {
            return broken_off(&summary, cursor.as_deref(), "interrupted");
        }
    }
    printer.end(&summary)?;
    tell_more(&summary, zone);
    let mut told = io::stderr().lock();
    // A closed standard error is nobody's failure.
    let _ = if summary.incomplete {
        let _ = gaps::lines(&summary.gaps, zone).iter().try_for_each(|line| writeln!(told, "  {line}"));
        writeln!(
            told,
            "tacho: not complete: {} events, all there are; but in this span events were or may have been lost (above)",
            summary.events
        )
    } else {
        writeln!(told, "tacho: complete: {} events", summary.events)
    };
    Ok(())
}

/// A page; a connection that broke is tried again, since nothing of the page has gone out yet.
fn page(client: &Client, asked: &Parameters) -> Result<Page> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.events(asked) {
            Err(error) if client.is_store() || tries >= TRIES || error.is::<UsageError>() => {
                return Err(error);
            }
            Err(_) => thread::sleep(PAUSE),
            page => return page,
        }
    }
}

fn broken_off(summary: &Summary, cursor: Option<&str>, why: &str) -> Result<()> {
    match cursor {
        Some(cursor) => bail!(
            "broken off after {} events: {why}; what was written ends with a whole event, and the same command with --cursor {cursor} goes on behind it",
            summary.events
        ),
        None => bail!("broken off before the first event: {why}"),
    }
}
