//! `/tree`: processes below their parents.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use event::ProcessKey;
use serde_json::{Map, Value, json};
use store::{Process, ProcessQuery, Store};

use crate::clock;
use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::limits::{MAX_TREE, MAX_TREE_DEPTH};
use crate::params::{Asked, Endpoint};
use crate::processes::document;
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

pub(crate) async fn tree(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let mut asked = Query::parse(Endpoint::Tree, request.uri().query(), clock::now())?.asked;
    // The tree of a process is its subtree.
    asked.filter.descendants = !asked.filter.pids.is_empty() || !asked.filter.processes.is_empty();
    read(&state, move |store| {
        let limit = asked.limit.unwrap_or(MAX_TREE);
        let (processes, cut) = collect(store, &asked, limit)?;
        let gaps = Gaps::of_processes(store, &asked);
        let complete = gaps.complete() && !cut;
        let roots = nest(&processes)?;
        let mut answer = json!({ "roots": roots, "complete": complete, "gaps": gaps });
        if cut {
            answer["cut"] = json!({ "processes": limit, "reason": "more processes match than `limit` allows: name a `pid`, a span or `at`" });
        }
        Ok(Json(answer).into_response())
    })
    .await
}

/// The processes asked for, and whether there are more.
fn collect(store: &Store, asked: &Asked, limit: usize) -> Result<(Vec<Process>, bool), ApiError> {
    let query = ProcessQuery { filter: asked.filter.clone(), at: asked.at, limit, after: None };
    let page = store.processes(&query).map_err(|error| ApiError::store(&error))?;
    Ok((page.processes, page.next.is_some()))
}

/// A process of the tree, as places in the list of processes.
struct Nodes<'a> {
    processes: &'a [Process],
    children: HashMap<ProcessKey, Vec<usize>>,
}

/// Children below their parents; who has no parent in the list is a root.
fn nest(processes: &[Process]) -> Result<Vec<Value>, ApiError> {
    let known: HashSet<ProcessKey> = processes.iter().map(|process| process.key).collect();
    let mut nodes = Nodes { processes, children: HashMap::new() };
    let mut roots = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        match process.parent.filter(|parent| known.contains(parent) && *parent != process.key) {
            Some(parent) => nodes.children.entry(parent).or_default().push(index),
            None => roots.push(index),
        }
    }
    roots.into_iter().map(|root| nodes.node(root, 1)).collect()
}

impl Nodes<'_> {
    /// A process with what is below it. The depth is bounded, and what is deeper is counted in `cut`.
    fn node(&self, index: usize, depth: usize) -> Result<Value, ApiError> {
        let process = &self.processes[index];
        let mut node = Map::new();
        node.insert("process".to_owned(), document(process)?);
        let children = self.children.get(&process.key).map_or(&[][..], Vec::as_slice);
        if depth < MAX_TREE_DEPTH {
            let below =
                children.iter().map(|child| self.node(*child, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            node.insert("children".to_owned(), below.into());
        } else {
            node.insert("children".to_owned(), json!([]));
            if !children.is_empty() {
                node.insert("cut".to_owned(), json!({ "processes": self.count_below(index) }));
            }
        }
        Ok(node.into())
    }

    fn count_below(&self, index: usize) -> usize {
        let mut count = 0;
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            let children = self.children.get(&self.processes[index].key).map_or(&[][..], Vec::as_slice);
            count += children.len();
            open.extend(children);
        }
        count
    }
}
