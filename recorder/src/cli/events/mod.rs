//! `tacho events`: pages of the API, newest last, as a table or for programs.

mod all;
mod csv;
mod live;
mod printer;
mod row;
mod table;

use std::{
    collections::HashSet,
    io::{self, BufWriter, Write as _},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, value::RawValue};

use super::{
    args::{EventsFlags, Output},
    client::{Client, Page, Parameters},
    config::Config,
    gaps,
    settings::UsageError,
    style::Style,
    text::escape,
    zone::Zone,
};
use printer::Printer;

/// Events asked for at once.
const PAGE: u64 = 1_000;
/// Events shown if nobody says how many.
const LIMIT: u64 = 100;
/// Counted from the newest end, events are held in memory until the oldest of them is known.
const MAX_NEWEST: u64 = 100_000;
/// Gaps remembered of the pages of one question. A page merges them above 500; more come about only while recording goes
/// on, and are counted among the last.
const MAX_GAPS: usize = 4_096;

/// What the pages said besides events.
#[derive(Default)]
struct Summary {
    next: Option<String>,
    events: u64,
    incomplete: bool,
    gaps: Vec<Value>,
    /// As the last page told it; each tells the whole span's.
    left_out: Vec<Value>,
    seen: HashSet<String>,
    followed: Option<Value>,
    skipped: u64,
}

impl Summary {
    fn add(&mut self, page: &mut Page) {
        self.events += u64::try_from(page.events.len()).unwrap_or(u64::MAX);
        self.incomplete |= !page.complete;
        self.next = page.next.take();
        self.left_out = std::mem::take(&mut page.left_out);
        self.skipped = self.skipped.saturating_add(page.skipped);
        self.followed = page.followed.take().or(self.followed.take());
        for gap in page.gaps.drain(..) {
            if self.gaps.len() < MAX_GAPS && self.seen.insert(gap.to_string()) {
                self.gaps.push(gap);
            }
        }
    }
}

/// Prints events.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &EventsFlags, file: &Config) -> Result<()> {
    let zone = flags.zone.zone();
    let mut parameters = flags.filters.parameters(zone)?;
    // The table tells what only `full` has room for.
    let full = matches!(flags.output, Output::Table | Output::Csv).then(|| "full".to_owned());
    parameters.extend(flags.schema.clone().or(full).map(|schema| ("schema", schema)));
    let client = Client::open(&flags.source, file)?;
    let style = Style::of_stdout();
    let printer = Printer::new(BufWriter::new(io::stdout().lock()), flags.output, style, zone);
    if flags.live {
        return live::run(flags, &client, parameters, printer, zone);
    }
    if flags.all {
        return all::run(&client, parameters, flags.cursor.clone(), printer, zone);
    }
    some(flags, &client, parameters, printer)
}

/// What was removed from under us, and the other names under which a file was looked for.
fn tell_more(summary: &Summary, zone: Zone) {
    let mut told = io::stderr().lock();
    if summary.skipped > 0 {
        // A closed standard error is nobody's failure.
        let _ = writeln!(
            told,
            "tacho: retention removed {} events (of any kind) before they could be read; tacho pin keeps a span",
            summary.skipped
        );
    }
    let Some(followed) = &summary.followed else { return };
    for name in followed["names"].as_array().into_iter().flatten() {
        let end = |key: &str| name[key].as_str().map_or_else(|| "...".to_owned(), |time| zone.moment(time));
        let path = escape(name["path"].as_str().unwrap_or("?"));
        // A closed standard error is nobody's failure.
        let _ = writeln!(
            told,
            "tacho: also called {path}, {} to {} (#{})",
            end("from"),
            end("to"),
            name["event"]
        );
    }
    if followed["whole"] == Value::Bool(false) {
        let _ = writeln!(told, "tacho: it may have had more names: there are too many to follow");
    }
}

/// So many from one end.
fn some(
    flags: &EventsFlags,
    client: &Client,
    mut parameters: Parameters,
    mut printer: Printer<impl io::Write>,
) -> Result<()> {
    let order = flags.order.as_deref().unwrap_or("desc");
    let oldest_first = order == "asc";
    let limit = flags.limit.unwrap_or(LIMIT);
    if !oldest_first && limit > MAX_NEWEST {
        let message = format!(
            "--limit {limit}: from the newest end {MAX_NEWEST} at most; --all has no limit, and begins with the oldest"
        );
        return Err(UsageError::Refused(message).into());
    }
    parameters.push(("order", order.to_owned()));
    let mut held = Vec::new();
    let summary = pages(client, &parameters, flags.cursor.clone(), limit, |events| {
        if oldest_first {
            return printer.events(&events);
        }
        held.extend(events);
        Ok(())
    })?;
    held.reverse();
    printer.events(&held)?;
    printer.end(&summary)?;
    tell_more(&summary, flags.zone.zone());
    let mut told = io::stderr().lock();
    if summary.events == 0 {
        let _ = writeln!(told, "tacho: no event fits");
        let _ = gaps::left_out(&summary.left_out).iter().try_for_each(|line| writeln!(told, "  {line}"));
    } else if summary.next.is_some() && flags.output != Output::Json {
        let others = if oldest_first { "newer" } else { "older" };
        let _ = writeln!(told, "tacho: there are {others} ones: --limit N shows more, --all all");
    }
    drop(told);
    gaps::warn(summary.incomplete, &summary.gaps, flags.zone.zone());
    Ok(())
}

/// Newest or oldest `limit` events.
fn pages(
    client: &Client,
    parameters: &Parameters,
    mut cursor: Option<String>,
    limit: u64,
    mut each: impl FnMut(Vec<Box<RawValue>>) -> Result<()>,
) -> Result<Summary> {
    let mut left = limit;
    let mut summary = Summary::default();
    loop {
        let mut asked = parameters.clone();
        // The API judges a limit of 0 as it would anybody's.
        asked.push(("limit", left.min(PAGE).to_string()));
        asked.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.events(&asked)?;
        summary.add(&mut page);
        left = left.saturating_sub(u64::try_from(page.events.len()).unwrap_or(u64::MAX));
        each(page.events).context("cannot write the events")?;
        match &summary.next {
            Some(next) if left > 0 => cursor = Some(next.clone()),
            _ => return Ok(summary),
        }
    }
}
