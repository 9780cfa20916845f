//! Staying under the cap: the oldest segments go.

use super::Writer;
use crate::Options;
use crate::limits::MIN_SEGMENT;

/// Bytes of a new file of redb's.
pub const NEW_FILE: u64 = 1 << 20;

/// Size at which a segment is closed.
pub fn segment_size(options: &Options) -> u64 {
    options.segment_size.min(options.max_size / 8).max(MIN_SEGMENT)
}

impl Writer {
    /// Removes the oldest segments until there is room for the next commits and for rewriting a segment.
    pub(super) fn make_room(&mut self) {
        // The next commit may double the open file, and another segment may be being rewritten.
        let open = self.open.as_ref().map_or(0, |open| open.segment.bytes());
        let rewritten =
            if self.options.pack { segment_size(&self.options).saturating_mul(2).max(NEW_FILE) } else { 0 };
        let reserve = open.max(NEW_FILE).saturating_add(rewritten).min(self.options.max_size / 2);
        loop {
            let (segments, bytes) = self.shared.sizes();
            if bytes.saturating_add(reserve) <= self.options.max_size {
                return;
            }
            let Some(oldest) = segments.first() else { return };
            let open = self.open.as_ref().map(|open| open.segment.number);
            let unclosed = self.unclosed.iter().any(|segment| segment.number == oldest.number);
            if open == Some(oldest.number) || unclosed {
                return;
            }
            self.evicted = true;
            if let Err(error) = self.shared.evict(oldest) {
                tracing::warn!(file = %oldest.path.display(), %error, "an old segment cannot be removed");
            }
        }
    }
}
