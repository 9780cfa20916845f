//! Writes to selinuxfs (security/selinux/selinuxfs.c).

use abi::PartTag;
use event::{Detail, Event, Kind, Selinux};

use super::{
    Call, ConvertError, Converter, event,
    parts::{facts_of, walk},
};
use crate::{
    enrich::file_of_walk,
    process::{Output, display},
};

impl Converter {
    pub(super) fn selinux(&mut self, call: Call<'_>, out: &mut Output) -> Result<Event, ConvertError> {
        let (context, _) = self.table.acting(call.id, out);
        let walked = walk(&call.record.path(PartTag::Path).ok_or(ConvertError::Incomplete)?);
        let (value, _) = call.record.part(PartTag::Memory).unwrap_or_default();
        let change = change(&walked.path, value).ok_or(ConvertError::Incomplete)?;
        let mut file = file_of_walk(&walked.path, walked.truncated, walked.detached, walked.deleted);
        if let Some(facts) = call.record.facts() {
            file.facts = Some(facts_of(&facts));
            file.flags |= event::file_flags::FROM_KERNEL;
        }
        Ok(Event {
            file: Some(file),
            detail: Detail::Selinux(change),
            ..event(call.id, Kind::Selinux, context)
        })
    }
}

/// What a write to a file of selinuxfs changes.
fn change(path: &[u8], value: &[u8]) -> Option<Selinux> {
    let mut names = path.rsplit(|byte| *byte == b'/');
    let name = names.next()?;
    let on = truth(value);
    Some(match (names.next(), name) {
        (Some(b"booleans"), name) => Selinux::Bool { name: display(name), on },
        (_, b"enforce") => Selinux::Enforce(on),
        (_, b"disable") => Selinux::Disable,
        (_, b"commit_pending_bools") => Selinux::Commit(on == Some(true)),
        _ => return None,
    })
}

/// A number as `sscanf("%d")` reads it, which is how the kernel does: true if it is not zero; `None` if there is none.
fn truth(value: &[u8]) -> Option<bool> {
    let blanks = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let rest = value.get(blanks..)?;
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = rest.get(..digits).filter(|digits| !digits.is_empty())?;
    Some(digits.iter().any(|digit| *digit != b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_changes_what_it_is_named_for() {
        let change = |path: &str, value: &str| change(path.as_bytes(), value.as_bytes());
        let on = |name: &str, on| Some(Selinux::Bool { name: name.to_owned(), on });
        assert_eq!(
            change("/sys/fs/selinux/booleans/httpd_enable_ftp", "1\n"),
            on("httpd_enable_ftp", Some(true))
        );
        assert_eq!(change("/sys/fs/selinux/booleans/enforce", "0"), on("enforce", Some(false)));
        assert_eq!(change("/sys/fs/selinux/booleans/a", "on"), on("a", None));
        assert_eq!(change("/sys/fs/selinux/enforce", "0"), Some(Selinux::Enforce(Some(false))));
        assert_eq!(change("/sys/fs/selinux/enforce", ""), Some(Selinux::Enforce(None)));
        assert_eq!(change("/sys/fs/selinux/enforce", " 12x"), Some(Selinux::Enforce(Some(true))));
        assert_eq!(change("/sys/fs/selinux/commit_pending_bools", "1"), Some(Selinux::Commit(true)));
        assert_eq!(change("/sys/fs/selinux/commit_pending_bools", "?"), Some(Selinux::Commit(false)));
        assert_eq!(change("/sys/fs/selinux/disable", "1"), Some(Selinux::Disable));
        assert_eq!(change("/sys/fs/selinux/load", "x"), None);
        assert_eq!(change("", ""), None);
    }
}
