//! Batches in a file, to be replayed: a zstd stream of `MessagePack` values, each after its length (little-endian u32).

use std::io::{self, Read, Write};

use crate::Batch;

/// What a stream begins with, before it is packed.
const MAGIC: &[u8; 8] = b"tachost1";
/// Longest batch in bytes.
const MAX_BATCH_BYTES: usize = 1 << 30;
/// Level of zstd.
const LEVEL: i32 = 1;

/// Writes batches to a file.
pub struct StreamWriter<W: Write>(zstd::Encoder<'static, W>);

impl<W: Write> StreamWriter<W> {
    /// Begins a stream.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self(zstd::Encoder::new(out, LEVEL)?))
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, batch: &Batch) -> io::Result<()> {
        let value = rmp_serde::to_vec(batch).map_err(io::Error::other)?;
        let length = u32::try_from(value.len())
            .ok()
            .filter(|_| value.len() <= MAX_BATCH_BYTES)
            .ok_or_else(|| io::Error::other("a batch is too long for a stream"))?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(&value)
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> io::Result<W> {
        let mut out = self.0.finish()?;
        out.flush()?;
        Ok(out)
    }
}

/// Reads batches from a file, one by one.
pub struct StreamReader<R: Read>(zstd::Decoder<'static, io::BufReader<R>>);

impl<R: Read> StreamReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// If it cannot be read or is no stream.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut magic = [0; 8];
        input.read_exact(&mut magic)?;
        if &magic != MAGIC {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no saved stream"));
        }
        Ok(Self(zstd::Decoder::new(input)?))
    }

    fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        let mut length = [0; 4];
        match self.0.read(&mut length)? {
            0 => return Ok(None),
            read => self.0.read_exact(&mut length[read..])?,
        }
        let length = u64::from(u32::from_le_bytes(length));
        if length > MAX_BATCH_BYTES as u64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the stream is damaged"));
        }
        let mut value = Vec::new();
        if (&mut self.0).take(length).read_to_end(&mut value)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rmp_serde::from_slice(&value)
            .map(Some)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl<R: Read> Iterator for StreamReader<R> {
    type Item = io::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

#[cfg(test)]
mod tests {
    use event::{Class, Gap, GapReason};

    use super::{StreamReader, StreamWriter};
    use crate::Batch;

    #[test]
    fn a_stream_comes_back() {
        let gap = Gap { from: 1, to: 2, class: Class::All, lost: None, reason: GapReason::Overload };
        let batches = vec![Batch::default(), Batch { gaps: vec![gap], ..Batch::default() }];
        let mut writer = StreamWriter::new(Vec::new()).unwrap();
        for batch in &batches {
            writer.write(batch).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let back: Vec<Batch> = StreamReader::new(&bytes[..]).unwrap().map(Result::unwrap).collect();
        assert_eq!(back, batches);
        // One of before there was provenance.
        let old = rmp_serde::to_vec(&([0; 0], [0; 0], [0; 0], [0; 0])).unwrap();
        assert_eq!(rmp_serde::from_slice::<Batch>(&old).unwrap(), Batch::default());
        assert!(StreamReader::new(&b"something else"[..]).is_err());
        assert!(StreamReader::new(&bytes[..bytes.len() - 9]).unwrap().any(|batch| batch.is_err()));
    }
}
