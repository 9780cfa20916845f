//! `fields`: which members of each event or process are sent. An event of `full` is tens of kilobytes, most of it
//! lineage and environment; a reader that draws a line of it should not have to receive the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::{MAX_FIELD_DEPTH, MAX_FIELDS};

/// Members that are asked for, as a tree of names; one without branches is sent whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(BTreeMap<String, Fields>);

impl Fields {
    /// Every member.
    pub(crate) const fn all() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a member by its path: names with dots between. Some names of the schema have dots themselves
    /// (`mountpoint.path`): [`Self::pick`] tries these too.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn add(&mut self, path: &str) -> Result<(), String> {
        if self.count() >= MAX_FIELDS {
            return Err(format!("more than {MAX_FIELDS} fields"));
        }
        let names: Vec<_> = path.split('.').collect();
        let word = |name: &&str| {
            !name.is_empty()
                && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        };
        if names.len() > MAX_FIELD_DEPTH || !names.iter().all(word) {
            return Err(format!("not a member's name: up to {MAX_FIELD_DEPTH} words with dots between"));
        }
        let mut here = self;
        for (step, name) in names.iter().enumerate() {
            let known = here.0.contains_key(*name);
            let next = here.0.entry((*name).to_owned()).or_default();
            if known && next.0.is_empty() {
                // All of it is asked for already.
                return Ok(());
            }
            if step + 1 == names.len() {
                next.0.clear();
            }
            here = next;
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.0.values().map(|below| below.count().max(1)).sum()
    }

    /// The asked members of a value; of a list, those of each element.
    pub(crate) fn pick(&self, value: Value) -> Value {
        match value {
            _ if self.0.is_empty() => value,
            Value::Object(members) => {
                let picked = members.into_iter().filter_map(|(name, member)| {
                    let below = self.find(&name)?;
                    Some((name, below.pick(member)))
                });
                Value::Object(picked.collect::<Map<_, _>>())
            }
            Value::Array(elements) => elements.into_iter().map(|element| self.pick(element)).collect(),
            other => other,
        }
    }

    /// The same of a value as text: what is not asked for is passed over, and what is asked for whole is copied.
    pub(crate) fn copy(&self, value: &RawValue, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'{') if !self.0.is_empty() => {
                out.push(b'{');
                let mut first = true;
                for (name, member) in serde_json::from_str::<Members<'_>>(text)?.0 {
                    let Some(below) = self.find(&name) else { continue };
                    if !std::mem::take(&mut first) {
                        out.push(b',');
                    }
                    serde_json::to_writer(&mut *out, &name)?;
                    out.push(b':');
                    below.copy(member, out)?;
                }
                out.push(b'}');
            }
            Some(b'[') if !self.0.is_empty() => {
                out.push(b'[');
                for (place, element) in serde_json::from_str::<Vec<&RawValue>>(text)?.into_iter().enumerate()
                {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.copy(element, out)?;
                }
                out.push(b']');
            }
            _ => out.extend_from_slice(text.as_bytes()),
        }
        Ok(())
    }

    /// What is asked for of a member, if anything is: what nobody asks for need not be put together.
    pub(crate) fn below(&self, name: &str) -> Option<&Self> {
        if self.0.is_empty() { Some(self) } else { self.0.get(name) }
    }

    /// What is asked for of a member. A name with dots is led to by the same words as one below another.
    fn find(&self, name: &str) -> Option<&Self> {
        name.split('.').try_fold(self, |here, word| {
            // `mount` alone asks for all of it, whatever its members are called.
            if here.0.is_empty() && !std::ptr::eq(here, self) { Some(here) } else { here.0.get(word) }
        })
    }
}

/// Members of an object, in its order, their values as text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Deserialize<'a> for Members<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'a> Visitor<'a> for All {
            type Value = Members<'a>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::RawValue;

    use super::Fields;
    use crate::limits::MAX_FIELDS;

    fn fields(paths: &[&str]) -> Fields {
        let mut fields = Fields::default();
        for path in paths {
            fields.add(path).unwrap();
        }
        fields
    }

    #[test]
    fn only_what_is_asked_for_is_kept_in_lists_too() {
        let event = json!({"date": "d", "process": {"pid": 7, "envs": ["A"], "ancestors": [{"pid": 1, "comm": "init"}]},
            "file": null});
        let picked =
            fields(&["date", "process.pid", "process.ancestors.pid", "file.path", "nothing"]).pick(event);
        assert_eq!(
            picked,
            json!({"date": "d", "process": {"pid": 7, "ancestors": [{"pid": 1}]}, "file": null})
        );
    }

    #[test]
    fn as_text_the_same_is_kept() {
        let values = [
            json!({"date": "d\n\"{}[]", "process": {"pid": 7, "envs": ["A"], "ancestors": [{"pid": 1, "comm": "init"}, 5]},
                "file": null, "a\"b": {"pid": 2}, "mount": {"mountpoint.path": "/mnt", "fs_type": "tmpfs"}}),
            json!([[{"pid": 1, "x": 2}], [], {}, "s", 1.5, -3, true]),
            json!(null),
        ];
        for paths in [
            &["date", "process.pid"][..],
            &["process.ancestors.pid", "file.path"],
            &["mount.mountpoint.path", "pid"],
            &[],
        ] {
            for value in &values {
                let raw = RawValue::from_string(value.to_string()).unwrap();
                let mut out = Vec::new();
                fields(paths).copy(&raw, &mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), fields(paths).pick(value.clone()).to_string());
            }
        }
    }

    #[test]
    fn a_member_asked_for_whole_is_whole_in_whatever_order_it_is_asked_for() {
        let event = json!({"a": {"b": 1, "c": {"d": 2}}});
        assert_eq!(fields(&["a.b", "a"]).pick(event.clone()), event);
        assert_eq!(fields(&["a", "a.b"]).pick(event.clone()), event);
        assert_eq!(fields(&[]).pick(event.clone()), event);
    }

    #[test]
    fn what_nobody_asks_for_need_not_be_put_together() {
        let some = fields(&["images.comm", "pid"]);
        assert!(some.below("pid").unwrap().below("anything").is_some());
        let images = some.below("images").unwrap();
        assert!(
            images.below("comm").is_some() && images.below("envs").is_none() && some.below("exit").is_none()
        );
        assert!(fields(&[]).below("exit").is_some());
    }

    #[test]
    fn names_with_dots_are_reached() {
        let mount = json!({"mount": {"mountpoint.path": "/mnt", "fs_type": "tmpfs"}});
        assert_eq!(
            fields(&["mount.mountpoint.path"]).pick(mount.clone()),
            json!({"mount": {"mountpoint.path": "/mnt"}})
        );
        assert_eq!(fields(&["mount"]).pick(mount.clone()), mount);
    }

    #[test]
    fn what_is_no_name_and_what_is_too_much_is_refused() {
        for bad in ["", ".", "a..b", "a b", "*", "a.b.c.d.e.f.g.h.i", "\u{e4}"] {
            assert!(Fields::default().add(bad).is_err(), "{bad}");
        }
        let mut fields = Fields::default();
        for n in 0..MAX_FIELDS {
            fields.add(&format!("f{n}.x")).unwrap();
        }
        assert!(fields.add("more").is_err());
    }
}
