//! Sizes as people write them: `24MiB`, `1GB`, `512K` or plain bytes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

/// A number of bytes, read from text or, in the configuration file, also from a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Suffixes in ASCII capitals with their factor: IEC names and the single letters of coreutils count by 1024,
/// SI names by 1000.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("KIB", 1 << 10),
    ("KB", 1_000),
    ("M", 1 << 20),
    ("MIB", 1 << 20),
    ("MB", 1_000_000),
    ("G", 1 << 30),
    ("GIB", 1 << 30),
    ("GB", 1_000_000_000),
    ("T", 1 << 40),
    ("TIB", 1 << 40),
    ("TB", 1_000_000_000_000),
];

/// Why a text is no size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// No number in front.
    #[error("{0:?} is no size: write a whole number of bytes, or one with a unit such as 24MiB or 1GB")]
    Number(String),
    /// The unit is unknown.
    #[error("unknown unit {0:?}: use B, KiB, MiB, GiB, TiB (1024) or kB, MB, GB, TB (1000)")]
    Unit(String),
    /// More than 2^64 bytes.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(SizeError::Number(text.to_owned()));
        }
        let unit = unit.trim_start();
        let factor = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, factor)| *factor)
            .ok_or_else(|| SizeError::Unit(unit.to_owned()))?;
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| SizeError::TooLarge(text.to_owned()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
        if self.0 < 1024 {
            return write!(out, "{} B", self.0);
        }
        let mut unit = 0;
        // One decimal by integer arithmetic; 16 TiB and above stay in TiB.
        let mut tenths = u128::from(self.0) * 10 / 1024;
        while tenths >= 10_240 && unit + 1 < NAMES.len() {
            tenths /= 1024;
            unit += 1;
        }
        write!(out, "{}.{} {}", tenths / 10, tenths % 10, NAMES[unit])
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Size;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a size: bytes as a number, or text such as \"24MiB\"")
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Size, E> {
                u64::try_from(bytes).map(Size).map_err(|_| E::custom("a size cannot be negative"))
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Size, E> {
                Ok(Size(bytes))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
        }
        input.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_iec_and_si_units() {
        for (text, bytes) in [
            ("0", 0),
            ("24MiB", 24 << 20),
            ("1GB", 1_000_000_000),
            ("512k", 512 << 10),
            ("3 TiB", 3 << 40),
            ("7B", 7),
        ] {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        assert!(matches!("".parse::<Size>(), Err(SizeError::Number(_))));
        assert!(matches!("-1".parse::<Size>(), Err(SizeError::Number(_))));
        assert!(matches!("1.5GiB".parse::<Size>(), Err(SizeError::Unit(_))));
        assert!(matches!("1parsec".parse::<Size>(), Err(SizeError::Unit(_))));
        assert!(matches!("99999999999TiB".parse::<Size>(), Err(SizeError::TooLarge(_))));
    }

    #[test]
    fn sizes_are_written_with_one_decimal() {
        assert_eq!(Size(1023).to_string(), "1023 B");
        assert_eq!(Size(1536).to_string(), "1.5 KiB");
        assert_eq!(Size(4 << 30).to_string(), "4.0 GiB");
        assert!(Size(u64::MAX).to_string().ends_with(" TiB"));
    }
}
