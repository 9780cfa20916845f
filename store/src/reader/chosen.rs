//! Which contexts of a block fit a filter, found out block by block.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use event::Kind;

use super::contexts::Contexts;
use super::select;
use crate::block::Zone;
use crate::index::tree::{Tree, within};
use crate::{Filter, PathPattern};

/// Steps from a context to the one that holds its image.
const IMAGE_STEPS: usize = 64;

/// Contexts of the processes asked for.
#[derive(Debug)]
pub enum Who {
    /// Everybody's.
    Anybody,
    /// Only these.
    These(HashSet<u64>),
    /// Those of processes of some ranks.
    Under(Arc<Tree>, Vec<Range<u32>>),
}

impl Who {
    /// Whether a context is among them.
    pub fn has(&self, context: u64) -> bool {
        match self {
            Self::Anybody => true,
            Self::These(these) => these.contains(&context),
            Self::Under(tree, ranges) => tree.rank(context).is_some_and(|rank| within(ranges, rank)),
        }
    }

    /// Whether it is nobody.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Anybody => false,
            Self::These(these) => these.is_empty(),
            Self::Under(_, ranges) => ranges.is_empty(),
        }
    }
}

/// Contexts whose image fits the filter's paths.
pub enum Images {
    /// Not asked for, or nobody's.
    Nobody,
    /// These.
    These(HashSet<u64>),
    /// To be found out by these patterns.
    Ask,
}

/// What fits of a segment's contexts.
pub struct Chosen<'a> {
    pub contexts: Contexts<'a>,
    pub filter: &'a Filter,
    pub who: Who,
    pub images: Images,
}

/// What fits of a block's contexts, by their places in its header row.
#[derive(Debug, Default)]
pub struct Fits {
    /// Those that fit the filter's fields about processes; `None` if all do.
    pub contexts: Option<Vec<bool>>,
    /// Those whose image fits the filter's paths; `None` if none does.
    pub images: Option<Vec<bool>>,
}

impl Chosen<'_> {
    /// What fits of a block; `None` if nothing can.
    pub fn of(&self, zone: &Zone) -> Option<Fits> {
        let mut fits = Fits::default();
        let states = select::asks_for_states(self.filter);
        if states || !matches!(self.who, Who::Anybody) {
            let contexts: Vec<bool> = (zone.contexts.iter())
                .map(|id| self.who.has(*id) && (!states || self.state_fits(*id)))
                .collect();
            if !contexts.contains(&true) {
                return None;
            }
            fits.contexts = Some(contexts);
        }
        let ends = [Kind::Exec.number(), Kind::Exit.number()];
        if zone.kinds.iter().any(|(kind, _)| ends.contains(kind)) {
            let images: Vec<bool> = match &self.images {
                Images::Nobody => return Some(fits),
                Images::These(these) => zone.contexts.iter().map(|id| these.contains(id)).collect(),
                Images::Ask => zone
                    .contexts
                    .iter()
                    .map(|id| image_fits(&self.contexts, *id, &self.filter.paths))
                    .collect(),
            };
            fits.images = images.contains(&true).then_some(images);
        }
        Some(fits)
    }

    fn state_fits(&self, id: u64) -> bool {
        self.contexts.row(id).is_some_and(|(summary, row)| select::fits(&summary, row, self.filter))
            && (self.filter.exes.is_empty() || image_fits(&self.contexts, id, &self.filter.exes))
    }
}

/// Whether a context's image fits one of some patterns.
pub fn image_fits(contexts: &Contexts<'_>, mut id: u64, patterns: &[PathPattern]) -> bool {
    for _ in 0..IMAGE_STEPS {
        let Some((summary, row)) = contexts.row(id) else { return false };
        if let Some(exe) = summary.exe(row) {
            return patterns.iter().any(|pattern| pattern.matches(exe));
        }
        id = summary.shared[row];
        if id == 0 {
            return false;
        }
    }
    false
}
