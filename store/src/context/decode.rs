//! Columns to contexts. Ids and what many contexts refer to are unpacked at once; rows up to the one that is asked for, since
//! each is told by others before it; texts of images, and contexts themselves, when they are asked for.

use std::sync::Arc;

use event::{BootId, Container, Context, ContextId, Credentials, File, ImageRef, ProcessKey, Source};

use super::column::Columns;
use super::encode::expected_ppid;
use super::images::Images;
use super::latest::Places;
use super::objects::{Objects, Sort, Sorts};
use super::place::{
    BOOT_IDS, BOOTS, CGROUPS, COLUMNS, COMMS, CONTAINERS, COUNTS, CREATOR_BOOTS, CREATOR_IS_BASE,
    CREATOR_OF_BASE, CREATOR_PIDS, CREATOR_SHIFT, CREATOR_SPELLED, CREATOR_STARTS, CREDENTIALS, EXEC_TIMES,
    FLAGS, FORK_TIMES, HAS_LINEAGE, HOLDERS, IDS, IMAGE_COUNT, IMAGE_OWN, IMAGE_SHARED, IMAGE_SHIFT,
    LINEAGES, OBJECTS, PIDS, PPIDS, ROW_COUNT, SAME_PROCESS, SINCE, SOURCES, STARTS, TEXTS, TTYS,
};
use crate::block::{Forward, Stored};
use crate::bytes::{Damaged, Input, unzigzag};
use crate::limits::MAX_CHUNK_CONTEXTS;

/// Rows are decoded up to a multiple of this: what is asked for next is mostly near.
const STEP: usize = if cfg!(test) { 4 } else { 128 };
/// A number that nothing is behind.
pub const RANGE: Damaged = Damaged("a context's number is out of range");

/// A context, its texts and objects by number.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub id: ContextId,
    pub lineage: Option<ContextId>,
    pub process: (u32, u64, u32),
    /// Boot, start, pid.
    pub creator: Option<(u32, u64, u32)>,
    pub ppid: u32,
    pub since: i64,
    pub fork_time: i64,
    exec_time: i64,
    pub comm: u32,
    tty: u32,
    pub credentials: u32,
    /// 0 if none, else one more than the place.
    pub container: u32,
    cgroup: u32,
    source: Source,
    flags: u32,
    pub image: Held,
}

/// The image of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Unknown,
    /// Here, by number.
    Own(u32),
    /// By another context.
    Shared(ContextId),
}

/// A chunk of contexts.
#[derive(Debug)]
pub struct Table {
    stored: Stored,
    /// Of each context, in the order of the chunk.
    ids: Vec<ContextId>,
    /// Places in order of id, unless that is the order of the chunk.
    order: Option<Vec<u32>>,
    rows: Forward<Row>,
    pub boots: Vec<BootId>,
    pub texts: Vec<String>,
    objects: Objects,
    images: Images,
    size: usize,
}

/// A text, checked.
pub fn text(bytes: &[u8]) -> Result<&str, Damaged> {
    std::str::from_utf8(bytes).map_err(|_| Damaged("a text is not UTF-8"))
}

/// A column of boots.
pub fn boots(stored: &Stored, column: usize) -> Result<Vec<BootId>, Damaged> {
    let bytes = stored.bytes(column)?;
    Ok(bytes.as_chunks::<16>().0.iter().map(|boot| BootId::from_be_bytes(*boot)).collect())
}

const fn source(number: u64) -> Result<Source, Damaged> {
    Ok(match number {
        0 => Source::Event,
        1 => Source::Snapshot,
        2 => Source::Fallback,
        3 => Source::Placeholder,
        4 => Source::Unknown,
        _ => return Err(RANGE),
    })
}

/// Ids of a chunk, in its order.
fn ids(stored: &Stored, count: usize) -> Result<Vec<ContextId>, Damaged> {
    let mut id = 0_u64;
    let ids = stored.numbers(IDS, count)?.into_iter().map(|step| {
        id = id.wrapping_add(1).wrapping_add_signed(unzigzag(step));
        id
    });
    Ok(ids.collect())
}

