//! Contexts to columns.
//!
//! A context is told by how it differs from its *base*: the context that it came from (its lineage), if that stands
//! before it in the chunk, else the one before it. What comes from a fork or an exec has nearly everything from there.

use std::collections::HashMap;
use std::hash::Hash;

use event::{Context, Image, ImageRef, ProcessKey};

use super::place::{
    CREATOR_IS_BASE, CREATOR_OF_BASE, CREATOR_SHIFT, CREATOR_SPELLED, HAS_LINEAGE, IMAGE_OWN, IMAGE_SHARED,
    IMAGE_SHIFT, SAME_PROCESS,
};
use super::stream::encode_one;
use crate::block::{Columns, Form, Layout, Seeded};
use crate::bytes::{put, put_bytes, zigzag};

/// Things by number, each once.
pub struct Each<K> {
    places: HashMap<K, u64, Seeded>,
}

impl<K: Hash + Eq> Each<K> {
    pub fn new() -> Self {
        Self { places: HashMap::default() }
    }

    /// Place of a key; `new` is called for one that did not come up before.
    pub fn place(&mut self, key: K, new: impl FnOnce(&K)) -> u64 {
        let next = self.places.len() as u64;
        *self.places.entry(key).or_insert_with_key(|key| {
            new(key);
            next
        })
    }
}

/// What a chunk will be made of.
struct Chunk<'a> {
    ids: Vec<u64>,
    bits: Vec<u64>,
    lineages: Vec<u64>,
    processes: [Vec<u64>; 3],
    creators: [Vec<u64>; 3],
    ppids: Vec<u64>,
    since: Vec<u64>,
    forks: Vec<u64>,
    execs: Vec<u64>,
    comms: Vec<u64>,
    ttys: Vec<u64>,
    credentials: Vec<u64>,
    containers: Vec<u64>,
    cgroups: Vec<u64>,
    sources: Vec<u64>,
    flags: Vec<u64>,
    holders: Vec<u64>,
    images: [Vec<u64>; 5],
    arguments: Vec<u8>,
    environment_texts: Vec<u8>,
    environments: Each<&'a [String]>,
    environment: Option<(&'a [String], u64)>,
    texts: Each<&'a str>,
    text_bytes: Vec<u8>,
    boots: Each<u128>,
    boot_bytes: Vec<u8>,
    objects: Each<Vec<u8>>,
    object_bytes: Vec<u8>,
    before: Before,
}

/// What the next context is compared with, beside its base.
#[derive(Default)]
struct Before {
    id: u64,
    since: i64,
    start: u64,
    pid: u32,
}

/// A step, small if it is near 0 in either direction.
pub fn step(value: u64, before: u64) -> u64 {
    zigzag(value.wrapping_sub(before).cast_signed())
}

/// Likewise of times.
pub fn time_step(value: i64, before: i64) -> u64 {
    zigzag(value.wrapping_sub(before))
}

/// Makes a chunk of contexts.
pub fn encode(contexts: &[&Context], form: Form) -> Vec<u8> {
    let mut chunk = Chunk::new(contexts.len());
    let mut places: HashMap<u64, usize, Seeded> = HashMap::with_capacity_and_hasher(contexts.len(), Seeded);
    for (place, context) in contexts.iter().enumerate() {
        let from = context.lineage.and_then(|id| places.get(&id).copied());
        let base = from.or_else(|| place.checked_sub(1)).map(|place| contexts[place]);
        chunk.push(context, base);
        places.insert(context.id, place);
    }
    chunk.finish(form)
}

