//! Ages as people write them: `90d`, `12h`, `1d12h`.

use std::{str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, de};

/// A length of time, read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Duration);

/// A text that is no age.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no age: write numbers with units (s, m, h, d, w), such as 90d or 1d12h")]
pub struct AgeError(String);

impl FromStr for Age {
    type Err = AgeError;

    /// At least a minute: less would remove what was just recorded.
    fn from_str(text: &str) -> Result<Self, AgeError> {
        let wrong = || AgeError(text.to_owned());
        // The API's own parser of spans: so long before a moment.
        let now = i64::MAX;
        let before = query_api::time::parse(&format!("-{}", text.trim()), now).map_err(|_| wrong())?;
        let nanos = u64::try_from(now - before).map_err(|_| wrong())?;
        let age = Duration::from_nanos(nanos);
        if age < Duration::from_mins(1) { Err(wrong()) } else { Ok(Self(age)) }
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units() {
        assert_eq!("90d".parse(), Ok(Age(Duration::from_hours(90 * 24))));
        assert_eq!(" 1d12h ".parse(), Ok(Age(Duration::from_hours(36))));
        for wrong in ["", "90", "d", "-1d", "0s", "59s", "1y", "1d 12h", "999999999999w", "now"] {
            assert!(wrong.parse::<Age>().is_err(), "{wrong}");
        }
    }
}
