//! Real programs under strace: every call of the watched kinds that strace saw is in the store, with its pid, path and
//! result, and nothing else is.

mod call;
mod expect;
mod score;

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use crate::{
    host::{python, turn},
    recorder::{Recorder, run},
};

/// Calls that strace tells, and kinds that are compared.
const CALLS: &str = "open,openat,openat2,creat,truncate,ftruncate,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,\
    renameat2,link,linkat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,chdir,fchdir,utime,utimes,futimesat,\
    utimensat,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,splice,bind,connect,accept,accept4,\
    mmap,mprotect,pkey_mprotect,kill,tkill,tgkill,rt_sigqueueinfo,pidfd_send_signal,prctl,setrlimit,prlimit64,\
    setuid,setreuid,setresuid,setfsuid,setgid,setregid,setresgid,setfsgid,capset,\
    execve,execveat,fork,vfork,clone,clone3,exit_group";
const KINDS: [&str; 28] = [
    "open",
    "mkdir",
    "rmdir",
    "unlink",
    "rename",
    "link",
    "chmod",
    "chown",
    "chdir",
    "utimes",
    "setxattr",
    "removexattr",
    "splice",
    "bind",
    "connect",
    "accept",
    "mmap",
    "mprotect",
    "signal",
    "prctl",
    "setrlimit",
    "setuid",
    "setgid",
    "capset",
    "exec",
    "fork",
    "exit",
    "mount",
];

/// Runs a script of the shell under strace and a recorder, and compares.
fn compare(test: &str, script: &str) {
    let Some(_turn) = turn(test) else { return };
    let recorder = Recorder::start(&["--everything"]);
    let scratch = recorder.scratch();
    let logs = scratch.join("traces");
    let place = scratch.join("place");
    fs::create_dir_all(&logs).unwrap();
    fs::create_dir_all(&place).unwrap();
    let out = logs.join("t");
    let trace = format!("trace={CALLS}");
    let enter = format!("cd \"$0\" && {script}");
    let args = ["-ff", "-y", "-qq", "-ttt", "-s", "4096", "-e", "signal=none", "-e", &trace, "-o"];
    let rest = [out.to_str().unwrap(), "sh", "-ec", &enter, place.to_str().unwrap()];
    let (tracer, _) = run("strace", args.iter().copied().chain(rest));
    recorder.settle();

    let calls = call::read(&logs);
    let wanted = expect::of(&calls, &std::env::current_dir().unwrap());
    assert!(wanted.len() > 50, "strace saw {} calls only", wanted.len());
    let events = traced(&recorder, tracer);
    let score = score::compare(&wanted, &events, &BTreeSet::from(KINDS));
    println!("{test}\n{score}");
    let sum = |share: fn(&score::Kind) -> score::Share, per_mille: usize| {
        score
            .kinds
            .iter()
            .filter(|(_, kind)| !share(kind).reaches(per_mille))
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    let short =
        [sum(|kind| kind.successes, 1000), sum(|kind| kind.failures, 995), sum(|kind| kind.events, 995)];
    let missing: Vec<_> = score.missing.iter().take(25).map(|wanted| format!("{wanted:?}")).collect();
    let extra: Vec<_> = score.extra.iter().take(25).map(|event| brief(event)).collect();
    assert!(
        short.iter().all(Vec::is_empty),
        "short of successes, failures, events: {short:?}\nmissing:\n{}\nextra:\n{}\nevents of the first one's thread: {:#?}",
        missing.join("\n"),
        extra.join("\n"),
        events
            .iter()
            .filter(|event| score.missing.first().is_some_and(|first| event["process"]["tid"] == first.tid))
            .map(brief)
            .take(60)
            .collect::<Vec<_>>()
    );
}

/// Events of the traced programs: not those of the tracer, nor what its children do before they are programs of their own.
/// Of the process only what is compared.
fn traced(recorder: &Recorder, tracer: u32) -> Vec<Value> {
    let mut events = Vec::new();
    recorder.each(&format!("pid={tracer}&descendants=true"), |mut event| {
        let process = event["process"].take();
        if process["executable"]["name"] != "strace" && process["pid"] != tracer {
            event["process"] = json!({ "pid": process["pid"], "tid": process["tid"] });
            events.push(event);
        }
    });
    events
}

fn brief(event: &Value) -> String {
    let at = |pointer: &str| event.pointer(pointer).map_or_else(|| "-".to_owned(), Value::to_string);
    format!(
        "{} {} {} ret {} path {} -> {} {}",
        at("/process/pid"),
        at("/process/tid"),
        at("/evt/name"),
        at("/tacho/retval"),
        at("/file/path"),
        at("/file/destination/path"),
        at("/tacho/detail"),
    )
}

#[test]
fn git_is_recorded_as_strace_saw_it() {
    compare(
        "strace_git",
        "export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git init -q repo; cd repo; git config user.name n; \
         git config user.email e@example.org; for i in 1 2 3; do echo $i > f$i; git add f$i; git commit -q -m $i; done; \
         git mv f1 g1; git rm -q f2; git commit -q -m moved; git gc -q; git log --oneline >/dev/null; \
         git clone -q . ../other; rm -rf ../other",
    );
}

#[test]
fn tar_is_recorded_as_strace_saw_it() {
    compare(
        "strace_tar",
        "mkdir -p tree/a/b; for i in 1 2 3 4 5 6 7 8 9; do echo $i > tree/a/f$i; done; ln tree/a/f1 tree/a/b/hard; \
         ln -s f2 tree/a/soft; chmod 751 tree/a; tar czf t.tgz tree; mkdir out; tar xzpf t.tgz -C out; \
         tar xzf t.tgz -C out --overwrite; rm -r out tree",
    );
}

#[test]
fn python_is_recorded_as_strace_saw_it() {
    let program = "
import os, shutil, socket, subprocess, tempfile, threading
os.makedirs('tree/x/y')
for n in range(20):
    with open(f'tree/x/{n}', 'w') as f:
        f.write('x' * n)
        f.truncate(1)
shutil.copytree('tree', 'copy')
os.rename('copy/x/1', 'copy/x/renamed')
os.link('copy/x/2', 'copy/linked')
os.chmod('copy/linked', 0o600)
os.chown('copy/linked', 1, 1)
os.truncate('copy/linked', 0)
with tempfile.TemporaryDirectory(dir='.') as d:
    open(d + '/inside', 'w').close()
def work(n):
    os.open(f'thread-{n}', os.O_CREAT | os.O_WRONLY)
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
subprocess.run(['/bin/sh', '-c', 'cat tree/x/3 > cat-out; exit 3'])
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
c = socket.create_connection(s.getsockname())
u = socket.socket(socket.AF_UNIX); u.bind('unix-socket')
os.chdir('tree'); shutil.rmtree('../copy'); os.chdir('..'); shutil.rmtree('tree')
";
    compare("strace_python", &format!("cat > p.py <<'END'\n{program}\nEND\n{} p.py", python()));
}

#[test]
fn a_compiler_is_recorded_as_strace_saw_it() {
    compare(
        "strace_gcc",
        "printf '#include <stdio.h>\\nint main(void) { puts(\"x\"); return 0; }\\n' > m.c; \
         gcc -O1 -save-temps -c m.c -o m.o; gcc m.o -o m; ./m; ar rcs libm1.a m.o; rm m m.o",
    );
}

/// The directory a path is in, and its last component.
fn split(path: &Path) -> Option<(&Path, &std::ffi::OsStr)> {
    Some((path.parent()?, path.file_name()?))
}
