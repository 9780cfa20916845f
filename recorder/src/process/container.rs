//! Container ids from cgroup paths alone.

/// The container id in a cgroup path: 64 hex digits, 32 hex digits with `-` and decimal digits (ECS), or 8 hex
/// digits and four groups of 4 (Garden); the characters around it are no hex digits. `None` for systemd units
/// and plain slices.
#[must_use]
pub fn container_id(cgroup: &str) -> Option<&str> {
    let bytes = cgroup.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_hexdigit() {
            at += 1;
            continue;
        }
        let run = bytes[at..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let end = match run {
            64 => Some(at + 64),
            32 => ecs_end(bytes, at + 32),
            8 => garden_end(bytes, at + 8),
            _ => None,
        };
        if let Some(end) = end
            && !bytes.get(end).is_some_and(u8::is_ascii_hexdigit)
        {
            return cgroup.get(at..end);
        }
        at += run;
    }
    None
}

fn ecs_end(bytes: &[u8], dash: usize) -> Option<usize> {
    if bytes.get(dash) != Some(&b'-') {
        return None;
    }
    let digits = bytes[dash + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(dash + 1 + digits)
}

fn garden_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..4 {
        let group = bytes.get(at..at + 5)?;
        if group[0] != b'-' || !group[1..].iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        at += 5;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::container_id;

    #[test]
    fn ids_of_the_known_runtimes_are_found() {
        let hex = "0123456789abcdef".repeat(4);
        for path in [
            format!("/system.slice/docker-{hex}.scope"),
            format!("/kubepods/besteffort/pod7c9e6679-7425-40de-944b-e07fc1f90ae7/{hex}"),
            format!("/machine.slice/libpod-{hex}.scope/container"),
        ] {
            assert_eq!(container_id(&path), Some(hex.as_str()), "{path}");
        }
        assert_eq!(
            container_id("/ecs/0123456789abcdef0123456789abcdef-123/x"),
            Some("0123456789abcdef0123456789abcdef-123")
        );
        assert_eq!(
            container_id("/garden/01234567-89ab-cdef-0123-4567"),
            Some("01234567-89ab-cdef-0123-4567")
        );
    }

    #[test]
    fn units_and_longer_hex_are_no_containers() {
        assert_eq!(container_id("/system.slice/ssh.service"), None);
        assert_eq!(container_id(&format!("/{}", "a".repeat(65))), None);
        assert_eq!(container_id("/user.slice/user-1000.slice/session-3.scope"), None);
        assert_eq!(container_id(""), None);
    }
}
