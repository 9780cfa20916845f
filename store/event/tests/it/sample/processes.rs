//! Processes: their lives, their credentials, and what one does to itself or another.

use event::{Credentials, Detail, ImageRef, Kind, Source, UNSET, context_flags};
use std::sync::Arc;

use super::{Case, alice, case, file, image, service};

pub(super) fn cases() -> Vec<Case> {
    let mut root = alice();
    (root.uid, root.user, root.euid, root.euser) = (0, "root".to_owned(), 0, "root".to_owned());
    let mut lesser = alice();
    lesser.cap_permitted = 0;
    let mut forked = case("fork", Kind::Fork, Detail::None);
    forked.context.flags = context_flags::FORKED;
    forked.context.image = ImageRef::Shared(4);
    forked.image.clone_from(&forked.ancestors[0].1);
    let mut script = case("exec_script", Kind::Exec, Detail::Exec { path: "./script.py".to_owned() });
    let mut with_interpreter = image("/home/alice/script.py", &["a"]).as_ref().clone();
    with_interpreter.interpreter = Some(file("/usr/bin/python3", 1001));
    with_interpreter.args_truncated = true;
    let with_interpreter = Arc::new(with_interpreter);
    script.context.image = ImageRef::Own(with_interpreter.clone());
    script.image = Some(with_interpreter);
    let mut lost = case("exit_unknown", Kind::Exit, Detail::Exit { status: 9 | 0x80 });
    (lost.image, lost.context.image) = (None, ImageRef::Unknown);
    lost.ancestors.clear();
    lost.truncated = true;
    lost.context.flags = context_flags::LINEAGE_UNKNOWN;
    lost.context.creator = None;
    lost.context.source = Source::Placeholder;
    let mut cases = vec![
        forked,
        case("exec", Kind::Exec, Detail::Exec { path: "python3".to_owned() }),
        script,
        case("exit", Kind::Exit, Detail::Exit { status: 3 << 8 }),
        lost,
        case("setuid", Kind::Setuid, Detail::Credentials(Box::new(root.clone()))),
        case("setgid", Kind::Setgid, Detail::Credentials(Box::new(root))),
        case("capset", Kind::Capset, Detail::Credentials(Box::new(lesser))).returning(-1),
    ];
    cases.extend(between_processes());
    cases.extend(on_itself());
    cases
}

/// Signals and tracing.
fn between_processes() -> Vec<Case> {
    let signal = |signal, pid| Detail::Signal { signal, pid, target: None };
    let ptrace = |request, address| Detail::Ptrace { request, address, pid: 80, tracee: None };
    vec![
        case("signal", Kind::Signal, signal(9, 80)).about(service()),
        case("signal_refused", Kind::Signal, signal(15, 80)).about(service()).returning(-1),
        case("signal_group", Kind::Signal, signal(0, -50)).returning(-3),
        case("signal_real_time", Kind::Signal, signal(35, 80)).about(service()),
        case("ptrace", Kind::Ptrace, ptrace(16, 0)).about(service()),
        case("ptrace_refused", Kind::Ptrace, ptrace(0x4206, 0xdead_beef)).returning(-1),
        case("ptrace_unknown_request", Kind::Ptrace, ptrace(77, 0)).about(service()).returning(-5),
    ]
}

fn on_itself() -> Vec<Case> {
    let limit =
        |resource, current, maximum, pid| Detail::Setrlimit { resource, current, maximum, pid, target: None };
    let prctl = |option, text: &str| Detail::Prctl { option, args: [0x7ffe, 0, 1, 0], text: text.to_owned() };
    vec![
        case("setrlimit", Kind::Setrlimit, limit(4, 0, u64::MAX, 70)),
        case("setrlimit_of_another", Kind::Setrlimit, limit(7, 1024, 4096, 80))
            .about(service())
            .returning(-1),
        case("setrlimit_unknown", Kind::Setrlimit, limit(99, 1, 1, 70)).returning(-22),
        case("prctl", Kind::Prctl, prctl(15, "worker")),
        case("prctl_unknown", Kind::Prctl, prctl(48, "")).returning(-22),
        case("syscalls", Kind::Syscalls, Detail::Syscalls { numbers: vec![0, 59, 257, 436, 9999] }),
        // Nobody logged in.
        case("setuid_of_service", Kind::Setuid, Detail::Credentials(Box::default()))
            .by(|context| context.credentials = Credentials { uid: 33, session: UNSET, ..alice() }),
    ]
}
