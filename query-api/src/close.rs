//! Documents that are written as text, part by part: as values, large ones would take many times their size.

use serde_json::Value;

/// Ends a document whose last member stands in `out`, and whose object is still open, with the members of another object.
pub(crate) fn close(out: &mut Vec<u8>, rest: &Value) {
    out.push(b',');
    out.extend(rest.to_string().trim_start_matches('{').bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::close;

    #[test]
    fn one_object_is_made_of_two() {
        let mut out = b"{\"a\":[1]".to_vec();
        close(&mut out, &json!({ "b": { "c": 2 } }));
        assert_eq!(out, b"{\"a\":[1],\"b\":{\"c\":2}}");
    }
}
