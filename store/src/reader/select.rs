//! Which contexts and which events of a block fit a filter.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use event::{Detail, Kind, ProcessKey};

use super::chosen::{Fits, Who};
use super::contexts::Contexts;
use crate::block::{Core, Group, Rest, Tables, Zone};
use crate::bytes::Damaged;
use crate::context::Summary;
use crate::segment::file::FileError;
use crate::{Filter, PathPattern};

/// Rounds in which descendants are looked for; each finds at least one more generation, usually all.
const ROUNDS: usize = 64;

/// Whether a filter has fields that are answered by contexts.
pub fn asks_for_contexts(filter: &Filter) -> bool {
    !(filter.pids.is_empty() && filter.processes.is_empty()) || asks_for_states(filter)
}

/// Whether a filter has fields about the states of processes, not only about which ones.
pub fn asks_for_states(filter: &Filter) -> bool {
    !filter.parents.is_empty() || asks_for_changes(filter)
}

/// Whether a filter has fields in which the states of one process can differ: its creator stays the same.
pub fn asks_for_changes(filter: &Filter) -> bool {
    !(filter.ppids.is_empty()
        && filter.uids.is_empty()
        && filter.users.is_empty()
        && filter.comms.is_empty()
        && filter.exes.is_empty()
        && filter.containers.is_empty())
}

fn any<T: PartialEq<U>, U: ?Sized>(wanted: &[T], value: &U) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted == value)
}

/// Processes of a segment that descend from what is asked for, that included.
fn subtree(contexts: &Contexts<'_>, filter: &Filter) -> Result<HashSet<ProcessKey>, FileError> {
    let root = |key: &ProcessKey| filter.pids.contains(&key.pid) || filter.processes.contains(key);
    let mut inside: HashSet<ProcessKey> = HashSet::new();
    let mut inside_contexts: HashSet<u64> = HashSet::new();
    for _ in 0..ROUNDS {
        let before = inside_contexts.len();
        contexts.each(|_, summary| {
            for row in 0..summary.ids.len() {
                let process = summary.process(row);
                let creator = summary.creator(row);
                let fits = inside.contains(&process)
                    || root(&process)
                    || creator.is_some_and(|creator| inside.contains(&creator) || root(&creator))
                    || inside_contexts.contains(&summary.lineages[row]);
                if fits {
                    inside.insert(process);
                    inside_contexts.insert(summary.ids[row]);
                }
            }
        })?;
        if inside_contexts.len() == before {
            break;
        }
    }
    Ok(inside)
}

/// Contexts whose image's path fits one of the patterns.
pub fn images(contexts: &Contexts<'_>, patterns: &[PathPattern]) -> Result<HashSet<u64>, FileError> {
    let mut found = HashSet::new();
    if !contexts.may_have_image(|exe| patterns.iter().any(|pattern| pattern.matches(exe))) {
        return Ok(found);
    }
    contexts.each(|_, summary| {
        for row in 0..summary.ids.len() {
            let fits = match summary.exe(row) {
                Some(exe) => patterns.iter().any(|pattern| pattern.matches(exe)),
                None => found.contains(&summary.shared[row]),
            };
            if fits {
                found.insert(summary.ids[row]);
            }
        }
    })?;
    Ok(found)
}

/// Whether a state fits the filter's fields about states, but for images.
pub fn fits(summary: &Summary, row: usize, filter: &Filter) -> bool {
    any(&filter.ppids, &summary.ppids[row])
        && (filter.parents.is_empty()
            || summary.creator(row).is_some_and(|creator| any(&filter.parents, &creator)))
        && any(&filter.uids, &summary.uids[row])
        && any(&filter.users, summary.texts[summary.users[row] as usize].as_str())
        && any(&filter.comms, summary.texts[summary.comms[row] as usize].as_str())
        && (filter.containers.is_empty()
            || summary.container(row).is_some_and(|container| any(&filter.containers, container)))
}

/// Contexts of a segment that fit the filter's processes.
pub fn who(contexts: &Contexts<'_>, filter: &Filter) -> Result<Who, FileError> {
    if filter.pids.is_empty() && filter.processes.is_empty() {
        return Ok(Who::Anybody);
    }
    let tree = if filter.descendants { Some(subtree(contexts, filter)?) } else { None };
    let mut found = HashSet::new();
    contexts.each(|_, summary| {
        for row in 0..summary.ids.len() {
            let process = summary.process(row);
            let fits = match &tree {
                Some(tree) => tree.contains(&process),
                None => any(&filter.pids, &process.pid) && any(&filter.processes, &process),
            };
            if fits {
                found.insert(summary.ids[row]);
            }
        }
    })?;
    Ok(Who::These(found))
}

