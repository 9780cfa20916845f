//! Talk with a cloud's instance metadata service. Of the credentials that it hands out, neither secret keys nor tokens
//! leave this file.

use event::AwsCredentials;

use crate::{
    enrich::http::{Head, Start, head},
    limits,
    process::display,
};

/// Header by which AWS tells a request with a session token; another asks for one.
const AWS_TOKEN: &str = "X-aws-ec2-metadata-token";
const AWS_TOKEN_TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";

/// A request or an answer, without its packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImdsMessage {
    /// An answer, not a request.
    pub response: bool,
    /// `aws`, `gcp`, `azure`, `ibm`, `oracle`, or empty.
    pub provider: &'static str,
    /// Path and query of a request.
    pub url: String,
    /// Host header of a request.
    pub host: String,
    /// User-Agent header of a request.
    pub user_agent: String,
    /// Server header of an answer.
    pub server: String,
    /// With a session token of AWS, or about one.
    pub v2: bool,
    /// Credentials in the answer, the secrets left out.
    pub credentials: Option<AwsCredentials>,
}

/// Reads a message; `None` if the bytes do not begin with the head of one.
#[must_use]
pub fn imds(bytes: &[u8]) -> Option<ImdsMessage> {
    let head = head(bytes)?;
    let text = |name: &str, limit: usize| cut(head.header(name).unwrap_or_default(), limit);
    Some(match head.start {
        Start::Request { method, target } => ImdsMessage {
            provider: provider_of_request(&head, target),
            url: cut(target, limits::URL),
            host: text("host", limits::HTTP_HEADER),
            user_agent: text("user-agent", limits::HTTP_HEADER),
            v2: head.header(AWS_TOKEN).is_some()
                || (method == b"PUT" && path(target) == b"/latest/api/token"),
            ..ImdsMessage::default()
        },
        Start::Response { .. } => {
            let credentials = credentials(head.body.unwrap_or_default());
            ImdsMessage {
                response: true,
                provider: provider_of_answer(&head, credentials.is_some()),
                server: text("server", limits::HTTP_HEADER),
                v2: head.header(AWS_TOKEN_TTL).is_some(),
                credentials,
                ..ImdsMessage::default()
            }
        }
    })
}

fn path(target: &[u8]) -> &[u8] {
    target.split(|byte| *byte == b'?').next().unwrap_or_default()
}

