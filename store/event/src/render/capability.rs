//! Capability sets as sorted lists of names.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

/// A set: bit n is capability n (include/uapi/linux/capability.h).
#[derive(Clone, Copy, Debug)]
pub struct Capabilities(pub u64);

/// Names by number.
const BY_NUMBER: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];
/// Numbers in the order of their names.
const SORTED: [u8; 41] = sorted();
const KNOWN: u64 = (1 << BY_NUMBER.len()) - 1;

const fn sorted() -> [u8; 41] {
    let mut order = [0u8; 41];
    let mut next = 0u8;
    while (next as usize) < order.len() {
        let mut place = next as usize;
        while place > 0 && before(BY_NUMBER[next as usize], BY_NUMBER[order[place - 1] as usize]) {
            order[place] = order[place - 1];
            place -= 1;
        }
        order[place] = next;
        next += 1;
    }
    order
}

const fn before(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return left[index] < right[index];
        }
        index += 1;
    }
    left.len() < right.len()
}

impl Serialize for Capabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let unknown = self.0 & !KNOWN;
        if unknown != 0 {
            list.serialize_element(&unknown.to_string())?;
        }
        for number in SORTED {
            if self.0 >> number & 1 == 1 {
                list.serialize_element(BY_NUMBER[usize::from(number)])?;
            }
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn names_are_sorted_and_unknown_bits_come_first_as_a_number() {
        let render = |set| serde_json::to_string(&Capabilities(set)).unwrap();
        assert_eq!(render(0), "[]");
        assert_eq!(render(1 << 39 | 1 << 7 | 1), r#"["CAP_BPF","CAP_CHOWN","CAP_SETUID"]"#);
        assert_eq!(render(1 << 63 | 1), r#"["9223372036854775808","CAP_CHOWN"]"#);
        let all: Vec<String> = serde_json::from_str(&render((1 << 41) - 1)).unwrap();
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!((all.len(), &all), (41, &sorted));
    }
}
