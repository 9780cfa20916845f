//! Who was alive at the end of a segment: what a writer that goes on needs of it. Contexts are looked at from the last one
//! on, a chunk at a time, so that a segment of a million processes that have ended costs no memory for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use event::{Context, ContextId, Exit, ProcessKey};

use super::contexts::{Contexts, each_exit};
use super::segment::Segment;
use super::shared::Shared;
use crate::block::Seeded;
use crate::segment::file::FileError;

/// Contexts, in order of id, and ends of processes, in order.
pub type Living = (Vec<Arc<Context>>, Vec<Exit>);

impl Shared {
    /// The latest context of each process that has not ended, with all that these refer to; the ends of the processes of
    /// these; and in any case the last `recent` ends. What cannot be read is left out, and noted.
    pub fn living(&self, segment: &Segment, recent: usize) -> Result<Living, FileError> {
        let view = self.view(segment)?;
        let mut ended: Vec<ProcessKey> = Vec::new();
        each_exit(&view, |exit| ended.push(exit.process))?;
        let old = ended.len().saturating_sub(recent);
        ended.sort_unstable();
        let contexts =
            Contexts::new(self, segment, &view)?.living(|process| ended.binary_search(process).is_ok());
        drop(ended);
        let held: HashSet<ProcessKey, Seeded> = contexts.iter().map(|context| context.process).collect();
        let (mut place, mut exits) = (0, Vec::new());
        each_exit(&view, |exit| {
            if place >= old || held.contains(&exit.process) {
                exits.push(exit);
            }
            place += 1;
        })?;
        Ok((contexts, exits))
    }
}

impl Contexts<'_> {
    fn living(&self, ended: impl Fn(&ProcessKey) -> bool) -> Vec<Arc<Context>> {
        let mut latest: HashMap<ProcessKey, ContextId, Seeded> = HashMap::default();
        let mut wanted: HashSet<ContextId, Seeded> = HashSet::default();
        let mut found = Vec::new();
        // What a context refers to stands before it.
        for chunk in self.keys().rev() {
            let Some(summary) = self.summary_of(chunk) else { continue };
            let mut here = Vec::new();
            for row in (0..summary.ids.len()).rev() {
                let (id, process) = (summary.ids[row], summary.process(row));
                let is_latest = latest.get(&process).is_none_or(|known| *known < id) && !ended(&process);
                if is_latest {
                    latest.insert(process, id);
                }
                if wanted.remove(&id) || is_latest {
                    let references = [summary.lineages[row], summary.shared[row]];
                    wanted.extend(references.into_iter().filter(|id| *id != 0));
                    here.push(id);
                }
            }
            self.some(chunk, &here, &mut found);
        }
        found.sort_by_key(|context: &Arc<Context>| context.id);
        found
    }
}
