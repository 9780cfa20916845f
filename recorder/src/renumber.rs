//! A saved stream in another store: its contexts get numbers that are free there.

use std::sync::Arc;

use event::{Context, ContextId, ImageRef};
use store::Batch;

/// Gives a batch's contexts other numbers: those of a stream that began at `from` now begin at `to`. References to
/// contexts before the stream's first are dropped: the store that they were in is another one.
#[must_use]
pub fn renumber(batch: Batch, from: ContextId, to: ContextId) -> Batch {
    let moved = |id: ContextId| id.checked_sub(from).map(|index| to.saturating_add(index));
    let context = |context: &Arc<Context>| {
        let mut context = Context::clone(context);
        context.id = moved(context.id)?;
        context.lineage = context.lineage.and_then(moved);
        if let ImageRef::Shared(holder) = context.image {
            context.image = moved(holder).map_or(ImageRef::Unknown, ImageRef::Shared);
        }
        Some(Arc::new(context))
    };
    Batch {
        contexts: batch.contexts.iter().filter_map(context).collect(),
        events: batch
            .events
            .into_iter()
            .filter_map(|mut event| {
                event.context = moved(event.context)?;
                if let Some(other) = event.detail.other_mut() {
                    *other = other.and_then(moved);
                }
                Some(event)
            })
            .collect(),
        exits: batch.exits,
        gaps: batch.gaps,
        provenance: batch.provenance,
    }
}

#[cfg(test)]
mod tests {
    use event::{Class, Credentials, Detail, Event, Gap, GapReason, Kind, ProcessKey, Source};

    use super::*;

    fn batch() -> Batch {
        let process = ProcessKey { boot: 1, start: 2, pid: 3 };
        let context = Context {
            id: 11,
            process,
            lineage: Some(10),
            creator: Some(process),
            ppid: 1,
            since: 5,
            fork_time: 5,
            exec_time: 0,
            comm: "x".to_owned(),
            tty: String::new(),
            image: ImageRef::Shared(10),
            credentials: Credentials::default(),
            container: None,
            cgroup: String::new(),
            source: Source::Event,
            flags: 0,
        };
        let event = Event {
            time: 6,
            kind: Kind::Open,
            context: 11,
            tid: 3,
            retval: -13,
            flags: 0,
            file: Some(event::File { path: "/x".to_owned(), ..event::File::default() }),
            destination: None,
            detail: Detail::Open { flags: 1, mode: 2 },
        };
        let gap = Gap { from: 1, to: 2, class: Class::File, lost: Some(3), reason: GapReason::RingFull };
        Batch {
            contexts: vec![Arc::new(context)],
            events: vec![event],
            exits: vec![],
            gaps: vec![gap],
            provenance: vec![],
        }
    }

    #[test]
    fn contexts_get_other_numbers_together() {
        let moved = renumber(batch(), 10, 100);
        assert_eq!((moved.contexts[0].id, moved.contexts[0].lineage), (101, Some(100)));
        assert_eq!(moved.contexts[0].image, ImageRef::Shared(100));
        assert_eq!(moved.events[0].context, 101);
        let moved = renumber(batch(), 11, 1);
        assert_eq!((moved.contexts[0].lineage, &moved.contexts[0].image), (None, &ImageRef::Unknown));
    }
}
