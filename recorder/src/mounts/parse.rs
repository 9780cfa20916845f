//! Lines of mountinfo, `proc_pid_mountinfo(5)`.

use std::sync::Arc;

use crate::process::display;

/// One mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountInfo {
    /// Its id, one of a kind on the host while it is there.
    pub id: u32,
    /// The mount that it is in.
    pub parent: u32,
    /// Device of its file system, in the kernel's form (12 bits major, 20 bits minor).
    pub device: u32,
    /// Its root within the file system.
    pub root: String,
    /// Where it is mounted.
    pub path: Arc<str>,
    /// File system type.
    pub fs_type: Arc<str>,
    /// What was mounted, in the file system's own words.
    pub source: String,
    /// Peer group, 0 if it has none.
    pub group: u32,
    /// First known from a mount event.
    pub from_event: bool,
}

/// Reads a table, in its order. Lines that are none are left out.
pub fn parse(text: &[u8]) -> impl Iterator<Item = MountInfo> {
    text.split(|byte| *byte == b'\n').filter_map(line)
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn line(line: &[u8]) -> Option<MountInfo> {
    let mut fields = line.split(|byte| *byte == b' ');
    let mut number = || text(fields.next()?)?.parse().ok();
    let (id, parent) = (number()?, number()?);
    let (major, minor) = text(fields.next()?)?.split_once(':')?;
    let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    let (root, path) = (unescape(fields.next()?), unescape(fields.next()?));
    fields.next()?;
    let mut group = 0;
    for field in fields.by_ref().take_while(|field| *field != b"-") {
        if let Some(number) = text(field).and_then(|field| field.strip_prefix("shared:")) {
            group = number.parse().unwrap_or(0);
        }
    }
    Some(MountInfo {
        id,
        parent,
        device: major << 20 | minor & 0xf_ffff,
        root,
        path: path.into(),
        fs_type: unescape(fields.next()?).into(),
        source: unescape(fields.next().unwrap_or_default()),
        group,
        from_event: false,
    })
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Blanks, line breaks, tabs, backslashes and number signs are written as `\NNN`, octal.
fn unescape(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let octal = (*byte == b'\\').then(|| text(after.get(..3)?)).flatten();
        match octal.and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(escaped) => {
                plain.push(escaped);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(*byte);
                rest = after;
            }
        }
    }
    display(&plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_tells_ids_device_root_place_and_group() {
        let text =
            b"36 35 98:1 /a\\040b /mnt/c\\134d rw,noatime shared:7 master:1 - ext3 /dev/root rw\njunk\n";
        let mounts: Vec<_> = parse(text).collect();
        let wanted = MountInfo {
            id: 36,
            parent: 35,
            device: 98 << 20 | 1,
            root: "/a b".to_owned(),
            path: "/mnt/c\\d".into(),
            fs_type: "ext3".into(),
            source: "/dev/root".to_owned(),
            group: 7,
            from_event: false,
        };
        assert_eq!(mounts, [wanted]);
    }

    #[test]
    fn every_line_of_this_process_is_read() {
        let text = std::fs::read("/proc/self/mountinfo").unwrap();
        assert_eq!(parse(&text).count(), text.split(|byte| *byte == b'\n').count() - 1);
        assert!(parse(&text).any(|mount| &*mount.path == "/"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(text: Vec<u8>) {
            parse(&text).count();
        }
    }
}
