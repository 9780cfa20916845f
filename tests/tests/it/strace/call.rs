//! Reading what strace wrote: one file per thread (`-ff`), absolute times (`-ttt`), paths of descriptors (`-y`).

use std::{fs, path::Path};

/// A call that strace saw.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Seconds and microseconds, at entry.
    pub(super) time: (u64, u32),
    pub(super) tid: u64,
    pub(super) name: String,
    pub(super) args: Vec<String>,
    /// `None` for a call that did not return (`= ?`), and for one that failed.
    pub(super) result: Option<i64>,
    /// Name of the error of a call that failed.
    pub(super) errno: Option<String>,
    /// Path of the descriptor that it returned.
    pub(super) returned: Option<String>,
}

/// Every call of every thread, in the order of entry.
pub(super) fn read(traces: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    for entry in fs::read_dir(traces).unwrap() {
        let path = entry.unwrap().path();
        let tid = path.extension().unwrap().to_str().unwrap().parse().unwrap();
        let text = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&text);
        calls.extend(text.lines().filter_map(|line| parse(tid, line)));
    }
    calls.sort_by_key(|call| call.time);
    calls
}

/// `1795260875.574486 openat(AT_FDCWD</a>, "b", O_RDONLY) = 3</a/b>`
fn parse(tid: u64, line: &str) -> Option<Call> {
    let (time, rest) = line.split_once(' ')?;
    let (seconds, micros) = time.split_once('.')?;
    let (name, rest) = rest.split_once('(')?;
    let (args, length) = arguments(rest);
    let result = rest.get(length..)?.trim_start_matches(')').trim_start().strip_prefix("= ")?;
    let errno = failure(result);
    let value = if errno.is_some() { None } else { number(result) };
    Some(Call {
        time: (seconds.parse().ok()?, micros.parse().ok()?),
        tid,
        name: name.to_owned(),
        args,
        result: value,
        errno,
        returned: descriptor(result),
    })
}

/// `-1 ENOENT (No such file or directory)`; a call that a signal interrupted is `? ERESTARTSYS`, which its program knows
/// as EINTR.
fn failure(result: &str) -> Option<String> {
    if result.starts_with("? ERESTART") {
        return Some("EINTR".to_owned());
    }
    result.strip_prefix("-1 E").and_then(|rest| Some(format!("E{}", rest.split([' ', '(']).next()?)))
}

/// A number in decimal, or an address in hexadecimal.
pub(super) fn number(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x") {
        let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        return u64::from_str_radix(&digits[..end], 16).ok().map(u64::cast_signed);
    }
    let end = text.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// The arguments up to the closing parenthesis, and how many bytes they took.
fn arguments(text: &str) -> (Vec<String>, usize) {
    let mut args = Vec::new();
    let (mut begin, mut depth, mut quoted, mut path, mut escaped) = (0, 0, false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !path => quoted = !quoted,
            _ if quoted => {}
            b'>' if path => path = false,
            _ if path => {}
            b'<' => path = true,
            b'(' | b'[' | b'{' => depth += 1,
            b')' if depth == 0 => {
                args.push(text[begin..at].trim().to_owned());
                return (args, at);
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                args.push(text[begin..at].trim().to_owned());
                begin = at + 1;
            }
            _ => {}
        }
    }
    (args, text.len())
}

/// The path in `3</a/b>` or `AT_FDCWD</a>`, without the mark of a deleted file.
pub(super) fn descriptor(text: &str) -> Option<String> {
    let begin = text.find('<')?;
    let end = text.rfind('>')?;
    let path = text.get(begin + 1..end)?;
    Some(unescape(path.strip_suffix(" (deleted)").unwrap_or(path)))
}

/// The text of a quoted argument.
pub(super) fn quoted(text: &str) -> Option<String> {
    Some(unescape(text.strip_prefix('"')?.strip_suffix('"')?))
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b'v') => bytes.push(0x0b),
            Some(b'f') => bytes.push(0x0c),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                }
                bytes.push(u8::try_from(value & 0xff).unwrap());
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_line_of_strace_is_read() {
    let call =
        parse(7, r#"12.000345 openat(AT_FDCWD</a, b>, "c\"\303\251,(", O_RDONLY|O_CLOEXEC) = 3</a, b/c>"#)
            .unwrap();
    assert_eq!((call.time, call.tid, call.name.as_str()), ((12, 345), 7, "openat"));
    assert_eq!(descriptor(&call.args[0]).unwrap(), "/a, b");
    assert_eq!(quoted(&call.args[1]).unwrap(), "c\"\u{e9},(");
    assert_eq!((call.result, call.returned.as_deref()), (Some(3), Some("/a, b/c")));
    assert_eq!(parse(7, "1.000000 exit_group(0) = ?").unwrap().result, None);
    assert_eq!(parse(7, "1.000000 vfork()               = 12").unwrap().result, Some(12));
}

#[test]
fn results_are_numbers_addresses_or_errors() {
    let of = |line: &str| {
        let call = parse(7, &format!("1.000000 {line}")).unwrap();
        (call.result, call.errno)
    };
    assert_eq!(of("mmap(NULL, 8192) = 0x7f0000001000"), (Some(0x7f00_0000_1000), None));
    assert_eq!(
        of(r#"open("x", O_RDONLY) = -1 ENOENT (No such file or directory)"#),
        (None, Some("ENOENT".to_owned()))
    );
    assert_eq!(of("connect(3, {}, 16) = ? ERESTARTSYS (To be restarted)"), (None, Some("EINTR".to_owned())));
}
