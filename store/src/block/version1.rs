//! Blocks of format 1, read only: frozen, whatever newer formats do. Whatever is damaged is an error, never a panic.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use event::{Detail, EventId, File, FileFacts, Kind};

use super::build::Shape;
use super::core::Columns;
use super::paths::Paths;
use super::rest::{Details, Rest};
use super::tables::{Source, Tables};
use super::zone::{Hash, Zone};
use crate::bytes::{Damaged, Input, unpack};
use crate::limits::MAX_SECTION;

fn column<'a, T>(
    bytes: &'a [u8],
    count: usize,
    mut read: impl FnMut(&mut Input<'a>) -> Result<T, Damaged>,
) -> Result<Vec<T>, Damaged> {
    let mut input = Input(bytes);
    (0..count).map(|_| read(&mut input)).collect()
}

/// The three frames of a stored block.
pub fn sections(value: &[u8]) -> Result<[&[u8]; 3], Damaged> {
    let mut input = Input(value);
    let lengths = [input.array::<4>()?, input.array()?, input.array()?];
    let mut take = |length: [u8; 4]| {
        input.take(usize::try_from(u32::from_le_bytes(length)).map_err(|_| Damaged("a frame is too long"))?)
    };
    Ok([take(lengths[0])?, take(lengths[1])?, take(lengths[2])?])
}

/// The chain's next hash: over the one before, the first id, and the three sections unpacked, each after its length.
pub fn chain(previous: &Hash, first: EventId, value: &[u8]) -> Result<Hash, Damaged> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous);
    hasher.update(&first.to_be_bytes());
    for section in sections(value)? {
        let section = unpack(section, MAX_SECTION)?;
        hasher.update(&(section.len() as u64).to_be_bytes());
        hasher.update(&section);
    }
    Ok(*hasher.finalize().as_bytes())
}

/// Paths and columns.
pub fn tables(zone: &Zone, value: &[u8]) -> Result<Tables, Damaged> {
    let [paths, core, _] = sections(value)?;
    let core = unpack(core, MAX_SECTION)?;
    let mut input = Input(&core);
    let count = zone.count as usize;
    if count > core.len() {
        return Err(Damaged("a block has fewer events than it says"));
    }
    let files = input.number()?;
    let files =
        usize::try_from(files).ok().filter(|files| *files <= 2 * count).ok_or(Damaged("too many files"))?;
    let path_count = input.count()?;
    let (mut path, mut file) = (0_usize, 0);
    let mut starts: Vec<u32> = Vec::new();
    column(input.bytes()?, files, |steps| {
        path = path.saturating_add(steps.small()? as usize);
        if path == 0 || path > path_count {
            return Err(Damaged("a file has no path"));
        }
        starts.resize(path, file);
        file += 1;
        Ok(())
    })?;
    starts.resize(path_count, file);
    let mut time = 0_i64;
    let times = column(input.bytes()?, count, |steps| {
        time = time.wrapping_add(steps.signed()?);
        Ok(time)
    })?;
    let contexts = zone.contexts.len();
    let whos = column(input.bytes()?, count, |who| match who.small()? {
        who if (who as usize) < contexts => Ok(who),
        _ => Err(Damaged("an event has no context")),
    })?;
    let mut last = vec![0_i64; contexts];
    let mut row = 0;
    let tids = column(input.bytes()?, count, |steps| {
        let last = &mut last[whos[row] as usize];
        row += 1;
        *last = last.wrapping_add(steps.signed()?);
        u32::try_from(*last).map_err(|_| Damaged("a thread id is out of range"))
    })?;
    let kinds = column(input.bytes()?, count, |kinds| {
        Kind::try_from(kinds.array::<1>()?[0]).map_err(|_| Damaged("unknown kind"))
    })?;
    let retvals = column(input.bytes()?, count, Input::signed)?;
    let flags = column(input.bytes()?, count, Input::small)?;
    let file = |index: &mut Input<'_>| match index.small()? {
        index if index as usize <= files => Ok(index),
        _ => Err(Damaged("an event has no such file")),
    };
    let file_column = column(input.bytes()?, count, file)?;
    let destinations = column(input.bytes()?, count, file)?;
    let paths = decode_paths(&unpack(paths, MAX_SECTION)?, path_count)?;
    let mut shapes: Vec<Shape> = Vec::new();
    let mut places = HashMap::new();
    let shape_column = kinds.iter().zip(flags).zip(retvals).map(|((kind, flags), retval)| {
        // Details are found by event: see `rest`.
        *places.entry((*kind, flags, retval)).or_insert_with(|| {
            shapes.push(Shape { kind: *kind, flags, retval, detail: 0 });
            u32::try_from(shapes.len() - 1).unwrap_or(u32::MAX)
        })
    });
    let shape_column = Arc::new(shape_column.collect());
    let page =
        Columns { file_count: files, times, whos, tids, shape_column, files: file_column, destinations };
    let source = Source::Version1 { value: value.to_vec(), page: Box::new(page) };
    Tables::ready(zone, source, paths, starts, shapes)
}

