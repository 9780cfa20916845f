//! `/tree`: processes below their parents.

use std::collections::{HashMap, HashSet};

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event::ProcessKey;
use serde_json::json;
use store::{Process, ProcessQuery, Store};

use crate::clock;
use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::limits::{MAX_TREE, MAX_TREE_DEPTH};
use crate::params::{Asked, Endpoint};
use crate::processes::{Detail, document};
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

pub(crate) async fn tree(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let mut asked = Query::parse(Endpoint::Tree, request.uri().query(), clock::now())?.asked;
    // The tree of a process is its subtree.
    asked.filter.descendants = !asked.filter.pids.is_empty() || !asked.filter.processes.is_empty();
    let body = read(&state, move |store| answer(store, &asked)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Written as text at once: as values, the processes of a large tree would take many times its size.
fn answer(store: &Store, asked: &Asked) -> Result<Vec<u8>, ApiError> {
    let limit = asked.limit.unwrap_or(MAX_TREE);
    let (processes, cut) = collect(store, asked, limit)?;
    let gaps = Gaps::of_processes(store, asked);
    let mut out = b"{\"roots\":".to_vec();
    let deep = nest(&mut out, &processes)?;
    let mut rest = json!({ "complete": gaps.complete() && !cut && !deep, "gaps": gaps });
    if cut {
        let reason = "more processes match than `limit` allows: name a `pid`, a span or `at`";
        rest["cut"] = json!({ "processes": limit, "reason": reason });
    }
    let rest = rest.to_string();
    // One object out of two: the second goes on where the first is open.
    out.push(b',');
    out.extend(rest.trim_start_matches('{').bytes());
    Ok(out)
}

/// The processes asked for, and whether there are more.
fn collect(store: &Store, asked: &Asked, limit: usize) -> Result<(Vec<Process>, bool), ApiError> {
    let query = ProcessQuery { filter: asked.filter.clone(), at: asked.at, limit, after: None };
    let page = store.processes(&query).map_err(|error| ApiError::store(&error))?;
    Ok((page.processes, page.next.is_some()))
}

/// The processes, and who is below whom, as places in their list.
struct Nodes<'a> {
    processes: &'a [Process],
    children: HashMap<ProcessKey, Vec<usize>>,
    /// Something was too deep to be shown.
    deep: bool,
}

/// Children below their parents; who has no parent in the list is a root. Says whether something was too deep.
fn nest(out: &mut Vec<u8>, processes: &[Process]) -> Result<bool, ApiError> {
    let known: HashSet<ProcessKey> = processes.iter().map(|process| process.key).collect();
    let mut nodes = Nodes { processes, children: HashMap::new(), deep: false };
    let mut roots = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        match process.parent.filter(|parent| known.contains(parent) && *parent != process.key) {
            Some(parent) => nodes.children.entry(parent).or_default().push(index),
            None => roots.push(index),
        }
    }
    nodes.list(out, &roots, 1)?;
    Ok(nodes.deep)
}

impl Nodes<'_> {
    fn list(&mut self, out: &mut Vec<u8>, indexes: &[usize], depth: usize) -> Result<(), ApiError> {
        out.push(b'[');
        for (place, index) in indexes.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.node(out, *index, depth)?;
        }
        out.push(b']');
        Ok(())
    }

    /// A process with what is below it. The depth is bounded, and what is deeper is counted in `cut`.
    fn node(&mut self, out: &mut Vec<u8>, index: usize, depth: usize) -> Result<(), ApiError> {
        let process = &self.processes[index];
        out.extend(b"{\"process\":");
        let document = document(process, Detail::WithoutEnvironment)?;
        serde_json::to_writer(&mut *out, &document).map_err(|error| ApiError::internal(&error))?;
        out.extend(b",\"children\":");
        if depth < MAX_TREE_DEPTH {
            let children = self.children.remove(&process.key).unwrap_or_default();
            self.list(out, &children, depth + 1)?;
        } else {
            out.extend(b"[]");
            let below = self.count_below(index);
            if below > 0 {
                self.deep = true;
                out.extend(format!(",\"cut\":{{\"processes\":{below}}}").bytes());
            }
        }
        out.push(b'}');
        Ok(())
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
