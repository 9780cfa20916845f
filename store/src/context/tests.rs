//! Contexts in, contexts out.

use std::sync::Arc;

use event::{Container, Context, Credentials, File, FileFacts, Image, ImageRef, ProcessKey, Source};
use proptest::prelude::*;

use super::{Chunk, Summary, column_bytes, column_sizes, encode};
use crate::block::Form;

const FORMAT: u32 = migrations::CURRENT;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(vec!["", "sh", "cc1", "/usr/bin/cc"]).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Mostly small and alike, sometimes anything.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..12, 1 => any::<u64>()]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0_i64..12, 1 => any::<i64>()]
}

fn key() -> impl Strategy<Value = ProcessKey> {
    let boot = prop_oneof![4 => Just(7_u128), 1 => any::<u128>()];
    let pid = prop_oneof![4 => 0_u32..4, 1 => any::<u32>()];
    (boot, number(), pid).prop_map(|(boot, start, pid)| ProcessKey { boot, start, pid })
}

fn file() -> impl Strategy<Value = File> {
    let facts = prop::option::of((number(), time()).prop_map(|(inode, mtime)| FileFacts {
        inode,
        mtime,
        ..FileFacts::default()
    }));
    let raw = prop::option::of(prop::collection::vec(any::<u8>(), 0..4));
    (word(), facts, raw).prop_map(|(path, facts, raw)| File { path, facts, raw, ..File::default() })
}

fn image() -> impl Strategy<Value = ImageRef> {
    let words = || prop::collection::vec(word(), 0..5);
    let own = (file(), prop::option::of(file()), word(), words(), words(), any::<(bool, bool)>()).prop_map(
        |(executable, interpreter, argv0, args, envs, (args_truncated, envs_truncated))| {
            let image = Image { executable, interpreter, argv0, args, args_truncated, envs, envs_truncated };
            ImageRef::Own(Arc::new(image))
        },
    );
    prop_oneof![Just(ImageRef::Unknown), own, number().prop_map(ImageRef::Shared)]
}

fn credentials() -> impl Strategy<Value = Credentials> {
    let uid = prop_oneof![4 => 0_u32..3, 1 => any::<u32>()];
    (uid, word()).prop_map(|(uid, user)| Credentials { uid, user, ..Credentials::default() })
}

fn context() -> impl Strategy<Value = Context> {
    let container = (word(), time()).prop_map(|(id, created_at)| Container { id, created_at });
    let source = prop::sample::select(vec![
        Source::Event,
        Source::Snapshot,
        Source::Fallback,
        Source::Placeholder,
        Source::Unknown,
    ]);
    let who = (number(), key(), prop::option::of(number()), prop::option::of(key()), number());
    let times = (time(), time(), time());
    let rest = (credentials(), prop::option::of(container), source, any::<u32>());
    (who, times, (word(), word(), word()), image(), rest).prop_map(|(who, times, texts, image, rest)| {
        Context {
            id: who.0,
            process: who.1,
            lineage: who.2,
            creator: who.3,
            ppid: u32::try_from(who.4 & 0xffff_ffff).unwrap(),
            since: times.0,
            fork_time: times.1,
            exec_time: times.2,
            comm: texts.0,
            tty: texts.1,
            image,
            credentials: rest.0,
            container: rest.1,
            cgroup: texts.2,
            source: rest.2,
            flags: rest.3,
        }
    })
}

/// Contexts with ids of their own; some follow from those before as forks and execs do.
fn contexts() -> impl Strategy<Value = Vec<Context>> {
    let how = prop::sample::select(vec![0_u8, 1, 2]);
    prop::collection::vec((context(), how), 0..40).prop_map(|drawn| {
        let mut out: Vec<Context> = Vec::new();
        for (mut context, how) in drawn {
            if out.iter().any(|other| other.id == context.id) {
                context.id = out.iter().map(|other| other.id % (1 << 60)).max().unwrap_or(0) + 1;
            }
            if let Some(base) = out.last().cloned() {
                let (id, since, image) = (context.id, context.since, context.image.clone());
                match how {
                    1 => {
                        context =
                            Context { id, since, image, lineage: Some(base.id), exec_time: since, ..base }
                    }
                    2 => {
                        let (process, creator) = (context.process, Some(base.process));
                        let (image, lineage) = (ImageRef::Shared(base.id), Some(base.id));
                        context = Context {
                            id,
                            since,
                            image,
                            lineage,
                            process,
                            creator,
                            ppid: base.process.pid,
                            ..base
                        };
                    }
                    _ => {}
                }
            }
            out.push(context);
        }
        out
    })
}

