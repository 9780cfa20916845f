//! One rule, as text: kinds, then conditions that must all hold.
//!
//! ```text
//! KIND[,KIND...] [path=PREFIX] [exe=PATH] [access=read] [protection=noexec] [result=success] [argN=VALUE[,VALUE...]]
//! ```

use std::{fmt, path::PathBuf, str::FromStr};

use event::Kind;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Leaves out what all its conditions fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// All of them must hold; none leaves out the kinds altogether.
    pub conditions: Vec<Condition>,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The file is this one or below it: absolute, without a slash at its end.
    Path(String),
    /// The acting process runs this file.
    Executable(PathBuf),
    /// An open without writing, creating or truncating; a sysctl that is read.
    Read,
    /// Memory that cannot be executed.
    NoExec,
    /// The call succeeded.
    Success,
    /// An argument of the call is one of these numbers.
    Argument {
        /// From 0.
        index: u8,
        /// At least one.
        values: Vec<u64>,
    },
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No kind.
    #[error("`{0}` is no kind of event: a rule begins with kinds, as in `open,mmap path=/usr/lib`")]
    Kind(String),
    /// Beginnings and ends of processes make the tree.
    #[error("`{0}` cannot be left out: without it no event could be told whose it is")]
    Needed(&'static str),
    /// A kind that no rule leaves out, because its probe asks none.
    #[error("`{0}` cannot be left out: it is rare, and its probe asks no rules")]
    Unasked(&'static str),
    /// Two conditions of which an entry of the kernel's table holds one.
    #[error(
        "`{0}` and `{1}` cannot stand in one rule: a rule has one path, one executable, and one condition on an argument (access and protection are such)"
    )]
    Both(String, String),
    /// No condition.
    #[error(
        "`{0}` is no condition: path=PREFIX, exe=PATH, access=read, protection=noexec, result=success, arg1=VALUE"
    )]
    Condition(String),
    /// A path that is none.
    #[error("`{0}` is no absolute path")]
    NotAbsolute(String),
    /// A prefix too long to be compared in the kernel.
    #[error("the prefix `{path}` is longer than {most} bytes")]
    TooLong {
        /// The prefix.
        path: String,
        /// Bytes that fit.
        most: usize,
    },
    /// A condition that the kind does not have.
    #[error("`{condition}` means nothing for `{kind}`")]
    Meaningless {
        /// The condition.
        condition: String,
        /// The kind.
        kind: &'static str,
    },
    /// More than the kernel side holds.
    #[error("the rules need {0} entries in the kernel, which has room for {most}: use fewer, or shorter lists", most = abi::RULES)]
    TooMany(usize),
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut words = text.split_ascii_whitespace();
        let kinds = words
            .next()
            .unwrap_or_default()
            .split(',')
            .map(|name| Kind::from_name(name).ok_or_else(|| RuleError::Kind(name.to_owned())))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(kind) = kinds.iter().find(|kind| kind.class() == event::Class::Process) {
            return Err(RuleError::Needed(kind.name()));
        }
        if let Some(kind) = kinds
            .iter()
            .find(|kind| matches!(kind, Kind::Dns | Kind::Imds | Kind::CgroupWrite | Kind::Selinux))
        {
            return Err(RuleError::Unasked(kind.name()));
        }
        let conditions = words.map(condition).collect::<Result<Vec<_>, _>>()?;
        for (place, one) in conditions.iter().enumerate() {
            if let Some(other) = conditions[..place].iter().find(|other| other.part() == one.part()) {
                return Err(RuleError::Both(other.to_string(), one.to_string()));
            }
        }
        let rule = Self { kinds, conditions };
        for kind in &rule.kinds {
            if let Some(odd) = rule.conditions.iter().find(|condition| !fits(*kind, condition)) {
                return Err(RuleError::Meaningless { condition: odd.to_string(), kind: kind.name() });
            }
        }
        Ok(rule)
    }
}