/// By the headers that the services demand, else by the path.
fn provider_of_request(head: &Head<'_>, target: &[u8]) -> &'static str {
    let is = |name: &str, value: &str| {
        head.header(name).is_some_and(|found| found.eq_ignore_ascii_case(value.as_bytes()))
    };
    let path = path(target);
    let below = |start: &str| path.starts_with(start.as_bytes());
    if head.header(AWS_TOKEN).is_some() || head.header(AWS_TOKEN_TTL).is_some() {
        "aws"
    } else if is("Metadata-Flavor", "Google") || is("X-Google-Metadata-Request", "True") {
        "gcp"
    } else if is("Metadata-Flavor", "ibm") {
        "ibm"
    } else if is("Authorization", "Bearer Oracle") {
        "oracle"
    } else if is("Metadata", "true") {
        "azure"
    } else if below("/computeMetadata/") {
        "gcp"
    } else if below("/opc/v") {
        "oracle"
    } else if below("/instance_identity/v") || below("/identity/v") || below("/metadata/v1/") {
        "ibm"
    } else if below("/metadata/") {
        "azure"
    } else if below("/latest/") || is_dated(path) {
        "aws"
    } else {
        ""
    }
}

/// `/2021-07-15/...`: AWS names versions by date.
fn is_dated(path: &[u8]) -> bool {
    let version = path.strip_prefix(b"/").unwrap_or_default();
    version.len() > 10
        && version[10] == b'/'
        && version[..10]
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
}

fn provider_of_answer(head: &Head<'_>, credentials: bool) -> &'static str {
    let server = head.header("server").unwrap_or_default();
    let is = |name: &str, value: &str| {
        head.header(name).is_some_and(|found| found.eq_ignore_ascii_case(value.as_bytes()))
    };
    if server.starts_with(b"EC2") || head.header(AWS_TOKEN_TTL).is_some() || credentials {
        "aws"
    } else if is("Metadata-Flavor", "Google") || server.starts_with(b"Metadata Server") {
        "gcp"
    } else if is("Metadata-Flavor", "ibm") {
        "ibm"
    } else if server.starts_with(b"IMDS/") {
        "azure"
    } else {
        ""
    }
}

fn cut(bytes: &[u8], limit: usize) -> String {
    if bytes.len() <= limit {
        return display(bytes);
    }
    format!("{}...", display(&bytes[..limit.saturating_sub(3)]))
}

/// The members of a credentials document that are no secret, found by their names among the strings of the body: it
/// may be cut, and its secrets are stepped over without a copy.
fn credentials(body: &[u8]) -> Option<AwsCredentials> {
    let mut found = AwsCredentials::default();
    let mut left = body;
    while let Some((name, rest)) = string(left) {
        left = rest;
        let member = match name {
            b"Code" => &mut found.code,
            b"Type" => &mut found.kind,
            b"AccessKeyId" => &mut found.access_key_id,
            b"LastUpdated" => &mut found.last_updated,
            b"Expiration" => &mut found.expiration,
            _ => continue,
        };
        // A name is followed by a colon; else it was a value.
        let Some(value) = rest.trim_ascii_start().strip_prefix(b":") else { continue };
        let Some((value, rest)) = value.trim_ascii_start().strip_prefix(b"\"").and_then(closed) else {
            continue;
        };
        *member = cut(value, limits::CREDENTIAL_MEMBER);
        left = rest;
    }
    (!found.access_key_id.is_empty()).then_some(found)
}

/// The next JSON string, without its quotes, and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let open = bytes.iter().position(|byte| *byte == b'"')?;
    closed(&bytes[open + 1..])
}

/// Up to the closing quote, and what follows.
fn closed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some((&bytes[..at], &bytes[at + 1..])),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(line: &str, headers: &str) -> ImdsMessage {
        imds(format!("{line} HTTP/1.1\r\nHost: 169.254.169.254\r\n{headers}\r\n\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn a_request_tells_its_headers_and_whether_it_has_a_token() {
        let one = request("GET /latest/meta-data/", "User-Agent: curl/8");
        assert_eq!(
            (one.url.as_str(), one.host.as_str(), one.user_agent.as_str(), one.provider, one.v2),
            ("/latest/meta-data/", "169.254.169.254", "curl/8", "aws", false)
        );
        assert!(request("PUT /latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60").v2);
        let two = request("GET /x", "x-AWS-ec2-metadata-token: SECRET");
        assert!(two.v2 && two.provider == "aws" && !format!("{two:?}").contains("SECRET"));
    }

    #[test]
    fn providers_are_told_apart_by_header_and_by_path() {
        for (line, headers, provider) in [
            ("GET /a", "Metadata-Flavor: Google", "gcp"),
            ("GET /computeMetadata/v1/instance/", "A: b", "gcp"),
            ("GET /a", "Metadata: true", "azure"),
            ("GET /metadata/instance?api-version=2021-02-01", "A: b", "azure"),
            ("PUT /instance_identity/v1/token", "Metadata-Flavor: ibm", "ibm"),
            ("GET /metadata/v1/instance", "A: b", "ibm"),
            ("GET /opc/v2/instance/", "Authorization: Bearer Oracle", "oracle"),
            ("GET /opc/v1/instance/", "A: b", "oracle"),
            ("GET /2021-07-15/meta-data/", "A: b", "aws"),
            ("GET /2021-07-15", "A: b", ""),
            ("GET /", "A: b", ""),
        ] {
            assert_eq!(request(line, headers).provider, provider, "{line} {headers}");
        }
        for (header, provider) in [
            ("Server: EC2ws", "aws"),
            ("Metadata-Flavor: Google", "gcp"),
            ("Server: IMDS/150.870.65.1", "azure"),
            ("Server: nginx", ""),
        ] {
            let answer = imds(format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n").as_bytes()).unwrap();
            assert_eq!((answer.provider, answer.response), (provider, true));
        }
    }

    #[test]
    fn of_credentials_all_is_kept_but_the_secrets() {
        let body = r#"{
  "Code" : "Success",
  "LastUpdated" : "2026-11-21T10:00:00Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAEXAMPLE",
  "SecretAccessKey" : "hush\"AccessKeyId\" : \"hush",
  "Token" : "hushhush",
  "Expiration" : "2026-11-21T16:00:00Z"
}"#;
        let bytes = format!("HTTP/1.1 200 OK\r\nServer: EC2ws\r\n\r\n{body}");
        let answer = imds(bytes.as_bytes()).unwrap();
        let found = answer.credentials.clone().unwrap();
        assert_eq!(found.code, "Success");
        assert_eq!(found.kind, "AWS-HMAC");
        assert_eq!(found.access_key_id, "ASIAEXAMPLE");
        assert_eq!(found.last_updated, "2026-11-21T10:00:00Z");
        assert_eq!(found.expiration, "2026-11-21T16:00:00Z");
        for length in 0..bytes.len() {
            let cut = imds(&bytes.as_bytes()[..length]);
            assert!(!format!("{cut:?}").contains("hush"), "{cut:?}");
        }
    }

    #[test]
    fn an_answer_without_credentials_has_none() {
        let answer =
            imds(b"HTTP/1.1 200 OK\r\n\r\n{\"Code\":\"Success\",\"x\":\"AccessKeyId\",\"y\":1}").unwrap();
        assert_eq!(answer.credentials, None);
        let token =
            imds(b"HTTP/1.1 200 OK\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\nTOKEN").unwrap();
        assert!(token.v2 && !format!("{token:?}").contains("TOKEN"));
    }

    #[test]
    fn long_values_are_cut() {
        let long = "x".repeat(5000);
        let one = request(&format!("GET /{long}"), &format!("User-Agent: {long}"));
        assert_eq!((one.url.len(), one.user_agent.len()), (limits::URL, limits::HTTP_HEADER));
        assert!(one.url.ends_with("..."));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            start in "(GET / HTTP/1.1|HTTP/1.1 200 OK)\r\n(Server: EC2ws\r\n)?\r\n",
            body in "[\"\\\\:{}, aAccessKeyId]{0,200}",
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = imds(&bytes);
            let _ = imds(&[start.as_bytes(), body.as_bytes(), &bytes].concat());
        }
    }
}
