//! A recorded stream in a file: the batches that went to the store, to be replayed into another store at full speed
//! (for benches, and to look into what a host recorded). Not an archive format: only the release that wrote a file
//! promises to read it.
//!
//! zstd over: 8 bytes of [`MAGIC`], the first context's number (8 bytes), then frames of a length (4 bytes) and a
//! batch in `MessagePack`. Numbers are little-endian.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
    sync::Arc,
};

use event::{Context, ContextId, ImageRef};
use store::Batch;

/// First bytes, with the format's number at the end.
const MAGIC: &[u8; 8] = b"TACHSTR\x01";
/// Bytes of one batch; a longer one is no batch.
const MAX_FRAME: u32 = 256 << 20;
/// zstd level: the recorder must not wait for it.
const LEVEL: i32 = 1;

/// Why a stream cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else, or of another release.
    #[error("this is no stream of this release's `tacho record --save`")]
    Foreign,
    /// It is one, but spoilt.
    #[error("the stream is damaged: {0}")]
    Damaged(String),
    /// A batch that cannot be encoded.
    #[error("a batch cannot be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
}

/// Writes a stream.
pub struct StreamWriter<W: Write> {
    out: zstd::Encoder<'static, W>,
}

impl StreamWriter<BufWriter<File>> {
    /// Makes the file. `first` is the number of the first context that will come.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(path: &Path, first: ContextId) -> Result<Self, StreamError> {
        Self::new(BufWriter::new(File::create(path)?), first)
    }
}

impl<W: Write> StreamWriter<W> {
    /// Begins a stream.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(out: W, first: ContextId) -> Result<Self, StreamError> {
        let mut out = zstd::Encoder::new(out, LEVEL)?;
        out.write_all(MAGIC)?;
        out.write_all(&first.to_le_bytes())?;
        Ok(Self { out })
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, batch: &Batch) -> Result<(), StreamError> {
        let bytes = rmp_serde::to_vec(batch)?;
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MAX_FRAME);
        let length =
            length.ok_or_else(|| StreamError::Damaged(format!("a batch of {} bytes", bytes.len())))?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&bytes)?;
        Ok(())
    }

    /// Ends the stream; without this its last batches cannot be read.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> Result<W, StreamError> {
        let mut out = self.out.finish()?;
        out.flush()?;
        Ok(out)
    }
}

/// Reads a stream: an iterator over its batches.
pub struct StreamReader<R: Read> {
    input: zstd::Decoder<'static, BufReader<R>>,
    first: ContextId,
    over: bool,
}

impl StreamReader<File> {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is no stream.
    pub fn open(path: &Path) -> Result<Self, StreamError> {
        Self::new(File::open(path)?)
    }
}

impl<R: Read> StreamReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// If it cannot be read or is no stream.
    pub fn new(input: R) -> Result<Self, StreamError> {
        let mut input = zstd::Decoder::new(input)?;
        let (mut magic, mut first) = ([0; 8], [0; 8]);
        // What zstd does not know is no stream either.
        input.read_exact(&mut magic).map_err(|_| StreamError::Foreign)?;
        if magic != *MAGIC {
            return Err(StreamError::Foreign);
        }
        input.read_exact(&mut first)?;
        Ok(Self { input, first: ContextId::from_le_bytes(first), over: false })
    }

    /// Number of the first context.
    #[must_use]
    pub const fn first(&self) -> ContextId {
        self.first
    }

    fn frame(&mut self) -> Result<Option<Batch>, StreamError> {
        let mut length = [0; 4];
        match self.input.read(&mut length[..1])? {
            0 => return Ok(None),
            _ => self.input.read_exact(&mut length[1..])?,
        }
        let length = u32::from_le_bytes(length);
        if length > MAX_FRAME {
            return Err(StreamError::Damaged(format!("a batch of {length} bytes")));
        }
        let mut bytes = Vec::new();
        (&mut self.input).take(length.into()).read_to_end(&mut bytes)?;
        if bytes.len() != length as usize {
            return Err(StreamError::Damaged("it breaks off within a batch".to_owned()));
        }
        rmp_serde::from_slice(&bytes).map(Some).map_err(|error| StreamError::Damaged(error.to_string()))
    }
}

impl<R: Read> Iterator for StreamReader<R> {
    type Item = Result<Batch, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let frame = self.frame().transpose();
        self.over = !matches!(frame, Some(Ok(_)));
        frame
    }
}

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
                Some(event)
            })
            .collect(),
        exits: batch.exits,
        gaps: batch.gaps,
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
        Batch { contexts: vec![Arc::new(context)], events: vec![event], exits: vec![], gaps: vec![gap] }
    }

    fn stream() -> Vec<u8> {
        let mut writer = StreamWriter::new(Vec::new(), 10).unwrap();
        writer.write(&batch()).unwrap();
        writer.write(&Batch::default()).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = stream();
        let reader = StreamReader::new(&bytes[..]).unwrap();
        assert_eq!(reader.first(), 10);
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(batches, [batch(), Batch::default()]);
    }

    #[test]
    fn a_cut_or_foreign_file_is_an_error_and_no_panic() {
        let bytes = stream();
        for length in 0..bytes.len() {
            let Ok(reader) = StreamReader::new(&bytes[..length]) else { continue };
            assert!(reader.last().is_none_or(|last| last.is_err()), "{length}");
        }
        assert!(matches!(StreamReader::new(&b"something else"[..]), Err(StreamError::Foreign)));
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
