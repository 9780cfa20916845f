//! Server-sent events: what is recorded from now on, or from an event on.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use http_body_util::BodyExt as _;
use hyper::Method;
use tokio::time::timeout;

use super::{Ask, Client, Opened, PATIENCE, Parameters, busy, read, refusal};

/// A stream that is silent for longer is dead: the server gives a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(50);
/// Bytes of one message; a longer one ends the stream.
const MAX_MESSAGE: usize = 64 << 20;

/// A message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is: empty for an event.
    pub kind: String,
    /// Number of the event.
    pub id: Option<u64>,
    /// A document.
    pub data: String,
}

/// An open stream.
pub struct Stream<'a> {
    client: &'a Client,
    opened: Opened,
    parser: Parser,
}

/// Why a stream could not be opened.
pub enum NoStream {
    /// It may be tried again: nobody answers, or the server is busy.
    Later(anyhow::Error),
    /// The question is wrong.
    Never(anyhow::Error),
}

impl Client {
    /// Opens `/events/stream` after an event, or from now on.
    ///
    /// # Errors
    /// See [`NoStream`].
    pub fn stream(&self, parameters: &Parameters, after: Option<u64>) -> Result<Stream<'_>, NoStream> {
        const PATH: &str = "/events/stream";
        let ask = Ask { method: &Method::GET, path: PATH, parameters, document: None, after };
        let open = async {
            let opened = self.ask(&ask).await?;
            if opened.status.is_success() {
                return Ok((opened, None));
            }
            let status = opened.status;
            let (opened, body) =
                (Opened { body: axum::body::Body::empty(), ..opened }, read(opened.body).await?);
            Ok((opened, Some((status, body))))
        };
        let opened: Result<_> = self
            .runtime
            .block_on(async { timeout(PATIENCE, open).await })
            .unwrap_or_else(|_| Err(anyhow!("no answer to {PATH} within {} s", PATIENCE.as_secs())));
        match opened.map_err(NoStream::Later)? {
            (opened, None) => Ok(Stream { client: self, opened, parser: Parser::default() }),
            (_, Some((status, body))) => {
                let error = refusal(PATH, status, &body);
                Err(if busy(status) { NoStream::Later(error) } else { NoStream::Never(error) })
            }
        }
    }
}

impl Stream<'_> {
    /// What came together; nothing for a sign of life, `None` at the end.
    ///
    /// # Errors
    /// If the connection breaks or is dead.
    pub fn messages(&mut self) -> Result<Option<Vec<Message>>> {
        let frame = self.client.runtime.block_on(async { timeout(SILENCE, self.opened.body.frame()).await });
        let frame = frame.with_context(|| format!("nothing was heard for {} s", SILENCE.as_secs()))?;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.map_err(|error| anyhow!("the stream broke off: {error}"))?;
        match frame.data_ref() {
            Some(bytes) => self.parser.take(bytes).map(Some),
            None => Ok(Some(Vec::new())),
        }
    }
}

/// Puts messages together out of pieces.
#[derive(Default)]
struct Parser {
    /// A line that has not ended.
    rest: Vec<u8>,
    kind: String,
    id: Option<u64>,
    data: Option<String>,
}

impl Parser {
    fn take(&mut self, bytes: &[u8]) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        for piece in &mut lines {
            let size = self.rest.len() + self.data.as_ref().map_or(0, String::len) + piece.len();
            if size > MAX_MESSAGE {
                bail!("a message of the stream has more than {MAX_MESSAGE} bytes");
            }
            self.rest.extend(piece);
            if let Some(line) = self.rest.strip_suffix(b"\n") {
                let line = String::from_utf8_lossy(line).into_owned();
                self.rest.clear();
                messages.extend(self.line(line.trim_end_matches('\r')));
            }
        }
        Ok(messages)
    }

    fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let (kind, id) = (std::mem::take(&mut self.kind), self.id.take());
            return self.data.take().map(|data| Message { kind, id, data });
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.kind),
            "id" => self.id = value.parse().ok(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments, and what is not known.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_however_they_were_cut() {
        let text = b":\n\nid: 7\ndata: {\"a\":1}\n\nevent: gap\r\ndata: one\ndata: two\n\nid: 8\n\n";
        let told = |kind: &str, id, data: &str| Message { kind: kind.into(), id, data: data.into() };
        for size in 1..=text.len() {
            let mut parser = Parser::default();
            let pieces = text.chunks(size).map(|piece| parser.take(piece).unwrap());
            let messages: Vec<_> = pieces.flatten().collect();
            assert_eq!(messages, [told("", Some(7), "{\"a\":1}"), told("gap", None, "one\ntwo")], "{size}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut parser = Parser::default();
        let piece = vec![b'x'; MAX_MESSAGE / 2];
        assert!(parser.take(&piece).is_ok());
        assert!(parser.take(&piece).is_ok());
        assert!(parser.take(&piece).is_err());
    }
}
