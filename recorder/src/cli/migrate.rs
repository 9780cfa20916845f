//! `tacho migrate`.

use std::{
    io::{self, Write as _},
    ops::ControlFlow,
    sync::atomic::Ordering,
};

use anyhow::Result;
use store::{Migrated, MigrationPlan, migrate, plan_migration};

use super::{
    args::MigrateFlags,
    config::Config,
    key::signer,
    progress::{Shown, interruption},
    settings::store_of,
    size::Size,
    text::escape,
};

/// Brings a store to the format of this release, or says what that would be; returns whether nothing is left to do.
///
/// # Errors
/// If somebody writes the store, it cannot be read or written, or standard output not written.
pub fn run(flags: MigrateFlags, file: &Config) -> Result<bool> {
    let dir = store_of(flags.store, file);
    let mut out = io::stdout().lock();
    if flags.dry_run {
        let plan = plan_migration(&dir, &std::env::temp_dir())?;
        if flags.json {
            serde_json::to_writer_pretty(&mut out, &plan).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            print_plan(&mut out, &plan)?;
        }
        return Ok(true);
    }
    let signing_key = flags.signing_key.or_else(|| file.signing_key.clone());
    let signer = signer(signing_key.as_deref())?;
    let (mut shown, interrupted) = (Shown::default(), interruption());
    let migrated = migrate(&dir, signer.as_ref(), &mut |now| {
        let what = format!("segment {}, {} of {} done", now.segment, now.done, now.segments);
        shown.at(now.bytes_done, now.bytes, &what);
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    shown.end();
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &migrated).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print_done(&mut out, &migrated)?;
    }
    Ok(migrated.left.is_empty() && !migrated.interrupted)
}

fn print_plan(out: &mut impl io::Write, plan: &MigrationPlan) -> io::Result<()> {
    for segment in &plan.segments {
        let (number, bytes, format) = (segment.number, Size(segment.bytes), segment.format);
        writeln!(out, "segment {number}: format {format}, {} events, {bytes}", segment.events)?;
    }
    let (count, to) = (plan.segments.len(), plan.to);
    if count == 0 {
        return writeln!(out, "nothing to do: all {} segments are of format {to}", plan.current);
    }
    writeln!(
        out,
        "{count} segments, {} would be brought to format {to}; {} are of it already",
        Size(plan.bytes),
        plan.current
    )?;
    if let (Some(seconds), Some(after)) = (plan.seconds, plan.bytes_after) {
        writeln!(out, "by one of them that was tried: about {seconds} s, and {} afterwards", Size(after))?;
    }
    let free = plan.free.map_or_else(|| "an unknown number".to_owned(), |free| Size(free).to_string());
    writeln!(out, "free space needed meanwhile: {}; there is {free}", Size(plan.needed))?;
    writeln!(out, "nothing was changed")
}

fn print_done(out: &mut impl io::Write, migrated: &Migrated) -> io::Result<()> {
    for left in &migrated.left {
        writeln!(
            out,
            "segment {} stays as it was, and is read as before: {}",
            left.number,
            escape(&left.why)
        )?;
    }
    let (done, current) = (migrated.done, migrated.current);
    let (before, after) = (Size(migrated.bytes_before), Size(migrated.bytes_after));
    writeln!(
        out,
        "{done} segments brought up to date, {before} before, {after} now; {current} were up to date"
    )?;
    if migrated.interrupted {
        writeln!(out, "interrupted: begun again, it goes on")?;
    }
    Ok(())
}
