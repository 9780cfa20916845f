//! `tacho verify`.

use std::{
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    sync::atomic::Ordering,
};

use anyhow::Result;
use event::render::Date;
use store::{BadBlock, Finding, PublicKey, Report, SegmentReport, Verification, verify_with};

use super::{
    args::VerifyFlags,
    config::Config,
    progress::{Shown, interruption},
    settings::{UsageError, store_of},
    style::{Style, sgr},
    text::escape,
};

/// Checks a store and prints what was found; returns whether it is whole.
///
/// # Errors
/// If the store cannot be read at all, or standard output not written.
pub fn run(flags: VerifyFlags, file: &Config) -> Result<bool> {
    let expect = flags.expect.iter().map(|text| digest(text)).collect::<Result<_, UsageError>>()?;
    let key = flags.public_key.as_deref().map(PublicKey::load).transpose()?;
    let how = Verification { key, deep: flags.deep, from: flags.from_segment, expect };
    let dir = store_of(flags.store, file);
    let (mut shown, interrupted) = (Shown::default(), interruption());
    let report = verify_with(&dir, &how, &mut |now| {
        let what = format!("segment {}, {} of {} done", now.segment, now.done, now.segments);
        shown.at(now.bytes_done, now.bytes, &what);
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    shown.end();
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        let style = Style::of_stdout();
        for segment in &report.segments {
            print(&mut out, style, segment)?;
        }
        writeln!(out, "{}", escape(&dir.display().to_string()))?;
        sum(&mut out, &report)?;
    }
    out.flush()?;
    Ok(report.whole)
}

/// A digest as an earlier check printed it.
fn digest(text: &str) -> Result<[u8; 32], UsageError> {
    let wrong = || UsageError::Refused(format!("{text:?} is no digest: it has 64 hexadecimal digits"));
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}

fn print(out: &mut impl Write, style: Style, segment: &SegmentReport) -> io::Result<()> {
    let (colour, word) = match &segment.problem {
        None if segment.unclosed => (sgr::YELLOW, "whole as far as it goes: it was never closed".to_owned()),
        None => (sgr::GREEN, "whole".to_owned()),
        Some(problem) => (sgr::RED, escape(problem).into_owned()),
    };
    let (file, word) = (escape(&segment.file), style.paint(colour, &word));
    writeln!(out, "{file}  {} blocks, {} events: {word}", segment.blocks, segment.events)?;
    if let Finding::By(key) = segment.signature {
        writeln!(out, "  signed by {key}")?;
    }
    if let Some((first, last)) = segment.hole {
        writeln!(out, "  retention removed segments {first} to {last} before it, and kept an older one")?;
    }
    for block in &segment.bad_blocks {
        writeln!(out, "  {}", bad(block))?;
    }
    let more = segment.bad_block_count.saturating_sub(segment.bad_blocks.len() as u64);
    if more > 0 {
        writeln!(out, "  and {more} bad blocks more")?;
    }
    Ok(())
}

/// A bad block in a line.
fn bad(block: &BadBlock) -> String {
    let time = |time: Option<i64>| time.map_or_else(|| "?".to_owned(), |time| Date(time).to_string());
    let last = block.last.map_or_else(|| "?".to_owned(), |last| last.to_string());
    let events = block.events.map_or_else(|| "an unknown number".to_owned(), |events| events.to_string());
    format!(
        "bad block: events {} to {last} ({events}), {} .. {}: {}",
        block.first,
        time(block.from),
        time(block.to),
        escape(&block.problem)
    )
}

fn sum(out: &mut impl Write, report: &Report) -> io::Result<()> {
    for left in &report.unchecked {
        writeln!(out, "segment {} was not checked: {}", left.number, left.why)?;
    }
    if let Some(pid) = report.writer {
        writeln!(out, "process {pid} is recording into it: what it closed was checked")?;
    }
    for digest in &report.missing_digests {
        let verb = if report.interrupted { "was not met so far" } else { "is NOT in the chain" };
        writeln!(out, "digest {digest} {verb}")?;
    }
    let since = report.rewritten_since.len();
    if since > 0 {
        writeln!(
            out,
            "{since} of them were packed or thinned since the newest began: the chain does not cover that yet"
        )?;
    }
    if let Some(anchor) = &report.anchor {
        writeln!(out, "newest closed segment: {}, digest {}", anchor.segment, anchor.digest)?;
        writeln!(
            out,
            "(keep it elsewhere: `tacho verify --expect {}` tells later whether it is still in the chain)",
            anchor.digest
        )?;
    }
    let depth = if report.deep { "unpacked" } else { "hashes checked" };
    let verdict = if report.whole { "whole" } else { "NOT whole" };
    let (segments, events) = (report.segments.len(), report.events);
    if let Some(next) = report.next {
        writeln!(
            out,
            "interrupted after {segments} segments, {events} events; go on with --from-segment {next}"
        )
    } else {
        writeln!(out, "{segments} segments, {events} events, {depth}: {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        assert_eq!(digest(&"0f".repeat(32)).unwrap(), [15; 32]);
        for wrong in ["", "0f", &"0g".repeat(32), &"\u{e9}\u{e9}".repeat(16)] {
            assert!(digest(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bad_block_tells_what_is_known() {
        let block = BadBlock { first: 5, problem: "x".to_owned(), ..BadBlock::default() };
        assert_eq!(bad(&block), "bad block: events 5 to ? (an unknown number), ? .. ?: x");
    }
}
