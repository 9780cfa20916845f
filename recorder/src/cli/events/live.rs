//! `-f`: the newest events, and then those to come, as they are recorded.

use std::{
    collections::HashSet,
    io::{self, Write},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, value::RawValue};

use super::{MAX_NEWEST, Printer, pages};
use crate::cli::{
    args::{EventsFlags, Output},
    client::{Client, Message, NoStream, Parameters, Stream},
    settings::UsageError,
    text::escape,
    zone::Zone,
};

/// Events shown of the past.
const BEFORE: u64 = 10;
/// First and longest pause before a lost connection is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Gaps remembered as told.
const TOLD: usize = 4_096;

/// Where we are.
struct Live<'a> {
    client: &'a Client,
    /// Of the stream: it takes no times.
    parameters: Parameters,
    zone: Zone,
    /// The last event seen.
    last: Option<u64>,
    told: HashSet<String>,
    /// When the connection was lost: gaps from then on are asked for when it is back.
    date: Option<String>,
}

pub(super) fn run(
    flags: &EventsFlags,
    client: &Client,
    parameters: Parameters,
    mut printer: Printer<impl Write>,
    zone: Zone,
) -> Result<()> {
    if flags.output == Output::Json {
        return Err(
            UsageError::Refused("a document has an end, and -f has none: -o ndjson".to_owned()).into()
        );
    }
    let of_stream = parameters.iter().filter(|(name, _)| *name != "since").cloned().collect();
    let mut live = Live { client, parameters: of_stream, zone, last: None, told: HashSet::new(), date: None };
    // Open before the past is read: what comes in between is in both, and told apart by its number.
    let mut stream = match client.stream(&live.parameters, None) {
        Ok(stream) => stream,
        Err(NoStream::Later(error) | NoStream::Never(error)) => return Err(error),
    };
    live.last = live.newest()?;
    live.past(flags, parameters, &mut printer)?;
    loop {
        let error = match live.follow(&mut stream, &mut printer)? {
            Some(error) if client.is_store() => return Err(error),
            Some(error) => format!("{error:#}"),
            None => "the stream ended".to_owned(),
        };
        let _ = writeln!(io::stderr(), "tacho: {error}; trying again, from where it was");
        stream = live.again()?;
        let _ = writeln!(io::stderr(), "tacho: connected again");
        live.missed(&mut printer)?;
    }
}

impl<'a> Live<'a> {
    /// Number of the newest event, whether it fits or not: where a stream that has told nothing yet goes on.
    fn newest(&self) -> Result<Option<u64>> {
        let asked = vec![("limit", "1".to_owned()), ("schema", "full".to_owned())];
        let page = self.client.events(&asked)?;
        let Some(event) = page.events.first() else { return Ok(None) };
        let event: Value = serde_json::from_str(event.get()).context("an event is no JSON")?;
        Ok(number(&event["tacho"]["id"]))
    }

    /// The newest ones that are there, in the schema that was asked for, and where they end.
    fn past(
        &mut self,
        flags: &EventsFlags,
        mut parameters: Parameters,
        printer: &mut Printer<impl Write>,
    ) -> Result<()> {
        let schema = parameters.iter().find(|(name, _)| *name == "schema").map(|(_, schema)| schema.clone());
        // Only `full` has numbers, and only v5 is the same without them.
        let strip = match schema.as_deref() {
            Some("full") => false,
            None | Some("v5") => true,
            Some(_) => return Ok(()),
        };
        parameters.retain(|(name, _)| *name != "schema");
        parameters.extend([("schema", "full".to_owned()), ("order", "desc".to_owned())]);
        let limit = flags.limit.unwrap_or(if flags.filters.since.is_some() { MAX_NEWEST } else { BEFORE });
        if limit == 0 {
            return Ok(());
        }
        let mut held = Vec::new();
        let summary = pages(self.client, &parameters, None, limit.min(MAX_NEWEST), |events| {
            held.extend(events);
            Ok(())
        })?;
        held.reverse();
        if let Some(newest) = held.last() {
            let newest: Value = serde_json::from_str(newest.get()).context("an event is no JSON")?;
            self.last = self.last.max(number(&newest["tacho"]["id"]));
            self.date = newest["date"].as_str().map(str::to_owned);
        }
        if strip {
            held = held.iter().map(|event| without_tacho(event)).collect::<Result<_>>()?;
        }
        printer.events(&held)?;
        printer.flush()?;
        if flags.filters.since.is_some() {
            summary.gaps.iter().try_for_each(|gap| self.gap(gap, printer))?;
        }
        Ok(())
    }

