//! What is known of files beside their paths. Each way to tell it is by what else is known of the same path, of what the
//! same context did before, or of what lies near.

use std::collections::HashMap;
use std::io;

use event::{File, FileFacts};

use crate::columns::{Order, Out, put, sorted_by, zigzag};
use crate::files::{Files, State};

/// Nanoseconds up to which a time is told by how long it was before the event.
const RECENT: i64 = 1 << 40;
const SECOND: i64 = 1_000_000_000;

fn facts<'a>(state: &State<'a>) -> Option<&'a FileFacts> {
    state.file.facts.as_ref()
}

/// Orders of states.
struct Orders {
    seen: Vec<u32>,
    context: Vec<u32>,
    sorted: Vec<u32>,
    shape: Vec<u32>,
    inode: Vec<u32>,
}

pub fn write(files: &Files<'_>, out: &Out) -> io::Result<()> {
    let states = &files.states;
    let rank = |state: usize| files.rank[states[state].path as usize];
    let inode = |state: usize| facts(&states[state]).map(|facts| (facts.mount_id, facts.inode));
    let orders = Orders {
        seen: sorted_by(states.len(), |state| state),
        context: sorted_by(states.len(), |state| states[state].context),
        sorted: sorted_by(states.len(), rank),
        shape: sorted_by(states.len(), |state| (states[state].shape, states[state].context)),
        inode: sorted_by(states.len(), inode),
    };
    attributes(states, &orders, out)?;
    inodes(files, &orders, out)?;
    times(states, &orders, out)
}

