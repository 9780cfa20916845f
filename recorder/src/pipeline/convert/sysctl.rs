//! Kernel parameters.

use abi::{PartTag, SysctlBody};
use event::{Detail, Event, Kind};

use super::{Converter, event};
use crate::{
    decode::Record,
    process::{Identity, Output, display},
};

impl Converter {
    pub(super) fn sysctl(
        &mut self,
        record: &Record<'_>,
        body: SysctlBody,
        id: Identity,
        out: &mut Output,
    ) -> Event {
        let (context, _) = self.table.acting(id, out);
        let part = |tag| record.part(tag).map(|(bytes, _)| bytes).unwrap_or_default();
        let write = body.write != 0;
        let (name, name_cut) = told(part(PartTag::Text), body.name);
        let (value, value_cut) = told(part(PartTag::Memory), body.value);
        let (old_value, old_cut) = told(part(PartTag::OldValue), if write { body.old } else { 0 });
        let truncated = name_cut || value_cut || old_cut;
        Event {
            detail: Detail::Sysctl { name, write, value, old_value, truncated },
            ..event(id, Kind::Sysctl, context)
        }
    }
}

/// What a helper wrote, without the line's end, and whether it was cut; by what the helper returned.
fn told(bytes: &[u8], returned: i32) -> (String, bool) {
    const E2BIG: i32 = -7;
    let text = match usize::try_from(returned) {
        Ok(length) => bytes.get(..length).unwrap_or(bytes),
        Err(_) if returned == E2BIG => bytes,
        Err(_) => return (String::new(), false),
    };
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    (display(text.strip_suffix(b"\n").unwrap_or(text)), returned == E2BIG)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_value_ends_where_the_helper_says_and_loses_its_line_end() {
        assert_eq!(told(b"core\n\0\0\0", 5), ("core".to_owned(), false));
        assert_eq!(told(b"4096 131072 6\0rest", -7), ("4096 131072 6".to_owned(), true));
        assert_eq!(told(b"stale", -22), (String::new(), false));
        assert_eq!(told(b"abc", 100), ("abc".to_owned(), false));
        assert_eq!(told(b"abc", 0), (String::new(), false));
    }
}