fn condition(word: &str) -> Result<Condition, RuleError> {
    let bad = || RuleError::Condition(word.to_owned());
    let (key, value) = word.split_once('=').ok_or_else(bad)?;
    let absolute = || {
        let path = value.trim_end_matches('/');
        if path.starts_with('/') {
            Ok(path.to_owned())
        } else {
            Err(RuleError::NotAbsolute(value.to_owned()))
        }
    };
    Ok(match (key, value) {
        ("path", _) => Condition::Path(absolute()?),
        ("exe", _) => Condition::Executable(absolute()?.into()),
        ("access", "read") => Condition::Read,
        ("protection", "noexec") => Condition::NoExec,
        ("result", "success") => Condition::Success,
        _ => {
            let index: u8 = key.strip_prefix("arg").and_then(|n| n.parse().ok()).ok_or_else(bad)?;
            let values: Option<Vec<u64>> = value.split(',').map(number).collect();
            let index = index.checked_sub(1).filter(|index| *index < 6).ok_or_else(bad)?;
            Condition::Argument { index, values: values.ok_or_else(bad)? }
        }
    })
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Does a condition mean anything for a kind? Those that come from no syscall know none but their own.
fn fits(kind: Kind, condition: &Condition) -> bool {
    match kind {
        Kind::Sysctl => *condition == Condition::Read,
        Kind::Syscalls => false,
        _ => match condition {
            Condition::Read => kind == Kind::Open,
            Condition::NoExec => matches!(kind, Kind::Mmap | Kind::Mprotect),
            Condition::Path(_) => matches!(
                kind,
                Kind::Open
                    | Kind::Mmap
                    | Kind::Splice
                    | Kind::Chdir
                    | Kind::Chmod
                    | Kind::Chown
                    | Kind::Utimes
                    | Kind::Setxattr
                    | Kind::Removexattr
                    | Kind::LoadModule
            ),
            Condition::Executable(_) | Condition::Success | Condition::Argument { .. } => true,
        },
    }
}

impl Condition {
    /// The part of a kernel entry that holds it: there is one of each.
    const fn part(&self) -> &'static str {
        match self {
            Self::Path(_) => "path",
            Self::Executable(_) => "executable",
            Self::Read | Self::NoExec | Self::Argument { .. } => "argument",
            Self::Success => "result",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "path={path}"),
            Self::Executable(path) => write!(f, "exe={}", path.display()),
            Self::Read => f.write_str("access=read"),
            Self::NoExec => f.write_str("protection=noexec"),
            Self::Success => f.write_str("result=success"),
            Self::Argument { index, values } => {
                let values: Vec<_> = values.iter().map(u64::to_string).collect();
                write!(f, "arg{}={}", index + 1, values.join(","))
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
        f.write_str(&kinds.join(","))?;
        self.conditions.iter().try_for_each(|condition| write!(f, " {condition}"))
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_and_writes_itself() {
        for text in [
            "open access=read path=/usr/lib result=success",
            "mmap,mprotect protection=noexec",
            "bpf exe=/usr/sbin/agent arg1=1,2",
            "syscalls",
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
        let rule: Rule = "open  path=/a/ arg3=0x10".parse().unwrap();
        assert_eq!(rule.to_string(), "open path=/a arg3=16");
    }

    #[test]
    fn what_is_no_rule_is_refused_with_the_word_that_is_wrong() {
        for (text, part) in [
            ("", "`` is no kind"),
            ("opne", "opne"),
            ("open,,mmap", "`` is no kind"),
            ("exec", "cannot be left out"),
            ("setuid result=success", "cannot be left out"),
            ("open path=usr", "no absolute path"),
            ("open path=", "no absolute path"),
            ("open access=write", "access=write"),
            ("open arg7=1", "arg7=1"),
            ("open arg0=1", "arg0=1"),
            ("open arg1=", "arg1="),
            ("connect path=/x", "means nothing for `connect`"),
            ("open protection=noexec", "means nothing"),
            ("syscalls result=success", "means nothing"),
            ("dns", "`dns` cannot be left out"),
            ("open,selinux path=/a", "`selinux` cannot be left out"),
            ("open access=read arg2=5", "`access=read` and `arg2=5`"),
            ("bpf arg1=1 arg2=2", "`arg1=1` and `arg2=2`"),
            ("open path=/a path=/b", "`path=/a` and `path=/b`"),
            ("open exe=/a exe=/b", "`exe=/a` and `exe=/b`"),
        ] {
            let error = text.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