fn decode_paths(bytes: &[u8], count: usize) -> Result<Paths, Damaged> {
    let mut input = Input(bytes);
    let mut path: Vec<u8> = Vec::new();
    let (mut total, mut paths) = (0, Paths::by_bytes());
    for _ in 0..count {
        let shared = usize::try_from(input.number()?).map_err(|_| Damaged("a path is damaged"))?;
        if shared > path.len() {
            return Err(Damaged("a path shares more than there is"));
        }
        path.truncate(shared);
        path.extend_from_slice(input.bytes()?);
        total += path.len();
        if total > MAX_SECTION {
            return Err(Damaged("paths are too long"));
        }
        paths.push(std::str::from_utf8(&path).map_err(|_| Damaged("a path is not UTF-8"))?);
    }
    Ok(paths)
}

/// Files' facts and details.
pub fn rest(zone: &Zone, files: usize, value: &[u8]) -> Result<Rest, Damaged> {
    let [_, _, rest] = sections(value)?;
    let rest = unpack(rest, MAX_SECTION)?;
    let mut input = Input(&rest);
    let mut files = decode_facts(&mut input, files)?;
    let detail_count = input.count()?;
    let details = column(input.bytes()?, detail_count, |details| {
        rmp_serde::from_slice(details.bytes()?).map_err(|_| Damaged("a detail is damaged"))
    })?;
    let detail_column = column(input.bytes()?, zone.count as usize, |index| match index.small()? {
        index if (index as usize) < detail_count => Ok(index),
        _ => Err(Damaged("an event has no such detail")),
    })?;
    decode_mount_paths(&mut input, &mut files)?;
    let details: Vec<Detail> = details;
    Ok(Rest {
        files: Some(files),
        details: Details {
            list: details.into_iter().map(|detail| OnceLock::from(Some(detail))).collect(),
            bytes: Vec::new(),
            ends: Vec::new(),
            column: Some(detail_column),
        },
    })
}

fn decode_facts(input: &mut Input<'_>, count: usize) -> Result<Vec<File>, Damaged> {
    let flags = column(input.bytes()?, count, Input::small)?;
    let known = column(input.bytes()?, count, |known| Ok(known.array::<1>()? != [0]))?;
    let facts = known.iter().filter(|known| **known).count();
    let mut inode = 0_i64;
    let inodes = column(input.bytes()?, facts, |steps| {
        inode = inode.wrapping_add(steps.signed()?);
        Ok(inode.cast_unsigned())
    })?;
    let modes = column(input.bytes()?, facts, Input::small)?;
    let uids = column(input.bytes()?, facts, Input::small)?;
    let gids = column(input.bytes()?, facts, Input::small)?;
    let mut mtime = 0_i64;
    let mtimes = column(input.bytes()?, facts, |steps| {
        mtime = mtime.wrapping_add(steps.signed()?);
        Ok(mtime)
    })?;
    let ctimes = column(input.bytes()?, facts, Input::signed)?;
    let mounts = column(input.bytes()?, facts, Input::small)?;
    let filesystem_column = column(input.bytes()?, facts, Input::small)?;
    let names = (0..input.count()?)
        .map(|_| {
            let name = std::str::from_utf8(input.bytes()?);
            name.map(Arc::from).map_err(|_| Damaged("a file system's name is not UTF-8"))
        })
        .collect::<Result<Vec<Arc<str>>, _>>()?;
    let odd_count = input.count()?;
    let mut odd: HashMap<u64, (Option<Vec<u8>>, Option<String>)> =
        column(input.bytes()?, odd_count, |odd| {
            let place = odd.number()?;
            let value =
                rmp_serde::from_slice(odd.bytes()?).map_err(|_| Damaged("a file's error is damaged"))?;
            Ok((place, value))
        })?
        .into_iter()
        .collect();
    let mut next = 0;
    (0..count)
        .map(|place| {
            let (raw, error) = odd.remove(&(place as u64)).unwrap_or_default();
            let mut file = File { raw, error, flags: flags[place], ..File::default() };
            if known[place] {
                file.facts = Some(FileFacts {
                    inode: inodes[next],
                    mode: modes[next],
                    uid: uids[next],
                    gid: gids[next],
                    mtime: mtimes[next],
                    ctime: mtimes[next].wrapping_add(ctimes[next]),
                    mount_id: mounts[next],
                    filesystem: names
                        .get(filesystem_column[next] as usize)
                        .cloned()
                        .ok_or(Damaged("a file has no such file system"))?,
                    ..FileFacts::default()
                });
                next += 1;
            }
            Ok(file)
        })
        .collect()
}

/// The last column, which blocks of before there was one do not have.
fn decode_mount_paths(input: &mut Input<'_>, files: &mut [File]) -> Result<(), Damaged> {
    if input.0.is_empty() {
        return Ok(());
    }
    let paths = (0..input.count()?)
        .map(|_| {
            let path =
                std::str::from_utf8(input.bytes()?).map_err(|_| Damaged("a mount's path is not UTF-8"))?;
            Ok(Arc::from(path))
        })
        .collect::<Result<Vec<Arc<str>>, Damaged>>()?;
    let mut column = Input(input.bytes()?);
    for facts in files.iter_mut().filter_map(|file| file.facts.as_mut()) {
        let path = paths.get(column.small()? as usize).ok_or(Damaged("a file has no such mount"))?;
        facts.mount_path = Arc::clone(path);
    }
    Ok(())
}
