//! What a context came from.

use std::collections::HashMap;
use std::sync::Arc;

use event::{Context, ContextId, Image, ImageRef, ProcessKey, Source, context_flags};

use super::contexts::Contexts;
use super::provenance::Files;
use crate::limits::LINEAGE_STEPS;
use crate::process::Resolved;
use crate::{Ancestor, Lineage, OtherProcess};

/// Steps from a context to the one that holds its image.
const IMAGE_STEPS: usize = 8;

/// Resolves the contexts of a segment, each once.
pub struct Resolver<'a> {
    contexts: &'a Contexts<'a>,
    files: &'a Files<'a>,
    /// Images by the context that holds them.
    images: HashMap<ContextId, Arc<Image>>,
    known: HashMap<ContextId, (Arc<Context>, Lineage)>,
    /// Each made once: processes have most of their ancestors in common.
    made: HashMap<ContextId, Arc<Context>>,
}

/// Stands in for a context that cannot be read.
fn placeholder(id: ContextId) -> Context {
    Context {
        id,
        process: ProcessKey { boot: 0, start: 0, pid: 0 },
        lineage: None,
        creator: None,
        ppid: 0,
        since: 0,
        fork_time: 0,
        exec_time: 0,
        comm: String::new(),
        tty: String::new(),
        image: ImageRef::Unknown,
        credentials: event::Credentials::default(),
        container: None,
        cgroup: String::new(),
        source: Source::Placeholder,
        flags: context_flags::LINEAGE_UNKNOWN,
    }
}

impl<'a> Resolver<'a> {
    pub fn new(contexts: &'a Contexts<'a>, files: &'a Files<'a>) -> Self {
        Self { contexts, files, images: HashMap::new(), known: HashMap::new(), made: HashMap::new() }
    }

    /// The image of a context, with what was found out about its files.
    pub fn image(&mut self, context: &Context) -> Option<Arc<Image>> {
        let (mut holder, mut reference) = (context.id, context.image.clone());
        for _ in 0..IMAGE_STEPS {
            if let Some(image) = self.images.get(&holder) {
                return Some(Arc::clone(image));
            }
            match reference {
                ImageRef::Unknown => return None,
                ImageRef::Own(image) => {
                    let image = self.files.join(image);
                    self.images.insert(holder, Arc::clone(&image));
                    return Some(image);
                }
                ImageRef::Shared(other) => {
                    holder = other;
                    reference = self.context(other)?.image.clone();
                }
            }
        }
        None
    }

    /// Another process than the one that acted; `None` if it is not there or cannot be read.
    pub fn find(&mut self, id: ContextId) -> Option<OtherProcess> {
        self.context(id)?;
        let (context, lineage) = self.resolve(id);
        Some(OtherProcess { context, lineage })
    }

    fn context(&mut self, id: ContextId) -> Option<Arc<Context>> {
        if let Some(made) = self.made.get(&id) {
            return Some(Arc::clone(made));
        }
        let context = self.contexts.get(id)?;
        self.made.insert(id, Arc::clone(&context));
        Some(context)
    }

    /// A context with all that it came from.
    pub fn resolve(&mut self, id: ContextId) -> (Arc<Context>, Lineage) {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let resolved = match self.context(id) {
            None => (Arc::new(placeholder(id)), Lineage::default()),
            Some(context) => {
                let mut out = Resolved { image: self.image(&context), ..Resolved::default() };
                let mut next = context.lineage;
                while let Some(id) = next {
                    if out.ancestors.len() == LINEAGE_STEPS {
                        out.truncated = true;
                        break;
                    }
                    let Some(ancestor) = self.context(id) else {
                        out.truncated = true;
                        break;
                    };
                    next = ancestor.lineage;
                    let image = self.image(&ancestor);
                    out.ancestors.push(Ancestor { context: ancestor, image });
                }
                (context, Lineage(Arc::new(out)))
            }
        };
        self.known.insert(id, resolved.clone());
        resolved
    }
}
