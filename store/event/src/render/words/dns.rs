//! Classes and types of DNS questions (IANA, Domain Name System parameters), in the spelling of the schema's publisher.

use std::borrow::Cow;

use super::list::{nth, split};

/// From 0. What the publisher's list does not have is shown by number.
const TYPES: [&str; 66] = split(
    "None A NS MD MF CNAME SOA MB MG MR NULL - PTR HINFO MINFO MX TXT RP AFSDB X25 ISDN RT - NSAPPTR SIG KEY PX GPOS AAAA \
    LOC NXT EID NIMLOC SRV ATMA NAPTR KX CERT - DNAME - OPT APL DS SSHFP - RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA \
    SMIMEA - HIP NINFO RKEY TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS",
);
/// From 99.
const LATER_TYPES: [&str; 11] = split("SPF UINFO UID GID UNSPEC NID L32 L64 LP EUI48 EUI64");
/// From 249.
const LAST_TYPES: [&str; 12] = split("TKEY TSIG IXFR AXFR MAILB MAILA ANY URI CAA AVC - AMTRELAY");

/// Name of a QTYPE; `qtype(N)` if it has none.
pub(in crate::render) fn dns_type(number: u16) -> Cow<'static, str> {
    let wide = u32::from(number);
    let name = match wide {
        0..99 => nth(&TYPES, wide),
        99..249 => nth(&LATER_TYPES, wide - 99),
        32_768 => "TA",
        32_769 => "DLV",
        65_535 => "Reserved",
        _ => nth(&LAST_TYPES, wide - 249),
    };
    if name.is_empty() { Cow::Owned(format!("qtype({number})")) } else { Cow::Borrowed(name) }
}

/// Name of a QCLASS; `qclass(N)` if it has none.
pub(in crate::render) fn dns_class(number: u16) -> Cow<'static, str> {
    Cow::Borrowed(match number {
        1 => "CLASS_INET",
        2 => "CLASS_CSNET",
        3 => "CLASS_CHAOS",
        4 => "CLASS_HESIOD",
        254 => "CLASS_NONE",
        255 => "CLASS_ANY",
        _ => return Cow::Owned(format!("qclass({number})")),
    })
}

#[cfg(test)]
mod tests {
    use super::{dns_class, dns_type};

    #[test]
    fn types_have_their_names() {
        for (number, name) in [
            (0, "None"),
            (1, "A"),
            (12, "PTR"),
            (16, "TXT"),
            (28, "AAAA"),
            (33, "SRV"),
            (43, "DS"),
            (46, "RRSIG"),
            (52, "TLSA"),
            (65, "HTTPS"),
            (66, "qtype(66)"),
            (98, "qtype(98)"),
            (99, "SPF"),
            (109, "EUI64"),
            (110, "qtype(110)"),
            (249, "TKEY"),
            (252, "AXFR"),
            (255, "ANY"),
            (257, "CAA"),
            (260, "AMTRELAY"),
            (261, "qtype(261)"),
            (32_769, "DLV"),
            (65_535, "Reserved"),
            (11, "qtype(11)"),
        ] {
            assert_eq!(dns_type(number), name);
        }
    }

    #[test]
    fn classes_have_their_names() {
        assert_eq!(dns_class(1), "CLASS_INET");
        assert_eq!(dns_class(255), "CLASS_ANY");
        assert_eq!(dns_class(0), "qclass(0)");
    }
}