/// All but inodes and times; few combinations come again and again.
fn attributes(states: &[State<'_>], orders: &Orders, out: &Out) -> io::Result<()> {
    let (mut known, mut list, mut odd) = (HashMap::<Vec<u8>, u64>::new(), Vec::new(), Vec::new());
    let mut places: Vec<u64> = Vec::with_capacity(states.len());
    for state in states {
        let File { raw, error, flags, .. } = state.file;
        let facts = facts(state).map(|facts| {
            let FileFacts { mode, uid, gid, mount_id, filesystem, mount_path, .. } = facts;
            (mode, uid, gid, mount_id, filesystem, mount_path)
        });
        if raw.is_some() {
            put(&mut odd, &rmp_serde::to_vec(raw).unwrap_or_default());
        }
        let next = known.len() as u64;
        let key = rmp_serde::to_vec(&(flags, facts, error, raw.is_some())).unwrap_or_default();
        places.push(*known.entry(key).or_insert_with_key(|key| {
            put(&mut list, key);
            next
        }));
    }
    // 0 those of the same path's state before, 1 those of the context's, else which.
    let place = |state: u32| places[state as usize];
    let code = |(state, own): (&State<'_>, &u64)| match (state.before.map(place), state.beside.map(place)) {
        (Some(before), _) if before == *own => 0,
        (_, Some(beside)) if beside == *own => 1,
        _ => own + 2,
    };
    let codes: Vec<u64> = states.iter().zip(&places).map(code).collect();
    let Orders { seen, context, sorted, shape, .. } = orders;
    let orders: [Order<'_>; 4] = [("seen", seen), ("context", context), ("sorted", sorted), ("shape", shape)];
    out.ordered("attributes", &codes, &orders)?;
    out.bytes("attributes-list", "msgpack", &list)?;
    out.bytes("attributes-raw", "msgpack", &odd)
}

fn inodes(files: &Files<'_>, orders: &Orders, out: &Out) -> io::Result<()> {
    let states = &files.states;
    let inode = |state: u32| facts(&states[state as usize]).map(|facts| facts.inode);
    let directory = |state: &State<'_>| {
        let path = files.paths[state.path as usize];
        path.rsplit_once('/').map_or("", |(directory, _)| directory)
    };
    // 0 that of the same path's state before, 1 that of the context's, else one that is told.
    let code = |state: &State<'_>| {
        let own = facts(state).map(|facts| facts.inode);
        match (state.before.map(inode), state.beside.map(inode)) {
            _ if own.is_none() => 0,
            (Some(before), _) if before == own => 0,
            (_, Some(beside)) if beside == own => 1,
            _ => 2,
        }
    };
    let codes: Vec<u64> = states.iter().map(code).collect();
    let Orders { seen, context, sorted, shape, .. } = orders;
    let ways: [Order<'_>; 4] = [("seen", seen), ("context", context), ("sorted", sorted), ("shape", shape)];
    out.ordered("inodes-codes", &codes, &ways)?;
    // As steps, in some order, from the last one told of the same mount, or there of the same directory.
    for (way, order) in [("seen", seen), ("context", context), ("sorted", sorted)] {
        for by_directory in [false, true] {
            let (mut last, mut steps) = (HashMap::<(u32, &str), u64>::new(), Vec::new());
            for place in order {
                let state = &states[*place as usize];
                let Some(facts) = facts(state).filter(|_| codes[*place as usize] == 2) else { continue };
                let mount = last.insert((facts.mount_id, ""), facts.inode).unwrap_or(0);
                let near = last.insert((facts.mount_id, directory(state)), facts.inode).unwrap_or(mount);
                let expected = if by_directory { near } else { mount };
                steps.push(zigzag(facts.inode.wrapping_sub(expected).cast_signed()));
            }
            let name = if by_directory { format!("{way}-directory") } else { way.to_owned() };
            out.way("inodes", &name)?.numbers("inodes", "steps", &steps)?;
        }
    }
    Ok(())
}

/// Modification times (0) and change times (1).
fn time(state: &State<'_>, which: usize) -> Option<i64> {
    facts(state).map(|facts| if which == 0 { facts.mtime } else { facts.ctime })
}

fn times(states: &[State<'_>], orders: &Orders, out: &Out) -> io::Result<()> {
    let mut known: HashMap<i64, i64> = HashMap::new();
    let Orders { seen, context, sorted, shape, inode } = orders;
    let ways: [Order<'_>; 4] = [("seen", seen), ("context", context), ("sorted", sorted), ("shape", shape)];
    let mut codes = [Vec::new(), Vec::new()];
    let (mut again, mut ages) = (Vec::new(), Vec::new());
    let mut old: [Vec<bool>; 2] = [vec![false; states.len()], vec![false; states.len()]];
    let mut last = 0;
    for (place, state) in states.iter().enumerate() {
        for which in 0..2 {
            let Some(own) = time(state, which) else {
                codes[which].push(0);
                continue;
            };
            let of = |state: u32| time(&states[state as usize], which);
            let (before, beside) = (state.before.and_then(of), state.beside.and_then(of));
            let next = i64::try_from(known.len()).unwrap_or(i64::MAX);
            codes[which].push(if which == 1 && time(state, 0) == Some(own) {
                1
            } else if before == Some(own) {
                2
            } else if beside == Some(own) {
                3
            } else if let Some(found) = known.get(&own) {
                again.push(zigzag(found - last));
                last = *found;
                4
            } else if (0..RECENT).contains(&state.time.wrapping_sub(own)) {
                ages.push((state.shape, which, state.time.wrapping_sub(own).cast_unsigned()));
                5
            } else {
                old[which][place] = true;
                6
            });
            known.entry(own).or_insert(next);
        }
    }
    out.ordered("mtimes", &codes[0], &ways)?;
    out.ordered("ctimes", &codes[1], &ways)?;
    out.numbers("file-times-again", "seen", &again)?;
    let shapes = sorted_by(ages.len(), |age| (ages[age].0, ages[age].1));
    let (by_time, ages) =
        (sorted_by(ages.len(), |age| age), ages.iter().map(|age| age.2).collect::<Vec<_>>());
    out.ordered("file-ages", &ages, &[("seen", &by_time), ("shape", &shapes)])?;
    // What is older, as steps in some order; or as steps of whole seconds, and nanoseconds apart.
    for (which, sort) in ["mtimes-old", "ctimes-old"].into_iter().enumerate() {
        for (way, order) in [("seen", seen), ("context", context), ("sorted", sorted), ("inode", inode)] {
            let there = order.iter().filter(|place| old[which][**place as usize]);
            let list: Vec<i64> = there.filter_map(|place| time(&states[*place as usize], which)).collect();
            let steps = |list: &[i64]| {
                let mut last = 0_i64;
                let step = |time: &i64| zigzag(time.wrapping_sub(std::mem::replace(&mut last, *time)));
                list.iter().map(step).collect::<Vec<_>>()
            };
            out.way(sort, way)?.numbers("nanoseconds", "steps", &steps(&list))?;
            let split = out.way(sort, &format!("{way}-split"))?;
            let seconds: Vec<i64> = list.iter().map(|time| time.div_euclid(SECOND)).collect();
            split.numbers("seconds", "steps", &steps(&seconds))?;
            let parts = list.iter().map(|time| time.rem_euclid(SECOND).cast_unsigned());
            split.numbers("parts", "whole", &parts.collect::<Vec<_>>())?;
        }
    }
    Ok(())
}
