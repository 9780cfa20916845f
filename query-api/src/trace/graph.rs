//! A causal graph that grows within bounds, and knows what was left out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use event::{EventId, Nanos, ProcessKey};

use crate::limits::TRACE_NODES;

/// What a node stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// One execution.
    Process(ProcessKey),
    /// A path, whichever file was there when.
    File(String),
    /// An address with a port.
    Endpoint(IpAddr, u16),
}

/// A closed list of what one thing did with another. Read as subject, relation, object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    /// A process opened a file to write to it, or made it.
    Wrote,
    /// A process opened a file to read it.
    Read,
    /// A process changed a file's mode, owner, times or attributes, or mounted something over it.
    Changed,
    /// A process removed a file.
    Removed,
    /// A process gave a file this name.
    Renamed,
    /// A process made this name of a file.
    Linked,
    /// A file got this name.
    Became,
    /// A file got this name besides its own.
    SameFile,
    /// A process put a program in its place.
    Executed,
    /// A process created another.
    Started,
    /// A process connected to an address.
    Connected,
    /// A process took a connection from an address.
    Accepted,
}

impl Relation {
    /// All of them.
    pub(crate) const ALL: [Self; 12] = [
        Self::Wrote,
        Self::Read,
        Self::Changed,
        Self::Removed,
        Self::Renamed,
        Self::Linked,
        Self::Became,
        Self::SameFile,
        Self::Executed,
        Self::Started,
        Self::Connected,
        Self::Accepted,
    ];

    /// Word of the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wrote => "wrote",
            Self::Read => "read",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Linked => "linked",
            Self::Became => "became",
            Self::SameFile => "same_file",
            Self::Executed => "executed",
            Self::Started => "started",
            Self::Connected => "connected",
            Self::Accepted => "accepted",
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Subject.
    pub(crate) from: Key,
    /// What it did.
    pub(crate) relation: Relation,
    /// In which way; empty if there is only one.
    pub(crate) how: &'static str,
    /// Object.
    pub(crate) to: Key,
    /// When; `None` if that is not known.
    pub(crate) time: Option<Nanos>,
    /// The event that shows it; `None` if it is known by other means (a snapshot).
    pub(crate) event: Option<EventId>,
}

/// All steps of one sort between two nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) how: Vec<&'static str>,
    pub(crate) first: Option<Nanos>,
    pub(crate) last: Option<Nanos>,
    /// The events that show it.
    pub(crate) events: BTreeSet<EventId>,
}

/// A node's place in the walk.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Steps from where the walk began.
    pub(crate) depth: usize,
    /// How far it was looked at: the latest moment backward, the earliest forward.
    pub(crate) seen: Option<Nanos>,
}

/// What was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    /// Of which node.
    pub(crate) node: Key,
    /// By which bound.
    pub(crate) bound: Bound,
    /// Of which sort; `None` for all.
    pub(crate) relation: Option<Relation>,
    /// How many neighbours; `None` if that is not known.
    pub(crate) left_out: Option<usize>,
}

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    /// Too many steps away.
    Depth,
    /// Too many neighbours of one sort.
    Fanout,
    /// Too many nodes in all.
    Nodes,
    /// Too much to look at.
    Work,
}

impl Bound {
    /// Word of the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Fanout => "fanout",
            Self::Nodes => "nodes",
            Self::Work => "work",
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: BTreeMap<Key, Node>,
    pub(crate) edges: BTreeMap<(Key, Relation, Key), Edge>,
    pub(crate) cuts: Vec<Cut>,
}

impl Graph {
    /// Takes a node in; false if there is no room.
    pub(crate) fn node(&mut self, key: &Key, depth: usize) -> bool {
        if let Some(node) = self.nodes.get_mut(key) {
            node.depth = node.depth.min(depth);
            return true;
        }
        if self.nodes.len() >= TRACE_NODES {
            return false;
        }
        self.nodes.insert(key.clone(), Node { depth, seen: None });
        true
    }

    /// Takes a step in, between nodes that are there.
    pub(crate) fn edge(&mut self, step: &Step) {
        let edge = self.edges.entry((step.from.clone(), step.relation, step.to.clone())).or_default();
        if !step.how.is_empty() && !edge.how.contains(&step.how) {
            edge.how.push(step.how);
            edge.how.sort_unstable();
        }
        edge.first = edge.first.into_iter().chain(step.time).min();
        edge.last = edge.last.max(step.time);
        // The same event is met at both ends of an edge.
        edge.events.extend(step.event);
    }

    /// Notes that something was left out.
    pub(crate) fn cut(&mut self, cut: Cut) {
        if !self.cuts.contains(&cut) {
            self.cuts.push(cut);
        }
    }
}
