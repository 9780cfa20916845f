//! Opening a store to write, and recovering what a crash left.

use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use super::host::Running;
use super::known::Known;
use super::live::{Live, RECENT_EXITS};
use super::pack::{self, Packer};
use super::retain::Retainer;
use super::{Writer, finish, lock};
use crate::pins::Pins;
use crate::reader::{Retained, Segment, Shared, load_provenance};
use crate::segment::file;
use crate::{OpenError, Options, SegmentState};

/// Ids left out after a segment that cannot be read: more than it can have held.
const SKIP: u64 = 1 << 32;

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { action, path, source }
}

pub fn open(dir: &Path, options: Options) -> Result<Writer, OpenError> {
    let segments_dir = dir.join("segments");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&segments_dir)
        .map_err(io("making the directory", &segments_dir))?;
    let lock = lock::exclusive(dir)?;
    pack::remove_orphans(&segments_dir, options.watch.as_ref()).map_err(io("cleaning", &segments_dir))?;
    let files = file::list(&segments_dir).map_err(io("listing", &segments_dir))?;
    let segments = Segment::look_all(files)?;

    // What was left open is closed now, so that ids and processes go on from it.
    for segment in &segments {
        if segment.form() != SegmentState::Open {
            continue;
        }
        match finish::recover(&segment.path, options.watch.clone(), options.signer.as_deref()) {
            Ok(recovered) => segment.closed(recovered.closed),
            // Tried again at the first append; until then the ids in it must be known.
            Err(error @ (file::FileError::Io(_) | file::FileError::Previous)) => {
                tracing::warn!(file = %segment.path.display(), %error, "a segment cannot be closed yet");
                match finish::unclosed(&segment.path) {
                    Ok((totals, _)) => segment.grow(totals),
                    Err(_) => segment.broken(),
                }
            }
            Err(error) => {
                tracing::warn!(file = %segment.path.display(), %error, "a segment is damaged; recording goes on in a new one");
                segment.broken();
            }
        }
    }
    let unclosed: VecDeque<_> =
        segments.iter().filter(|segment| segment.form() == SegmentState::Open).cloned().collect();

    let (mut next_event, mut next_context, mut last_time) = (1, 1, None);
    for segment in &segments {
        let totals = segment.totals();
        match (&segment.head, segment.form()) {
            (Some(head), form) if form != SegmentState::Damaged => {
                next_event = next_event.max(totals.next_event(head.first_event));
                next_context = next_context.max(head.first_context).max(totals.next_context);
                last_time = last_time.max(totals.latest).max(Some(head.created));
            }
            _ => {
                next_event += SKIP;
                next_context += SKIP;
            }
        }
    }
    let next_number = segments.last().map_or(1, |segment| segment.number + 1);
    let last_digest = segments.last().and_then(|segment| segment.link());
    let pins = Pins::load(dir).writable(dir, options.pin_limit(), options.watch.clone());
    let shared = Shared::new(segments, pins, Some(Retained::new(&options)), options.watch.clone());
    let shared = Arc::new(shared.signing(options.signer.clone()));
    let mut live = Live::new();
    if let Some(last) = shared.segments().last()
        && last.head.as_ref().is_some_and(|head| head.boot == options.boot)
        && let Ok((contexts, exits)) = shared.living(last, RECENT_EXITS)
    {
        for context in &contexts {
            live.began(context);
        }
        for exit in &exits {
            live.ended(exit);
        }
    }
    let mut known = Known::default();
    if let Some(last) = shared.segments().last()
        && let Ok(files) = shared.view(last).and_then(|view| load_provenance(&shared, last, &view))
    {
        files.values().for_each(|file| known.learn(file));
    }
    let packer = Packer::start(&shared, options.pack);
    for segment in shared.segments() {
        if segment.form() == SegmentState::Closed {
            packer.send(segment.number);
        }
    }
    let host = options.host.clone().unwrap_or_else(|| Arc::new(Running));
    Ok(Writer {
        dir: segments_dir,
        options,
        shared,
        open: None,
        unclosed,
        closing_failed: 0,
        doubtful: None,
        live,
        known,
        evicted: false,
        next_event,
        next_context,
        next_number,
        last_digest,
        last_time,
        packer,
        retainer: Retainer::new(host),
        _lock: lock,
    })
}
