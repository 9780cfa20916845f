//! `tacho record`: store, probes, pipeline and API, started in the order in which nothing is missed, and stopped
//! in the order in which nothing is lost.

use std::{
    fs::{self, File},
    io::{BufWriter, IsTerminal as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result, anyhow, bail};
use event::{Class, Gap, GapReason};
use store::{Batch, LeftOutRule, Options, Writer, stream::StreamWriter};

use crate::{
    api::{self, Listeners, Listening},
    cli::settings::RecordArgs,
    clock,
    filter::{Filter, compile},
    kernel::{ProbeConfig, Recording},
    limits,
    pipeline::Pipeline,
    process::ProcessTable,
    provenance::Collector,
    stats::Stats,
    writer,
};

/// Records until SIGTERM or SIGINT, or while the command runs; returns the exit status.
///
/// # Errors
/// If recording cannot begin, or what was recorded cannot be committed.
pub fn run(args: &RecordArgs) -> Result<u8> {
    if !rustix::process::geteuid().is_root() {
        bail!(
            "recording needs root, to load the probes: run it as root, or read a store with `tacho serve` or `tacho events --store`"
        );
    }
    make_dir(&args.store)?;
    let options = Options {
        max_size: args.max_size,
        segment_size: args.segment_size,
        max_age: args.max_age,
        min_free: args.min_free,
        pin_max_size: args.pin_max_size,
        keep_lifecycle: args.keep_lifecycle,
        boot: clock::boot_id()?,
        signer: crate::cli::key::signer(args.signing_key.as_deref())?,
        left_out: left_out(&args.filter),
        ..Options::default()
    };
    let commit_interval = options.commit_interval;
    // The store first: a second recorder is refused before it loads anything.
    let store = Writer::open(&args.store, options)
        .with_context(|| format!("cannot open the store {}", args.store.display()))?;
    let listening = Listening {
        listen: args.listen,
        socket: Some(&args.socket),
        group: args.socket_group.as_deref(),
        no_auth: args.no_auth,
    };
    let listeners = Listeners::bind(&args.store, listening)?;
    let filter = compile(&args.filter)?;
    let stats = Arc::new(Stats::new(&args.filter, &filter));
    let drops = |kind| args.filter.drops(kind);
    let config = ProbeConfig {
        filter,
        before: !drops(event::Kind::Mprotect) || !drops(event::Kind::Splice),
        first_uses: !drops(event::Kind::Syscalls),
        ..ProbeConfig::default()
    };
    let recording = Recording::begin(&config)
        .context("cannot load the probes (`tacho doctor` says what this kernel allows)")?;
    let attached = clock::since_boot();

    let (sink, batches) = sync_channel(limits::QUEUED_BATCHES);
    let table = ProcessTable::new(clock::boot_id()?, store.next_context_id());
    let gaps = store.last_time().map(nobody_recorded).into_iter().collect();
    let collector = Collector::start(args.hash, Arc::clone(&stats.provenance))?;
    let mut pipeline =
        Pipeline::new(recording, table, attached, gaps, sink, Arc::clone(&stats), commit_interval)
            .with_collector(collector);
    pipeline.begin(store.alive());

    let reader = store.reader();
    let mut copy = args.save.as_deref().map(save).transpose()?;
    let writer = thread::Builder::new().name("tacho-store".to_owned()).spawn({
        let stats = Arc::clone(&stats);
        move || {
            let result = writer::run(store, &batches, &stats, |batch| keep(&mut copy, batch));
            if let Some(Err(error)) = copy.map(StreamWriter::finish) {
                tracing::error!(%error, "the end of the saved stream is lost");
            }
            result
        }
    })?;
    let stop = Arc::new(AtomicBool::new(false));
    let pipeline = thread::Builder::new().name("tacho-pipeline".to_owned()).spawn({
        let stop = Arc::clone(&stop);
        move || pipeline.run(&stop)
    })?;

    listeners.announce(&format!("recording into {}", args.store.display()));
    let status = api::run_beside(listeners, reader, Arc::clone(&stats), &args.command);
    stop.store(true, Ordering::Release);
    join(pipeline, "the pipeline")?;
    join(writer, "the store's thread")?.context("what was recorded last could not be committed")?;
    let status = status?;
    if !args.command.is_empty() {
        summary(&stats)?;
    }
    Ok(status)
}

/// The file of `--save`.
fn save(path: &Path) -> Result<StreamWriter<BufWriter<File>>> {
    let file = File::create(path).and_then(|file| StreamWriter::new(BufWriter::new(file)));
    file.with_context(|| format!("cannot save the stream to {}", path.display()))
}

/// Saves a batch. A stream that cannot be written ends there: recording is what matters.
fn keep(copy: &mut Option<StreamWriter<BufWriter<File>>>, batch: &Batch) {
    if let Some(stream) = copy
        && let Err(error) = stream.write(batch)
    {
        tracing::error!(%error, "the stream is no longer saved");
        *copy = None;
    }
}

/// The rules as the store keeps them.
fn left_out(filter: &Filter) -> Vec<LeftOutRule> {
    filter.rules.iter().map(|rule| LeftOutRule::new(rule.to_string(), &rule.kinds)).collect()
}

/// Nobody recorded between the last commit and now.
fn nobody_recorded(last: event::Nanos) -> Gap {
    // A clock that was set back makes no gap that ends before it begins.
    Gap {
        from: last,
        to: clock::wall().max(last),
        class: Class::All,
        lost: None,
        reason: GapReason::NotRecording,
    }
}

fn make_dir(dir: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the data directory {}", dir.display()))
}

fn join<T>(thread: JoinHandle<T>, what: &str) -> Result<T> {
    thread.join().map_err(|_| anyhow!("{what} ended by a fault of its own: what it held is lost"))
}

/// What `record -- CMD` says at its end.
fn summary(stats: &Stats) -> Result<()> {
    let report = stats.report();
    let lost = report.lost.process
        + report.lost.file
        + report.lost.network
        + report.lost.kernel
        + report.lost.packet
        + report.undecodable
        + report.refused_by_store;
    let mut out = std::io::stderr().lock();
    let mark = if out.is_terminal() { "\u{1b}[1mtachograph\u{1b}[0m" } else { "tachograph" };
    writeln!(
        out,
        "{mark}: {} events committed, {lost} lost ({} process, {} file, {} network and {} kernel records; {:.2} s of CPU)",
        report.committed,
        report.records.process,
        report.records.file,
        report.records.network + report.records.packet,
        report.records.kernel,
        report.cpu_seconds,
    )?;
    Ok(())
}