/// Whether events of a kind can have addresses.
const fn has_address(kind: Kind) -> bool {
    matches!(kind, Kind::Bind | Kind::Connect | Kind::Accept | Kind::Setsockopt | Kind::Dns | Kind::Imds)
}

/// Both ends of what an event is about, as far as they are known.
fn ends(detail: &Detail) -> [Option<(IpAddr, u16)>; 2] {
    match detail {
        Detail::Socket(socket) | Detail::Setsockopt { socket, .. } => {
            [socket.ip.map(|ip| (ip, socket.port)), socket.local]
        }
        Detail::Dns(dns) => [Some(dns.flow.source), Some(dns.flow.destination)],
        Detail::Imds(imds) => [Some(imds.flow.source), Some(imds.flow.destination)],
        _ => [None; 2],
    }
}

/// The kinds that a filter lets through, as far as they can be told without looking at events.
pub fn kinds(filter: &Filter) -> impl Fn(Kind) -> bool {
    let sockets = !filter.ips.is_empty() || !filter.ports.is_empty();
    // By number: each shape of each block that is looked at asks.
    let mut allowed = [false; 256];
    for kind in Kind::ALL {
        allowed[usize::from(kind.number())] = any(&filter.kinds, &kind)
            && any(&filter.categories, &kind.category())
            && (!sockets || has_address(kind));
    }
    move |kind| allowed[usize::from(kind.number())]
}

/// Whether a block can have anything that fits, its contexts left aside.
pub fn may_fit(zone: &Zone, filter: &Filter, kinds: &impl Fn(Kind) -> bool) -> bool {
    (filter.ids.is_empty() || filter.ids.iter().any(|id| (zone.first..=zone.last).contains(id)))
        && filter.since.is_none_or(|since| zone.max_time >= since)
        && filter.until.is_none_or(|until| zone.min_time < until)
        && zone.kinds.iter().any(|(kind, _)| Kind::try_from(*kind).is_ok_and(kinds))
        && (filter.outcomes.is_empty()
            || filter.outcomes.iter().any(|outcome| zone.outcomes & (1 << (*outcome as u8)) != 0))
}

/// The files, counted from 1, whose paths fit, and which pages have them. Only groups of files that can have some are looked
/// at, and of those the paths are put together only if the pattern is not itself one.
fn files_of(
    tables: &Tables,
    patterns: &[PathPattern],
    group: impl Fn(usize) -> Result<Arc<Group>, FileError>,
) -> Result<(u64, Vec<bool>), FileError> {
    let (mut pages, mut files) = (0, vec![false; tables.file_count() + 1]);
    for pattern in patterns {
        let (prefix, exact) = (pattern.literal_prefix(), pattern.exact());
        for number in tables.groups_with(prefix, exact.is_some())? {
            let group = group(number)?;
            let paths: Vec<usize> = match exact {
                Some(path) => group.find(path)?.into_iter().collect(),
                None => {
                    let list = group.list()?;
                    let fits = |path: &usize| list.get(*path).is_some_and(|path| pattern.matches(path));
                    list.starting_with(prefix).into_iter().flatten().filter(fits).collect()
                }
            };
            for path in paths {
                pages |= tables.pages_of_path(&group, path)?;
                let of_path = group.files_of(path)?;
                files[of_path.start + 1..=of_path.end].fill(true);
            }
        }
    }
    Ok((pages, files))
}

/// What fits of a block's tables, and which of its pages can have it.
pub struct Wanted {
    shapes: Vec<bool>,
    /// By file, counted from 1; 0 is none. `None` if paths are not asked for.
    files: Option<Vec<bool>>,
    /// A bit for each page.
    pages: u64,
}

