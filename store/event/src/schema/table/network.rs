//! Sockets and what goes through them.

use super::super::definition::{
    Definition,
    Type::{Boolean, Integer, One, Text},
    field,
};
use super::process::AWS_SECURITY_CREDENTIALS;

/// `bind`.
pub(in crate::schema) static BIND_EVENT: Definition =
    Definition::object("BindEvent", &[field("addr", One(&IP_PORT_FAMILY), "--RRR")]);

/// An address with its family.
pub(in crate::schema) static IP_PORT_FAMILY: Definition = Definition::object(
    "IPPortFamily",
    &[field("family", Text, "--RRR"), field("ip", Text, "--RRR"), field("port", Integer, "--RRR")],
);

/// One end of a conversation.
pub(in crate::schema) static IP_PORT: Definition =
    Definition::object("IPPort", &[field("ip", Text, "--RRR"), field("port", Integer, "--RRR")]);

/// `network`: the conversation.
pub(in crate::schema) static NETWORK_CONTEXT: Definition = Definition::object(
    "NetworkContext",
    &[
        field("device", One(&NETWORK_DEVICE), "--ooo"),
        field("l3_protocol", Text, "--RRR"),
        field("l4_protocol", Text, "--RRR"),
        field("source", One(&IP_PORT), "--RRR"),
        field("destination", One(&IP_PORT), "--RRR"),
        field("size", Integer, "--RRR"),
    ],
);

/// `network.device`.
pub(in crate::schema) static NETWORK_DEVICE: Definition = Definition::object(
    "NetworkDevice",
    &[field("netns", Integer, "--RRR"), field("ifindex", Integer, "--RRR"), field("ifname", Text, "--RRR")],
);

/// `dns`.
pub(in crate::schema) static DNS_EVENT: Definition = Definition::object(
    "DNSEvent",
    &[field("id", Integer, "--RRR"), field("question", One(&DNS_QUESTION), "--ooR")],
);

/// `dns.question`.
pub(in crate::schema) static DNS_QUESTION: Definition = Definition::object(
    "DNSQuestion",
    &[
        field("class", Text, "--RRR"),
        field("type", Text, "--RRR"),
        field("name", Text, "--RRR"),
        field("size", Integer, "--RRR"),
        field("count", Integer, "--RRR"),
    ],
);

/// `imds`.
pub(in crate::schema) static IMDS_EVENT: Definition = Definition::object(
    "IMDSEvent",
    &[
        field("type", Text, "----R"),
        field("cloud_provider", Text, "----R"),
        field("url", Text, "----o"),
        field("host", Text, "----o"),
        field("user_agent", Text, "----o"),
        field("server", Text, "----o"),
        field("aws", One(&AWS_IMDS_EVENT), "----o"),
    ],
);

/// `imds.aws`.
pub(in crate::schema) static AWS_IMDS_EVENT: Definition = Definition::object(
    "AWSIMDSEvent",
    &[
        field("is_imds_v2", Boolean, "----R"),
        field("security_credentials", One(&AWS_SECURITY_CREDENTIALS), "----o"),
    ],
);
