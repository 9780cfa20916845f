//! Argument and environment strings as the kernel laid them out, cut to the limits.

use crate::{
    limits,
    process::{scrub::scrub, text::display},
};

/// Arguments of an exec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// First argument.
    pub argv0: String,
    /// The others, scrubbed.
    pub args: Vec<String>,
    /// Something was cut.
    pub truncated: bool,
}

/// Variables whose value is kept beside their name: they change what a program loads.
const KEPT_VALUES: [&str; 3] = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"];

/// Splits argument strings, each closed by NUL. `cut` says that the bytes are not all of them.
#[must_use]
pub fn arguments(bytes: &[u8], cut: bool) -> Arguments {
    let (mut strings, mut truncated) = strings(bytes, cut, limits::ARGUMENTS);
    let argv0 = if strings.is_empty() { String::new() } else { strings.remove(0) };
    scrub(&mut strings);
    let argv0 = shorten(argv0, &mut truncated);
    let args = strings.into_iter().map(|arg| shorten(arg, &mut truncated)).collect();
    Arguments { argv0, args, truncated }
}

/// Names of environment variables, `NAME=value` for a few; and whether something was cut.
#[must_use]
pub fn environment(bytes: &[u8], cut: bool) -> (Vec<String>, bool) {
    let (strings, mut truncated) = strings(bytes, cut, limits::ENVIRONMENT);
    let names = strings.into_iter().filter(|text| !text.is_empty()).map(|text| {
        let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
        let kept = if KEPT_VALUES.contains(&name) { text } else { name.to_owned() };
        shorten(kept, &mut truncated)
    });
    let names = names.collect();
    (names, truncated)
}

fn strings(bytes: &[u8], cut: bool, most: usize) -> (Vec<String>, bool) {
    if bytes.is_empty() {
        return (Vec::new(), cut);
    }
    let body = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let mut all = body.split(|byte| *byte == 0);
    let strings: Vec<String> = all.by_ref().take(most).map(display).collect();
    let more = all.next().is_some();
    (strings, cut || more)
}

fn shorten(mut text: String, truncated: &mut bool) -> String {
    if text.len() > limits::ARGUMENT {
        let mut end = limits::ARGUMENT - 3;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
        *truncated = true;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_arguments_keep_their_place() {
        let got = arguments(b"sh\0\0-c\0", false);
        assert_eq!((got.argv0.as_str(), got.args), ("sh", vec![String::new(), "-c".to_owned()]));
        assert!(!got.truncated);
        assert_eq!(arguments(b"", false), Arguments::default());
    }

    #[test]
    fn a_long_argument_ends_in_dots_at_the_limit() {
        let mut bytes = b"prog\0".to_vec();
        bytes.extend([b'a'; 1024]);
        bytes.push(0);
        let got = arguments(&bytes, false);
        assert_eq!(got.args[0].len(), 255);
        assert!(got.args[0].ends_with("a..."));
        assert!(got.truncated);
    }

    #[test]
    fn a_secret_longer_than_the_limit_is_masked_before_it_is_cut() {
        let bytes = [b"curl\0--password=".as_slice(), &[b'x'; 400], b"\0"].concat();
        assert_eq!(arguments(&bytes, false).args, ["--password=********"]);
    }

    #[test]
    fn only_names_of_variables_are_kept() {
        let (names, cut) = environment(b"HOME=/root\0LD_PRELOAD=/x.so\0TOKEN=s3cr3t\0", true);
        assert_eq!(names, ["HOME", "LD_PRELOAD=/x.so", "TOKEN"]);
        assert!(cut);
    }
}
