//! Groups by name.

use std::fs;

use anyhow::{Context as _, Result};

const FILE: &str = "/etc/group";

/// The id of a group of this host: its name in /etc/group, or a number.
///
/// # Errors
/// If there is none by that name.
pub fn id(name: &str) -> Result<u32> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let text = fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
    named(&text, name).with_context(|| format!("{FILE} has no group {name:?}: make it, or name another one"))
}

fn named(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        fields.nth(1)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_whole_name() {
        let text = "root:x:0:\nadmins:x:100:a,b\nadm:x:4:\nbroken\n";
        assert_eq!(named(text, "adm"), Some(4));
        assert_eq!(named(text, "ad"), None);
        assert_eq!(named(text, "broken"), None);
        assert_eq!(id("1234").unwrap(), 1234);
    }
}
