//! rpm's database, in the form of `rpmdb.sqlite` (rpm 4.16 and later; the table `Packages` has a header a row). The forms
//! of before, Berkeley DB and ndb, are not read, which is counted.

use std::fs::File;

use super::{
    header::Header,
    index::PathIndex,
    root::Root,
    sqlite::{Database, SqliteError},
};

/// Where distributions keep it.
pub const DATABASES: [&[u8]; 3] =
    [b"/var/lib/rpm/rpmdb.sqlite", b"/usr/lib/sysimage/rpm/rpmdb.sqlite", b"/usr/share/rpm/rpmdb.sqlite"];

/// Databases that cannot be read.
pub const UNSUPPORTED: [&[u8]; 4] = [
    b"/var/lib/rpm/Packages",
    b"/var/lib/rpm/Packages.db",
    b"/usr/lib/sysimage/rpm/Packages",
    b"/usr/lib/sysimage/rpm/Packages.db",
];

/// Reads the database; as far as it can be read, if it is damaged.
pub fn load(root: &Root, path: &[u8]) -> PathIndex {
    let mut index = PathIndex::default();
    if let Some(file) = root.open(path)
        && let Err(error) = read(file, &mut index)
    {
        tracing::warn!(file = %String::from_utf8_lossy(path), %error, "not all packages are known");
    }
    index.finish()
}

/// Adds what a database has, up to the first thing that is damaged.
pub fn read(database: File, index: &mut PathIndex) -> Result<(), SqliteError> {
    Database::open(database)?.rows("Packages", &mut |blob| add(blob, index))
}

/// Adds a package by its header.
pub fn add(blob: &[u8], index: &mut PathIndex) {
    let Some(header) = Header::parse(blob) else { return };
    let Some(number) = header.package().and_then(|package| index.package(package)) else { return };
    header.paths(|path| index.path(number, path));
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use super::*;

    #[test]
    fn what_the_fuzzer_begins_with_is_read() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
        let mut index = PathIndex::default();
        read(File::open(corpus.join("sqlite/small")).unwrap(), &mut index).unwrap();
        let index = index.finish();
        assert_eq!(index.get(b"/usr/bin/tool").unwrap().version, "4:1.2-3");
        assert_eq!(index.get(b"/usr/lib/file-59").unwrap().name, "large");
        let mut index = PathIndex::default();
        add(&fs::read(corpus.join("package/rpm")).unwrap()[1..], &mut index);
        assert!(index.finish().get(b"/opt/other").is_some());
    }

    /// Makes the files of a package.
    const FILES: &str = "for d in 0 1; do mkdir -p %{buildroot}/opt/PACKAGE/$d; \
        touch $(seq -f %{buildroot}/opt/PACKAGE/$d/a-rather-long-name-of-a-file-%%g COUNT); done\n";
    /// Says what the package is.
    const LISTS: &str =
        "%package pPACKAGE\nSummary: x\n%description pPACKAGE\nx\n%files pPACKAGE\n/opt/PACKAGE\n";

    /// Builds many packages with rpmbuild and installs them into a root of their own.
    fn installed(root: &Path, packages: usize, files: usize) {
        let top = root.join("build");
        fs::create_dir_all(&top).unwrap();
        let mut spec = "Name: tiny\nVersion: 1.2\nRelease: 3\nEpoch: 4\nSummary: x\nLicense: MIT\n\
            BuildArch: noarch\n%description\nx\n%install\nmkdir -p %{buildroot}/usr/bin %{buildroot}/opt\n\
            touch %{buildroot}/usr/bin/tiny-tool\n"
            .to_owned();
        let mut lists = "%files\n/usr/bin/tiny-tool\n".to_owned();
        for package in 0..packages {
            spec.push_str(
                &FILES.replace("PACKAGE", &package.to_string()).replace("COUNT", &files.to_string()),
            );
            lists.push_str(&LISTS.replace("PACKAGE", &package.to_string()));
        }
        fs::write(top.join("tiny.spec"), spec + &lists).unwrap();
        let run = |command: &mut Command| {
            let output = command.env("HOME", &top).output().unwrap();
            assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let define = format!("_topdir {}", top.display());
        run(Command::new("rpmbuild").args(["--define", &define, "-bb"]).arg(top.join("tiny.spec")));
        let built: Vec<_> =
            fs::read_dir(top.join("RPMS/noarch")).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(built.len(), packages + 1);
        let into = root.join("root");
        fs::create_dir_all(&into).unwrap();
        run(Command::new("rpm")
            .arg("--root")
            .arg(&into)
            .args(["--dbpath", "/var/lib/rpm", "-i", "--nodeps", "--justdb"])
            .args(built));
    }

    #[test]
    fn a_database_that_rpm_made_is_read_overflow_pages_and_inner_nodes_too() {
        let dir = tempfile::tempdir().unwrap();
        // The packages have headers of many pages, and their tree has inner nodes.
        installed(dir.path(), 12, 60);
        let root = Root::at(&dir.path().join("root"));
        let index = load(&root, DATABASES[0]);
        let version = |path: &str| index.get(path.as_bytes()).map(|p| (p.name.as_str(), p.version.as_str()));
        assert_eq!(version("/usr/bin/tiny-tool"), Some(("tiny", "4:1.2-3")));
        for package in 0..12 {
            let name = format!("tiny-p{package}");
            for file in [1, 33, 60] {
                let path = format!("/opt/{package}/{}/a-rather-long-name-of-a-file-{file}", file % 2);
                assert_eq!(version(&path), Some((name.as_str(), "4:1.2-3")), "{path}");
            }
        }
        assert_eq!(version("/opt/1/1/a-rather-long-name-of-a-file-61"), None);
        damaged(&dir.path().join("root"));
    }

    /// Whatever is wrong with it, reading ends and does not panic.
    fn damaged(root: &Path) {
        let file = root.join("var/lib/rpm/rpmdb.sqlite");
        let whole = fs::read(&file).unwrap();
        let mut random = 1_u64;
        let mut below = |limit: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap() % limit
        };
        for _ in 0..60 {
            let mut bytes = whole.clone();
            match below(3) {
                0 => bytes.truncate(below(whole.len())),
                1 => (0..200).for_each(|_| bytes[below(whole.len())] = 0xff),
                // The heads of pages, where the tree is.
                _ => (0..20).for_each(|_| {
                    let at = below(whole.len() / 4096) * 4096 + below(16);
                    bytes[at] = u8::try_from(below(256)).unwrap();
                }),
            }
            fs::write(&file, &bytes).unwrap();
            let _ = load(&Root::at(root), DATABASES[0]);
        }
    }
}