impl<'a> Chunk<'a> {
    fn new(rows: usize) -> Self {
        let column = || Vec::with_capacity(rows);
        Self {
            ids: column(),
            bits: column(),
            lineages: column(),
            processes: [column(), column(), column()],
            creators: [Vec::new(), Vec::new(), Vec::new()],
            ppids: column(),
            since: column(),
            forks: column(),
            execs: column(),
            comms: column(),
            ttys: column(),
            credentials: column(),
            containers: column(),
            cgroups: column(),
            sources: column(),
            flags: column(),
            holders: column(),
            images: [Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new()],
            arguments: Vec::new(),
            environment_texts: Vec::new(),
            environments: Each::new(),
            environment: None,
            texts: Each::new(),
            text_bytes: Vec::new(),
            boots: Each::new(),
            boot_bytes: Vec::new(),
            objects: Each::new(),
            object_bytes: Vec::new(),
            before: Before::default(),
        }
    }

    fn push(&mut self, context: &'a Context, base: Option<&'a Context>) {
        let same = base.is_some_and(|base| base.process == context.process);
        let creator = match (context.creator, base) {
            (None, _) => 0,
            (creator, Some(base)) if creator == base.creator => CREATOR_OF_BASE,
            (creator, Some(base)) if creator == Some(base.process) => CREATOR_IS_BASE,
            _ => CREATOR_SPELLED,
        };
        let image = match &context.image {
            ImageRef::Unknown => 0,
            ImageRef::Own(_) => IMAGE_OWN,
            ImageRef::Shared(_) => IMAGE_SHARED,
        };
        let lineage = context.lineage.map_or(0, |_| HAS_LINEAGE);
        let process = if same { SAME_PROCESS } else { 0 };
        self.bits.push(lineage | process | image << IMAGE_SHIFT | creator << CREATOR_SHIFT);
        self.ids.push(step(context.id, self.before.id.wrapping_add(1)));
        self.lineages.extend(context.lineage.map(|lineage| step(context.id, lineage)));
        self.since.push(time_step(context.since, self.before.since));
        if !same {
            self.process(context);
        }
        if let Some(key) = context.creator.filter(|_| creator == CREATOR_SPELLED) {
            let boot = self.boot(key.boot);
            self.creators[0].push(boot);
            self.creators[1].push(step(context.process.start, key.start));
            self.creators[2].push(step(u64::from(context.process.pid), u64::from(key.pid)));
        }
        self.before.id = context.id;
        self.before.since = context.since;
        let expected = expected_ppid(same, context.creator, base.map(|base| base.ppid));
        self.ppids.push(step(u64::from(context.ppid), u64::from(expected)));
        let forked = base.filter(|_| same).map_or(context.since, |base| base.fork_time);
        self.forks.push(time_step(context.fork_time, forked));
        let began = if image == IMAGE_OWN { context.since } else { base.map_or(0, |base| base.exec_time) };
        self.execs.push(time_step(context.exec_time, began));
        self.sources.push(context.source as u64);
        self.flags.push(u64::from(context.flags));
        let mut text = |text: &'a str, before: Option<&str>| self.texts_place(text, before);
        let comm = text(&context.comm, base.map(|base| base.comm.as_str()));
        let tty = text(&context.tty, base.map(|base| base.tty.as_str()));
        let cgroup = text(&context.cgroup, base.map(|base| base.cgroup.as_str()));
        self.comms.push(comm);
        self.ttys.push(tty);
        self.cgroups.push(cgroup);
        let credentials = match base {
            Some(base) if base.credentials == context.credentials => 0,
            _ => self.object(encode_one(&context.credentials)) + 1,
        };
        self.credentials.push(credentials);
        let container = match (base, &context.container) {
            (Some(base), container) if base.container == *container => 0,
            (_, None) => 1,
            (_, Some(container)) => self.object(encode_one(container)) + 2,
        };
        self.containers.push(container);
        match &context.image {
            ImageRef::Unknown => {}
            ImageRef::Own(image) => self.image(image),
            ImageRef::Shared(holder) => {
                let expected = base.map_or(0, |base| match base.image {
                    ImageRef::Shared(holder) => holder,
                    ImageRef::Own(_) | ImageRef::Unknown => base.id,
                });
                self.holders.push(step(expected, *holder));
            }
        }
    }