impl Table {
    /// From a stored value.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        let stored = Stored::open(Arc::new(value.to_vec()), COUNTS, |_| Ok(COLUMNS))?;
        let (rows, images) = (stored.count(ROW_COUNT), stored.count(IMAGE_COUNT));
        if rows > MAX_CHUNK_CONTEXTS || images > rows {
            return Err(Damaged("a chunk has too many contexts"));
        }
        let boots = boots(&stored, BOOT_IDS)?;
        let bytes = stored.bytes(TEXTS)?;
        let (mut input, mut texts) = (Input(&bytes), Vec::new());
        while !input.0.is_empty() {
            texts.push(text(input.bytes()?)?.to_owned());
        }
        let size = value.len() + bytes.len() + 24 * texts.len() + rows * (size_of::<Row>() + 8);
        let bytes = stored.bytes(OBJECTS)?;
        let mut sorts = Sorts::new(&bytes)?;
        let images = Images::read(&stored, images, &mut sorts)?;
        // 0 is that of the base; a container can also be none.
        for (column, sort, first) in [(CREDENTIALS, Sort::Credentials, 1), (CONTAINERS, Sort::Container, 2)] {
            for place in stored.small(column, rows, u64::from(u32::MAX))? {
                if let Some(place) = place.checked_sub(first) {
                    sorts.is(place, sort)?;
                }
            }
        }
        let objects = Objects::decode(&sorts)?;
        let size = size + bytes.len() + objects.size() + images.size(&stored);
        let ids = ids(&stored, rows)?;
        let order = (!ids.is_sorted_by(|id, next| id < next)).then(|| {
            let mut order: Vec<u32> = (0..).take(rows).collect();
            order.sort_by_key(|place| ids[*place as usize]);
            order
        });
        Ok(Self { stored, ids, order, rows: Forward::new(), boots, texts, objects, images, size })
    }

    /// All rows, in the order of the chunk.
    pub fn rows(&self) -> Result<&[Row], Damaged> {
        self.rows.all(|| self.first_rows(self.ids.len()))
    }

    fn row(&self, place: usize) -> Result<Row, Damaged> {
        let last = (place + 1).next_multiple_of(STEP) - 1;
        self.rows.get((place, last, self.ids.len()), |count| self.first_rows(count))
    }

    /// Rows of the first contexts.
    fn first_rows(&self, count: usize) -> Result<Vec<Row>, Damaged> {
        let mut columns = Columns::read(&self.stored, self.ids.len(), count)?;
        let mut places = Places::new(&self.ids, self.order.is_none());
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        let (mut since, mut start, mut pid) = (0_i64, 0_u64, 0_u32);
        let mut images = 0..u32::try_from(self.images.len()).unwrap_or(u32::MAX);
        for (place, id) in self.ids.iter().copied().take(count).enumerate() {
            let bits = columns.bits[place];
            let lineage = match bits & HAS_LINEAGE {
                0 => None,
                _ => Some(id.wrapping_sub(columns.of(LINEAGES).signed()?.cast_unsigned())),
            };
            let from = lineage.and_then(|id| places.find(id));
            let base = from.or_else(|| place.checked_sub(1)).map(|place| rows[place]);
            let same = bits & SAME_PROCESS != 0;
            since = since.wrapping_add(columns.of(SINCE).signed()?);
            let process = match base.filter(|_| same) {
                Some(base) => base.process,
                None if same => return Err(RANGE),
                None => {
                    start = columns.of(STARTS).near(start)?;
                    pid = columns.of(PIDS).near_small(pid)?;
                    let boot = columns.of(BOOTS).small()?;
                    (self.boot(boot)?, start.wrapping_add(since.cast_unsigned()), pid)
                }
            };
            let creator = match (bits >> CREATOR_SHIFT & 3, base) {
                (0, _) => None,
                (CREATOR_OF_BASE, Some(base)) => base.creator,
                (CREATOR_IS_BASE, Some(base)) => Some(base.process),
                (CREATOR_SPELLED, _) => {
                    let boot = columns.of(CREATOR_BOOTS).small()?;
                    let start = process.1.wrapping_sub(columns.of(CREATOR_STARTS).signed()?.cast_unsigned());
                    let pid = i64::from(process.2).checked_sub(columns.of(CREATOR_PIDS).signed()?);
                    let pid = pid.and_then(|pid| u32::try_from(pid).ok()).ok_or(RANGE)?;
                    Some((self.boot(boot)?, start, pid))
                }
                _ => return Err(RANGE),
            };
            let key = creator.map(|(_, start, pid)| ProcessKey { boot: 0, start, pid });
            let expected = expected_ppid(same, key, base.map(|base| base.ppid));
            let ppid = columns.of(PPIDS).near_small(expected)?;
            let forked = base.filter(|_| same).map_or(since, |base| base.fork_time);
            let own = bits >> IMAGE_SHIFT & 3 == IMAGE_OWN;
            let began = if own { since } else { base.map_or(0, |base| base.exec_time) };
            let texts = self.texts.len();
            let mut text = |column: usize, base: Option<u32>| columns.of(column).or_base(base, texts);
            let comm = text(COMMS, base.map(|base| base.comm))?;
            let tty = text(TTYS, base.map(|base| base.tty))?;
            let cgroup = text(CGROUPS, base.map(|base| base.cgroup))?;
            let objects = self.objects.len();
            let credentials = columns.of(CREDENTIALS).or_base(base.map(|base| base.credentials), objects)?;
            let container = match (columns.of(CONTAINERS).small()?, base) {
                (0, Some(base)) => base.container,
                (0, None) => return Err(RANGE),
                (container, _) => container - 1,
            };
            let image = match bits >> IMAGE_SHIFT & 3 {
                0 => Held::Unknown,
                IMAGE_OWN => Held::Own(images.next().ok_or(RANGE)?),
                IMAGE_SHARED => {
                    let expected = base.map_or(0, |base| match base.image {
                        Held::Shared(holder) => holder,
                        Held::Own(_) | Held::Unknown => base.id,
                    });
                    let step = columns.of(HOLDERS).signed()?;
                    Held::Shared(expected.wrapping_sub(step.cast_unsigned()))
                }
                _ => return Err(RANGE),
            };
            rows.push(Row {
                id,
                lineage,
                process,
                creator,
                ppid,
                since,
                fork_time: forked.wrapping_add(columns.of(FORK_TIMES).signed()?),
                exec_time: began.wrapping_add(columns.of(EXEC_TIMES).signed()?),
                comm,
                tty,
                credentials,
                container,
                cgroup,
                source: source(columns.of(SOURCES).next()?)?,
                flags: columns.of(FLAGS).small()?,
                image,
            });
            places.advance();
        }
        Ok(rows)
    }

    fn boot(&self, place: u32) -> Result<u32, Damaged> {
        if (place as usize) < self.boots.len() { Ok(place) } else { Err(RANGE) }
    }

    /// Place of a context.
    pub fn place(&self, id: ContextId) -> Option<usize> {
        let Some(order) = &self.order else { return self.ids.binary_search(&id).ok() };
        let at = order.binary_search_by_key(&id, |place| self.ids[*place as usize]).ok()?;
        order.get(at).map(|place| *place as usize)
    }

    /// All contexts, in order of id.
    pub fn all(&self) -> Result<Vec<Context>, Damaged> {
        self.rows()?;
        let place = |at: usize| self.order.as_ref().map_or(at, |order| order[at] as usize);
        (0..self.ids.len()).map(|at| self.context(place(at))).collect()
    }

    fn key(&self, (boot, start, pid): (u32, u64, u32)) -> ProcessKey {
        ProcessKey { boot: self.boots[boot as usize], start, pid }
    }

    /// The credentials of a row.
    pub fn credentials(&self, row: &Row) -> Option<&Credentials> {
        self.objects.credentials(row.credentials)
    }

    /// The container of a row.
    pub fn container(&self, row: &Row) -> Option<&Container> {
        self.objects.container(row.container.checked_sub(1)?)
    }

    /// The executable of an image: number of the object.
    pub fn executable(&self, image: u32) -> Option<u32> {
        self.images.executable(image)
    }

    /// A file by its number.
    pub fn file(&self, number: u32) -> Option<&File> {
        self.objects.file(number)
    }

    /// A context by its place.
    pub fn context(&self, place: usize) -> Result<Context, Damaged> {
        let row = &self.row(place)?;
        let text = |place: u32| self.texts.get(place as usize).cloned().ok_or(RANGE);
        Ok(Context {
            id: row.id,
            process: self.key(row.process),
            lineage: row.lineage,
            creator: row.creator.map(|creator| self.key(creator)),
            ppid: row.ppid,
            since: row.since,
            fork_time: row.fork_time,
            exec_time: row.exec_time,
            comm: text(row.comm)?,
            tty: text(row.tty)?,
            image: match row.image {
                Held::Unknown => ImageRef::Unknown,
                Held::Own(image) => {
                    ImageRef::Own(Arc::new(self.images.get(image, &self.stored, &self.objects)?))
                }
                Held::Shared(holder) => ImageRef::Shared(holder),
            },
            credentials: self.credentials(row).cloned().ok_or(RANGE)?,
            container: self.container(row).cloned(),
            cgroup: text(row.cgroup)?,
            source: row.source,
            flags: row.flags,
        })
    }

    /// Bytes in memory, about.
    pub const fn size(&self) -> usize {
        self.size
    }
}