    /// Prints what comes until the connection is lost; why it was, or `None` at the stream's end.
    fn follow(
        &mut self,
        stream: &mut Stream<'_>,
        printer: &mut Printer<impl Write>,
    ) -> Result<Option<anyhow::Error>> {
        loop {
            let messages = match stream.messages() {
                Ok(Some(messages)) => messages,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error)),
            };
            // Neighbours together: a table is laid out by its first rows.
            let mut events = Vec::new();
            for message in messages {
                if message.kind.is_empty() {
                    events.extend(self.event(message)?);
                    continue;
                }
                printer.events(&std::mem::take(&mut events))?;
                self.word(&message, printer)?;
            }
            if !events.is_empty() {
                printer.events(&events)?;
            }
            printer.flush()?;
        }
    }

    /// An event, if it is new.
    fn event(&mut self, message: Message) -> Result<Option<Box<RawValue>>> {
        if let (Some(last), Some(id)) = (self.last, message.id)
            && id <= last
        {
            return Ok(None);
        }
        self.last = message.id.or(self.last);
        let event = RawValue::from_string(message.data).context("an event of the stream is no JSON")?;
        self.date =
            serde_json::from_str::<Date>(event.get()).ok().and_then(|event| event.date).or(self.date.take());
        Ok(Some(event))
    }

    /// A gap, or what else the server says.
    fn word(&mut self, message: &Message, printer: &mut Printer<impl Write>) -> Result<()> {
        let document: Value = serde_json::from_str(&message.data).unwrap_or_default();
        if message.kind == "gap" {
            return self.gap(&document, printer);
        }
        let text = document["reason"].as_str().unwrap_or(&message.data);
        let _ = writeln!(io::stderr(), "tacho: {}: {}", escape(&message.kind), escape(text));
        Ok(())
    }

    fn gap(&mut self, gap: &Value, printer: &mut Printer<impl Write>) -> Result<()> {
        if self.told.len() >= TOLD {
            self.told.clear();
        }
        if self.told.insert(gap.to_string()) {
            printer.gap(gap, self.zone)?;
        }
        Ok(())
    }

    /// Waits until there is a connection again.
    fn again(&self) -> Result<Stream<'a>> {
        let mut pause = PAUSES.0;
        loop {
            thread::sleep(pause);
            match self.client.stream(&self.parameters, self.last) {
                Ok(stream) => return Ok(stream),
                Err(NoStream::Never(error)) => return Err(error),
                Err(NoStream::Later(_)) => pause = (pause * 2).min(PAUSES.1),
            }
        }
    }

    /// A new stream tells new gaps only: those of the meantime are asked for.
    fn missed(&mut self, printer: &mut Printer<impl Write>) -> Result<()> {
        let Some(since) = self.date.clone() else { return Ok(()) };
        let mut parameters: Parameters = self.parameters.clone();
        parameters.extend([("since", since), ("limit", "1".to_owned())]);
        // If it is lost again, that shows on the stream.
        let Ok(page) = self.client.events(&parameters) else { return Ok(()) };
        page.gaps.iter().try_for_each(|gap| self.gap(gap, printer))?;
        printer.flush()
    }
}

#[derive(serde::Deserialize)]
struct Date {
    date: Option<String>,
}

/// A number, or the digits of one.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// An event of `full` as one of `v5`.
fn without_tacho(event: &RawValue) -> Result<Box<RawValue>> {
    let mut event: Value = serde_json::from_str(event.get()).context("an event is no JSON")?;
    if let Some(members) = event.as_object_mut() {
        members.shift_remove("tacho");
    }
    Ok(RawValue::from_string(event.to_string())?)
}
