//! Files.

use event::{Container, Detail, Kind, event_flags};

use super::{Case, NOW, SECOND, case, facts, file, unknown};

pub(super) fn cases() -> Vec<Case> {
    let mut bytes = file("/tmp/caf\\xe9", 12);
    bytes.raw = Some(b"/tmp/caf\xe9".to_vec());
    let mut missing = unknown("/etc/none");
    missing.error = Some("no such file".to_owned());
    let directory = |path: &str| {
        let mut directory = file(path, 7);
        directory.facts = Some(facts(7, 0o040_755));
        directory
    };
    let mut open = case("open_create", Kind::Open, Detail::Open { flags: 0o101 | 0o2_000_000, mode: 0o600 });
    open.event.retval = 3;
    open.event.flags = event_flags::ASYNC;
    let container = Container { id: "c".repeat(64), created_at: NOW - 3600 * SECOND };
    let chmod = |path: &str| Detail::Chmod { mode: 0o755, path: path.to_owned() };
    let mut cases = vec![
        case("open", Kind::Open, Detail::Open { flags: 0, mode: 0 }).on(bytes).returning(3),
        open.on(file("/tmp/new", 11)),
        case("open_missing", Kind::Open, Detail::Open { flags: 0, mode: 0 }).on(missing).returning(-2),
        case("open_refused", Kind::Open, Detail::Open { flags: 0x42, mode: 0o644 })
            .on(unknown("/etc/shadow"))
            .returning(-13)
            .by(|context| context.container = Some(container)),
        case("open_lost", Kind::Open, Detail::Open { flags: 0, mode: 0 }).returning(3),
        case("mkdir", Kind::Mkdir, Detail::Mkdir { mode: 0o777 }).on(directory("/tmp/dir")),
        case("rmdir", Kind::Rmdir, Detail::Unlink { flags: 0x200 }).on(directory("/tmp/dir")),
        case("unlink", Kind::Unlink, Detail::Unlink { flags: 0 }).on(unknown("/tmp/gone")),
        case("rename", Kind::Rename, Detail::Rename { flags: 1 })
            .on(unknown("/tmp/a"))
            .to(file("/tmp/b", 21)),
        case("rename_failed", Kind::Rename, Detail::Rename { flags: 0 })
            .on(file("/tmp/a", 20))
            .to(unknown("/proc/b"))
            .returning(-18),
        case("link", Kind::Link, Detail::None).on(file("/tmp/a", 22)).to(unknown("/tmp/c")),
        case("chmod", Kind::Chmod, chmod("../a")).on(file("/tmp/a", 22)),
        case("chmod_unknown", Kind::Chmod, chmod("")).on(unknown("/tmp/a")),
        case("chown", Kind::Chown, Detail::Chown { uid: 0, gid: -1 }).on(file("/tmp/a", 22)),
        case("chdir", Kind::Chdir, Detail::Chdir { path: "..".to_owned() }).on(directory("/home/alice")),
    ];
    cases.extend(attributes());
    cases
}

/// Times, extended attributes, splices.
fn attributes() -> Vec<Case> {
    let utimes = |access, modification| Detail::Utimes { access, modification };
    let xattr = |name: &str, size, flags| Detail::Xattr { name: name.to_owned(), size, flags };
    let splice = |entry, exit| Detail::Splice { entry, exit, length: 65_536, flags: 1 };
    vec![
        case("utimes", Kind::Utimes, utimes(Some(NOW - SECOND), Some(NOW - 2 * SECOND)))
            .on(file("/tmp/a", 22)),
        case("utimes_omit", Kind::Utimes, utimes(None, Some(NOW))).on(unknown("/tmp/a")).returning(-13),
        case("setxattr", Kind::Setxattr, xattr("user.mime", 10, 1)).on(file("/tmp/a", 22)),
        case("setxattr_refused", Kind::Setxattr, xattr("security.capability", 20, 0))
            .on(unknown("/bin/ping"))
            .returning(-1),
        case("setxattr_odd", Kind::Setxattr, xattr("nodot", 0, 0)).on(file("/tmp/a", 22)).returning(-95),
        case("removexattr", Kind::Removexattr, xattr("trusted.overlay.opaque", 0, 0)).on(file("/tmp/d", 23)),
        case("splice", Kind::Splice, splice(Some(0), Some(0x10))).on(file("/tmp/a", 22)).returning(65_536),
        case("splice_pipes", Kind::Splice, splice(Some(0x52), None)).returning(-32),
    ]
}