    /// The boot, and what comes before a process's start on its own: the time between boot and that clock's zero.
    fn process(&mut self, context: &Context) {
        let key: &ProcessKey = &context.process;
        let boot = self.boot(key.boot);
        let start = key.start.wrapping_sub(context.since.cast_unsigned());
        self.processes[0].push(boot);
        self.processes[1].push(step(start, self.before.start));
        self.processes[2].push(step(u64::from(key.pid), u64::from(self.before.pid)));
        self.before.start = start;
        self.before.pid = key.pid;
    }

    fn boot(&mut self, boot: u128) -> u64 {
        let bytes = &mut self.boot_bytes;
        self.boots.place(boot, |boot| bytes.extend_from_slice(&boot.to_be_bytes()))
    }

    /// 0 if it is as before, else one more than its place.
    fn texts_place(&mut self, text: &'a str, before: Option<&str>) -> u64 {
        if before == Some(text) {
            return 0;
        }
        let bytes = &mut self.text_bytes;
        self.texts.place(text, |text| put_bytes(bytes, text.as_bytes())) + 1
    }

    fn object(&mut self, object: Vec<u8>) -> u64 {
        let bytes = &mut self.object_bytes;
        self.objects.place(object, |object| put_bytes(bytes, object))
    }

    fn image(&mut self, image: &'a Image) {
        let executable = self.object(encode_one(&image.executable));
        let interpreter = image.interpreter.as_ref().map_or(0, |file| self.object(encode_one(file)) + 1);
        let environment = match self.environment {
            Some((last, place)) if *last == *image.envs => place,
            _ => {
                let bytes = &mut self.environment_texts;
                self.environments.place(&image.envs, |envs| {
                    put(bytes, envs.len() as u64);
                    envs.iter().for_each(|env| put_bytes(bytes, env.as_bytes()));
                })
            }
        };
        self.environment = Some((&image.envs, environment));
        let cut = u64::from(image.args_truncated) | u64::from(image.envs_truncated) << 1;
        let numbers = [executable, interpreter, cut, image.args.len() as u64, environment];
        for (column, number) in self.images.iter_mut().zip(numbers) {
            column.push(number);
        }
        for argument in std::iter::once(&image.argv0).chain(&image.args) {
            put_bytes(&mut self.arguments, argument.as_bytes());
        }
    }

    /// In the order of their places.
    fn finish(self, form: Form) -> Vec<u8> {
        let mut columns = Columns::new(form);
        columns.count(self.ids.len());
        columns.count(self.images[0].len());
        columns.numbers(&self.ids, Layout::Varint);
        columns.numbers(&self.bits, Layout::Fixed);
        columns.numbers(&self.lineages, Layout::Varint);
        for column in self.processes.iter().chain(&self.creators) {
            columns.numbers(column, Layout::Varint);
        }
        columns.numbers(&self.ppids, Layout::Varint);
        columns.numbers(&self.since, Layout::Planes);
        for column in [&self.forks, &self.execs, &self.comms, &self.ttys, &self.credentials] {
            columns.numbers(column, Layout::Varint);
        }
        for column in [&self.containers, &self.cgroups, &self.sources, &self.flags, &self.holders] {
            columns.numbers(column, Layout::Varint);
        }
        for column in &self.images {
            columns.numbers(column, Layout::Varint);
        }
        for bytes in [&self.arguments, &self.environment_texts, &self.text_bytes, &self.boot_bytes] {
            columns.bytes(bytes);
        }
        columns.bytes(&self.object_bytes);
        columns.finish()
    }
}

/// The parent's pid as far as the base and the creator tell.
pub fn expected_ppid(same: bool, creator: Option<ProcessKey>, base: Option<u32>) -> u32 {
    let known = if same { None } else { creator.map(|creator| creator.pid) };
    known.or(base).unwrap_or(0)
}
