//! A process's `id`: its key as one opaque word.

use std::fmt;
use std::str::FromStr;

use crate::ProcessKey;

/// Length of an id.
const LENGTH: usize = 56;

/// 56 lower-case hexadecimal digits: boot (32), start (16), pid (8). The order of ids is the order of keys.
impl fmt::Display for ProcessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{:016x}{:08x}", self.boot, self.start, self.pid)
    }
}

/// A word that is no process id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a process id (56 digits 0-9 a-f, as in `id` of /processes)")]
pub struct InvalidProcessId;

/// Only what [`ProcessKey`]'s `Display` writes is taken: one process has one id.
impl FromStr for ProcessKey {
    type Err = InvalidProcessId;

    fn from_str(text: &str) -> Result<Self, InvalidProcessId> {
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != LENGTH || !text.bytes().all(digits) {
            return Err(InvalidProcessId);
        }
        Ok(Self {
            boot: u128::from_str_radix(&text[..32], 16).map_err(|_| InvalidProcessId)?,
            start: u64::from_str_radix(&text[32..48], 16).map_err(|_| InvalidProcessId)?,
            pid: u32::from_str_radix(&text[48..], 16).map_err(|_| InvalidProcessId)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::ProcessKey;

    #[test]
    fn an_id_gives_the_same_process_back() {
        for key in [
            ProcessKey { boot: 0, start: 0, pid: 0 },
            ProcessKey { boot: u128::MAX, start: u64::MAX, pid: u32::MAX },
            ProcessKey { boot: 0x1234_5678_9abc_def0, start: 77, pid: 4711 },
        ] {
            assert_eq!(key.to_string().len(), super::LENGTH);
            assert_eq!(key.to_string().parse(), Ok(key));
        }
    }

    #[test]
    fn nothing_else_is_an_id() {
        let id = ProcessKey { boot: 10, start: 11, pid: 12 }.to_string();
        for wrong in [
            String::new(),
            "7".to_owned(),
            id.to_uppercase(),
            id[1..].to_owned(),
            format!("{id}0"),
            format!("+{}", &id[1..]),
            format!(" {}", &id[1..]),
            id.replacen('0', "\u{e9}", 1),
        ] {
            assert!(wrong.parse::<ProcessKey>().is_err(), "{wrong:?}");
        }
    }
}