impl Wanted {
    /// Of a filter; `None` if nothing fits. Groups of files that have to be looked at are asked for.
    pub fn of(
        tables: &Tables,
        filter: &Filter,
        fits: &Fits,
        kinds: &impl Fn(Kind) -> bool,
        group: impl Fn(usize) -> Result<Arc<Group>, FileError>,
    ) -> Result<Option<Self>, FileError> {
        // Kind and outcome are told by the shapes, of which there are few.
        let shapes: Vec<bool> = (tables.shapes()?.iter())
            .map(|shape| kinds(shape.kind) && any(&filter.outcomes, &Core::outcome(shape)))
            .collect();
        if !shapes.contains(&true) {
            return Ok(None);
        }
        let mut pages = tables.pages_within(filter.since, filter.until)?;
        if !filter.ids.is_empty() {
            pages &= tables.pages_of_ids(&filter.ids)?;
        }
        if shapes.contains(&false) {
            pages &= tables.pages_of_shapes(&shapes)?;
        }
        if let Some(contexts) = &fits.contexts {
            pages &= tables.pages_of_contexts(contexts)?;
        }
        let mut files = None;
        if !filter.paths.is_empty() {
            let (mut found, of_paths) = files_of(tables, &filter.paths, group)?;
            if let Some(images) = &fits.images {
                found |= tables.pages_of_contexts(images)?;
            }
            pages &= found;
            files = Some(of_paths);
        }
        Ok((pages != 0).then_some(Self { shapes, files, pages }))
    }

    /// Whether a page can have something.
    pub fn has_page(&self, page: usize) -> bool {
        u32::try_from(page)
            .ok()
            .and_then(|page| self.pages.checked_shr(page))
            .is_some_and(|bits| bits & 1 == 1)
    }

    /// The events of a page that fit, but for their details: see [`detail_fits`].
    pub fn rows(&self, core: &Core, filter: &Filter, fits: &Fits) -> Result<Vec<usize>, Damaged> {
        let (who, images, allowed) = (&fits.contexts, &fits.images, &self.shapes);
        // Only the columns that the filter needs.
        let (shapes, shape_column) = (core.shapes()?, core.shape_column()?);
        let times = if filter.since.is_some() || filter.until.is_some() { core.times()? } else { &[] };
        let whos = if who.is_some() || images.is_some() { core.whos()? } else { &[] };
        let tids = if filter.tids.is_empty() { &[] } else { core.tids()? };
        let (files, destinations) = match &self.files {
            Some(_) => (core.files()?, core.destinations()?),
            None => (&[][..], &[][..]),
        };
        // Few have a path that is asked for: that is looked at first, and by itself.
        let of_paths: Vec<usize> = match &self.files {
            Some(wanted) if destinations.is_empty() && images.is_none() => {
                let rows = files.iter().enumerate().filter(|(_, file)| wanted[**file as usize]);
                rows.map(|(row, _)| row).collect()
            }
            Some(wanted) => {
                let fits = |row: &usize| {
                    let row = *row;
                    wanted[files[row] as usize]
                        || destinations.get(row).is_some_and(|file| wanted[*file as usize])
                        || images.as_ref().is_some_and(|images| {
                            let kind = shapes[shape_column[row] as usize].kind;
                            matches!(kind, Kind::Exec | Kind::Exit) && images[whos[row] as usize]
                        })
                };
                (0..core.len()).filter(fits).collect()
            }
            None => (0..core.len()).collect(),
        };
        let rows = of_paths
            .into_iter()
            .filter(|row| {
                let row = *row;
                let shape = shape_column[row] as usize;
                allowed[shape]
                    && (filter.ids.is_empty() || filter.ids.contains(&core.id(row)))
                    && filter.since.is_none_or(|since| times[row] >= since)
                    && filter.until.is_none_or(|until| times[row] < until)
                    && who.as_ref().is_none_or(|who| who[whos[row] as usize])
                    && (filter.tids.is_empty() || any(&filter.tids, &tids[row]))
            })
            .collect();
        Ok(rows)
    }
}

/// Whether a filter has fields that only the details of an event answer.
pub fn asks_for_details(filter: &Filter) -> bool {
    filter.writes || !filter.ips.is_empty() || !filter.ports.is_empty()
}

/// Whether an event's details fit: what a file was opened for, addresses and ports.
pub fn detail_fits(rest: &Rest, core: &Core, row: usize, filter: &Filter) -> bool {
    /// Access modes other than reading, `O_CREAT`, `O_TRUNC`.
    const WRITING: u32 = 0o3 | 0o100 | 0o1000;
    if !asks_for_details(filter) {
        return true;
    }
    let Some(detail) = rest.detail(core, row) else { return false };
    let any_end = |fits: &dyn Fn(IpAddr, u16) -> bool| {
        ends(detail).into_iter().flatten().any(|(ip, port)| fits(ip, port))
    };
    let for_writing = !filter.writes || !matches!(detail, Detail::Open { flags, .. } if flags & WRITING == 0);
    for_writing
        && (filter.ips.is_empty() || any_end(&|ip, _| filter.ips.contains(&ip)))
        && (filter.ports.is_empty() || any_end(&|_, port| filter.ports.contains(&port)))
}
