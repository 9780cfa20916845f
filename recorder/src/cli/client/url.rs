//! URLs: taken apart and put together.

use anyhow::{Result, bail};

use super::Parameters;
use crate::cli::settings::{PORT, UsageError};

/// Host with port, and the path below which the API is, without a slash at its end.
pub(super) fn parse_url(url: &str) -> Result<(String, String)> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!(UsageError::Refused(format!(
            "--url {url:?}: only http:// is spoken; for another host, forward its port through ssh"
        )));
    };
    // A token in it would be on the command line, for everybody to see.
    if rest.contains(['?', '#']) {
        bail!(UsageError::Refused(
            "--url takes no query: filters are flags, and the token goes into --token-file or TACHO_TOKEN"
                .to_owned()
        ));
    }
    let (host, base) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || host.contains('@') {
        bail!(UsageError::Refused(format!("--url {url:?}: no host")));
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if has_port { host.to_owned() } else { format!("{host}:{PORT}") };
    let base = base.trim_matches('/');
    Ok((host, if base.is_empty() { String::new() } else { format!("/{base}") }))
}

pub(super) fn target(base: &str, path: &str, parameters: &Parameters) -> String {
    let mut target = format!("{base}{path}");
    for (index, (name, value)) in parameters.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        encode(value, &mut target);
    }
    target
}

/// One component of a path.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    encode(text, &mut out);
    out.replace('/', "%2F")
}

/// Percent-encodes all but RFC 3986's unreserved characters and those that are plain in a query.
fn encode(value: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/,:*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded() {
        let parameters = vec![("path", "/etc/**".to_owned()), ("since", "2h ago+&=%".to_owned())];
        assert_eq!(target("", "/events", &parameters), "/events?path=/etc/**&since=2h%20ago%2B%26%3D%25");
    }

    #[test]
    fn urls_give_host_port_and_base() {
        assert_eq!(parse_url("http://127.0.0.1:7878").unwrap(), ("127.0.0.1:7878".into(), String::new()));
        assert_eq!(parse_url("http://[::1]/tacho/").unwrap(), ("[::1]:7878".into(), "/tacho".into()));
        assert!(parse_url("https://host").unwrap_err().is::<UsageError>());
        assert!(parse_url("http://").is_err());
        let error = parse_url("http://127.0.0.1:7878/?token=secret").unwrap_err().to_string();
        assert!(error.contains("--token-file") && !error.contains("secret"), "{error}");
    }
}
