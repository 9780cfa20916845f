//! Events to columns.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use event::{Detail, Event, EventId, File};

use super::zone::{self, Zone, chain};
use crate::bytes::{pack, put, put_bytes, zigzag};

/// A block before it is packed.
#[derive(Debug)]
pub struct Encoded {
    /// Its header row; until [`Encoded::seal`] its hash is the one of the block before.
    pub zone: Zone,
    /// Paths; columns; files' facts and details.
    pub sections: [Vec<u8>; 3],
}

impl Encoded {
    /// Its header row and the stored value.
    pub fn seal(mut self, level: i32) -> (Zone, Vec<u8>) {
        let value = self.pack(level);
        self.zone.hash = chain(&self.zone.hash, self.zone.first, &value);
        (self.zone, value)
    }

    /// The stored value.
    pub fn pack(&self, level: i32) -> Vec<u8> {
        frame([&self.sections[0], &self.sections[1], &self.sections[2]], level)
    }
}

/// The stored value of three sections: the lengths of the three zstd frames (little-endian u32), then the frames.
pub fn frame(sections: [&[u8]; 3], level: i32) -> Vec<u8> {
    let frames = sections.map(|section| pack(section, level));
    let mut out = Vec::with_capacity(12 + frames.iter().map(Vec::len).sum::<usize>());
    for frame in &frames {
        out.extend_from_slice(&u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes());
    }
    for frame in &frames {
        out.extend_from_slice(frame);
    }
    out
}

/// Files are the same if everything is; hashed by what usually tells them apart.
#[derive(PartialEq, Eq)]
struct ByContent<'a>(&'a File);

impl Hash for ByContent<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.path.hash(state);
        self.0.flags.hash(state);
        if let Some(facts) = &self.0.facts {
            (facts.inode, facts.mtime, facts.ctime).hash(state);
        }
    }
}

/// A cheap hash for keys that are short and made by us from what is already bounded (FNV would be as good).
#[derive(Clone, Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        for byte in chunks.remainder() {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }
}

type QuickMap<K, V> = HashMap<K, V, std::hash::BuildHasherDefault<Quick>>;

/// Distinct files in order of path, and each event's.
struct Files<'a> {
    list: Vec<&'a File>,
    rank: Vec<u32>,
    found: HashMap<ByContent<'a>, u32>,
}