proptest! {
    #[test]
    fn what_reports_of_size_pack_again_is_all_that_was_packed(contexts in contexts(), closed: bool) {
        let refs: Vec<&Context> = contexts.iter().collect();
        let value = encode(&refs, if closed { Form::Closed(3) } else { Form::Open });
        let bytes = column_bytes(&value).into_iter().map(|(name, bytes)| (name, bytes.len() as u64));
        let sizes = column_sizes(&value).into_iter().map(|(name, unpacked, _)| (name, unpacked));
        let bytes: Vec<_> = bytes.collect();
        prop_assert_eq!(bytes, sizes.filter(|(_, unpacked)| *unpacked > 0).collect::<Vec<_>>());
    }

    #[test]
    fn a_chunk_comes_back_as_it_went_in_and_gives_its_summary(
        contexts in contexts(),
        closed: bool,
        first: prop::sample::Index,
    ) {
        let refs: Vec<&Context> = contexts.iter().collect();
        let form = if closed { Form::Closed(3) } else { Form::Open };
        let value = encode(&refs, form);
        // Whichever is asked for first, and so however far it is decoded at once.
        let chunk = Chunk::unpack(FORMAT, &value).unwrap();
        let first = first.index(contexts.len().max(1));
        for context in contexts[first.min(contexts.len())..].iter().chain(&contexts) {
            prop_assert_eq!(chunk.get(context.id).unwrap(), Some(context.clone()));
        }
        let mut sorted = contexts.clone();
        sorted.sort_by_key(|context| context.id);
        prop_assert_eq!(chunk.all().unwrap(), sorted);
        let summary = Summary::of(&refs);
        prop_assert_eq!(Summary::read(FORMAT, &value).unwrap(), summary);
    }

    #[test]
    fn a_changed_byte_is_noticed_or_harmless(contexts in contexts(), at: prop::sample::Index, bit in 0_u8..8) {
        let refs: Vec<&Context> = contexts.iter().collect();
        let mut value = encode(&refs, Form::Open);
        let at = at.index(value.len());
        value[at] ^= 1 << bit;
        let _ = Summary::read(FORMAT, &value);
        if let Ok(all) = Chunk::unpack(FORMAT, &value).and_then(|chunk| chunk.all()) {
            let mut sorted = contexts.clone();
            sorted.sort_by_key(|context| context.id);
            prop_assert_eq!(all, sorted);
        }
    }
}

#[test]
fn a_fork_and_an_exec_take_few_bytes() {
    let mut contexts: Vec<Context> = Vec::new();
    let image = Image {
        executable: File { path: "/usr/lib/gcc/cc1".to_owned(), ..File::default() },
        argv0: "cc1".to_owned(),
        envs: vec!["PATH".to_owned(), "HOME".to_owned()],
        ..Image::default()
    };
    for n in 0..500_u64 {
        let time = i64::try_from(1_790_000_000_000_000_000 + n * 1000).unwrap();
        let first = n < 2;
        contexts.push(Context {
            id: n + 1,
            process: ProcessKey {
                boot: 7,
                start: 1_000_000 + n / 2 * 2000,
                pid: 900 + u32::try_from(n / 2).unwrap(),
            },
            lineage: (!first).then_some(n),
            creator: (!first).then(|| contexts[usize::try_from(n / 2 * 2 - 1).unwrap()].process),
            ppid: 899,
            since: time,
            fork_time: time - i64::try_from(n % 2).unwrap() * 1000,
            exec_time: if n % 2 == 1 { time } else { 0 },
            comm: "cc1".to_owned(),
            tty: String::new(),
            image: if n % 2 == 1 {
                ImageRef::Own(Arc::new(image.clone()))
            } else {
                ImageRef::Shared(n.max(1))
            },
            credentials: Credentials::default(),
            container: None,
            cgroup: "/user.slice".to_owned(),
            source: Source::Event,
            flags: 0,
        });
    }
    let refs: Vec<&Context> = contexts.iter().collect();
    let value = encode(&refs, Form::Open);
    assert!(value.len() < 6 * contexts.len(), "{} bytes", value.len());
    let chunk = Chunk::unpack(FORMAT, &value).unwrap();
    assert_eq!(chunk.all().unwrap(), contexts);
}