impl<'a> Files<'a> {
    /// `SipHash`, for paths come from outside.
    fn collect(events: &[&'a Event]) -> Self {
        let mut found: HashMap<ByContent<'a>, u32> = HashMap::new();
        let mut list: Vec<&'a File> = Vec::new();
        for file in events.iter().flat_map(|event| [&event.file, &event.destination]).flatten() {
            found.entry(ByContent(file)).or_insert_with(|| {
                list.push(file);
                number(list.len() - 1)
            });
        }
        let mut order: Vec<u32> = (0..number(list.len())).collect();
        order.sort_by(|a, b| list[*a as usize].path.cmp(&list[*b as usize].path).then(a.cmp(b)));
        let mut rank = vec![0; list.len()];
        for (place, from) in order.iter().enumerate() {
            rank[*from as usize] = number(place);
        }
        let list = order.iter().map(|from| list[*from as usize]).collect();
        Self { list, rank, found }
    }

    /// 0 for none, else one more than its place.
    fn place(&self, file: Option<&'a File>) -> u64 {
        file.and_then(|file| self.found.get(&ByContent(file)))
            .map_or(0, |found| u64::from(self.rank[*found as usize]) + 1)
    }
}

/// Distinct details, as `MessagePack`, in order of appearance.
#[derive(Default)]
struct Details {
    opens: QuickMap<(u32, u32), u32>,
    others: HashMap<Vec<u8>, u32>,
    count: u32,
    bytes: Vec<u8>,
}

impl Details {
    fn place(&mut self, detail: &Detail) -> u32 {
        if let Detail::Open { flags, mode } = detail
            && let Some(place) = self.opens.get(&(*flags, *mode))
        {
            return *place;
        }
        let encoded = rmp_serde::to_vec(detail).unwrap_or_default();
        if let Some(place) = self.others.get(&encoded) {
            return *place;
        }
        let place = self.count;
        self.count += 1;
        put_bytes(&mut self.bytes, &encoded);
        match detail {
            Detail::Open { flags, mode } => {
                self.opens.insert((*flags, *mode), place);
            }
            _ => {
                self.others.insert(encoded, place);
            }
        }
        place
    }
}

/// Puts events into columns, their ids being `first` and the next ones. There must be at least one and no more than fit
/// `u32`.
pub fn encode(first: EventId, events: &[&Event], sealed: bool, previous: &zone::Hash) -> Encoded {
    let last = first.saturating_add((events.len() as u64).saturating_sub(1));
    build((first, last), &[], events, sealed, previous)
}

/// The same with an id for each event, growing (else `None`): what thinning leaves has holes. The block's number is the
/// first id.
pub fn encode_sparse(
    ids: &[EventId],
    events: &[&Event],
    sealed: bool,
    previous: &zone::Hash,
) -> Option<Encoded> {
    let (first, last) = (*ids.first()?, *ids.last()?);
    if ids.len() != events.len() || !ids.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let mut steps = Vec::new();
    if last - first + 1 != ids.len() as u64 {
        let mut before = first.wrapping_sub(1);
        for id in ids {
            put(&mut steps, id.wrapping_sub(before) - 1);
            before = *id;
        }
    }
    Some(build((first, last), &steps, events, sealed, previous))
}

/// `ids`: steps between them, less one each; empty if there are no holes.
fn build(
    (first, last): (EventId, EventId),
    ids: &[u8],
    events: &[&Event],
    sealed: bool,
    previous: &zone::Hash,
) -> Encoded {
    let files = Files::collect(events);
    let mut contexts: Vec<u64> = events.iter().map(|event| event.context).collect();
    contexts.sort_unstable();
    contexts.dedup();
    let places: QuickMap<u64, u32> =
        contexts.iter().enumerate().map(|(place, context)| (*context, number(place))).collect();

    let mut columns: [Vec<u8>; 8] = Default::default();
    let [times, whos, tids, kinds, retvals, flags, file_column, detail_column] = &mut columns;
    let mut destinations = Vec::new();
    let mut details = Details::default();
    let mut kind_counts = [0_u32; 256];
    let mut outcomes = 0;
    let (mut min_time, mut max_time) = (i64::MAX, i64::MIN);
    let mut last_time = 0_i64;
    let mut last_tid = vec![0_u32; contexts.len()];
    for event in events {
        put(times, zigzag(event.time.wrapping_sub(last_time)));
        last_time = event.time;
        min_time = min_time.min(event.time);
        max_time = max_time.max(event.time);
        let who = places.get(&event.context).copied().unwrap_or(0);
        put(whos, u64::from(who));
        if let Some(last) = last_tid.get_mut(who as usize) {
            put(tids, zigzag(i64::from(event.tid) - i64::from(*last)));
            *last = event.tid;
        }
        kinds.push(event.kind.number());
        kind_counts[usize::from(event.kind.number())] += 1;
        outcomes |= 1 << (event.outcome() as u8);
        put(retvals, zigzag(event.retval));
        put(flags, u64::from(event.flags));
        put(file_column, files.place(event.file.as_ref()));
        if event.destination.is_some() {
            put(&mut destinations, files.place(event.destination.as_ref()));
        } else {
            destinations.push(0);
        }
        put(detail_column, u64::from(details.place(&event.detail)));
    }

    let (paths, path_column, path_count) = paths(&files.list);
    let mut core = Vec::new();
    put(&mut core, files.list.len() as u64);
    put(&mut core, path_count);
    put_bytes(&mut core, &path_column);
    for column in [times, whos, tids, kinds, retvals, flags, file_column] {
        put_bytes(&mut core, column);
    }
    put_bytes(&mut core, &destinations);
    put_bytes(&mut core, ids);

    let mut rest = facts(&files.list);
    put(&mut rest, u64::from(details.count));
    put_bytes(&mut rest, &details.bytes);
    put_bytes(&mut rest, detail_column);
    mount_paths(&files.list, &mut rest);

    let sections = [paths, core, rest];
    let zone = Zone {
        format: migrations::CURRENT,
        first,
        last,
        count: number(events.len()),
        sealed,
        min_time,
        max_time,
        kinds: (0..=u8::MAX).zip(kind_counts).filter(|(_, count)| *count > 0).collect(),
        outcomes,
        contexts,
        sizes: [number(sections[0].len()), number(sections[1].len()), number(sections[2].len())],
        hash: *previous,
    };
    Encoded { zone, sections }
}

/// The sorted distinct paths, front-coded (bytes shared with the one before, rest), and each file's path as steps.
fn paths(files: &[&File]) -> (Vec<u8>, Vec<u8>, u64) {
    let (mut out, mut column, mut count) = (Vec::new(), Vec::new(), 0);
    let mut last: Option<&str> = None;
    for file in files {
        let new = last != Some(&file.path);
        if new {
            let before = last.unwrap_or_default().as_bytes();
            let path = file.path.as_bytes();
            let shared = before.iter().zip(path).take_while(|(a, b)| a == b).count();
            put(&mut out, shared as u64);
            put_bytes(&mut out, &path[shared..]);
            count += 1;
        }
        put(&mut column, u64::from(new));
        last = Some(&file.path);
    }
    (out, column, count)
}

/// What else is known of each file, a column each.
fn facts(files: &[&File]) -> Vec<u8> {
    let mut columns: [Vec<u8>; 9] = Default::default();
    let [flags, known, inodes, modes, uids, gids, mtimes, ctimes, mounts] = &mut columns;
    let mut filesystems: Vec<&str> = Vec::new();
    let (mut filesystem_column, mut odd, mut odd_count) = (Vec::new(), Vec::new(), 0);
    let (mut last_inode, mut last_mtime) = (0_i64, 0_i64);
    for (place, file) in files.iter().enumerate() {
        put(flags, u64::from(file.flags));
        if file.raw.is_some() || file.error.is_some() {
            odd_count += 1;
            put(&mut odd, place as u64);
            put_bytes(&mut odd, &rmp_serde::to_vec(&(&file.raw, &file.error)).unwrap_or_default());
        }
        known.push(u8::from(file.facts.is_some()));
        let Some(facts) = &file.facts else { continue };
        put(inodes, zigzag(facts.inode.cast_signed().wrapping_sub(last_inode)));
        last_inode = facts.inode.cast_signed();
        put(modes, u64::from(facts.mode));
        put(uids, u64::from(facts.uid));
        put(gids, u64::from(facts.gid));
        put(mtimes, zigzag(facts.mtime.wrapping_sub(last_mtime)));
        last_mtime = facts.mtime;
        put(ctimes, zigzag(facts.ctime.wrapping_sub(facts.mtime)));
        put(mounts, u64::from(facts.mount_id));
        let filesystem = filesystems.iter().position(|name| *name == facts.filesystem).unwrap_or_else(|| {
            filesystems.push(&facts.filesystem);
            filesystems.len() - 1
        });
        put(&mut filesystem_column, filesystem as u64);
    }
    let mut out = Vec::new();
    for column in &columns {
        put_bytes(&mut out, column);
    }
    put_bytes(&mut out, &filesystem_column);
    put(&mut out, filesystems.len() as u64);
    for name in filesystems {
        put_bytes(&mut out, name.as_bytes());
    }
    put(&mut out, odd_count);
    put_bytes(&mut out, &odd);
    out
}

/// Where the mounts of the files with facts are mounted: the distinct paths, and each file's. This column came later and
/// is last: a block without it is one in which none is known.
fn mount_paths(files: &[&File], out: &mut Vec<u8>) {
    let mut paths: Vec<&str> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut column = Vec::new();
    for facts in files.iter().filter_map(|file| file.facts.as_ref()) {
        let place = *places.entry(&facts.mount_path).or_insert_with(|| {
            paths.push(&facts.mount_path);
            paths.len() - 1
        });
        put(&mut column, place as u64);
    }
    if paths.iter().all(|path| path.is_empty()) {
        return;
    }
    put(out, paths.len() as u64);
    for path in paths {
        put_bytes(out, path.as_bytes());
    }
    put_bytes(out, &column);
}

/// Counts within a block fit, for a batch is limited.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
