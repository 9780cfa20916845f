//! Secrets in arguments are replaced before anything is stored.

/// What stands in for a secret.
pub const MASK: &str = "********";

/// Words that make the value of an option, a variable or a header a secret (compared without case, `-` and `_`).
const WORDS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesstoken",
    "authtoken",
    "token",
    "credential",
    "privatekey",
    "stripetoken",
    "mysqlpwd",
    "authorization",
];

/// Masks what looks like a secret in the arguments after the program's name: `--password=x`, `--token x`,
/// `API_KEY=x`, `Authorization: Bearer x`, and the password of a URL (`scheme://user:x@host`).
pub fn scrub(args: &mut [String]) {
    let mut value_next = false;
    for arg in args {
        if value_next && !arg.starts_with('-') {
            MASK.clone_into(arg);
            value_next = false;
            continue;
        }
        value_next = false;
        if let Some((name, value)) = arg.split_once(['=', ':'])
            && is_secret_name(name)
            && !value.starts_with("//")
        {
            let head = &arg[..=name.len()];
            if !value.is_empty() {
                *arg = format!("{head}{MASK}");
            }
            continue;
        }
        if let Some(masked) = mask_url(arg) {
            *arg = masked;
        } else {
            value_next = arg.starts_with('-') && is_secret_name(arg);
        }
    }
}

fn is_secret_name(name: &str) -> bool {
    // A name, not a sentence or a script that mentions one.
    const LONGEST: usize = 64;
    if name.len() > LONGEST || name.contains(char::is_whitespace) || name.contains('/') {
        return false;
    }
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| plain.ends_with(word) || plain.ends_with(&format!("{word}s")))
}

fn mask_url(arg: &str) -> Option<String> {
    let start = arg.find("://")? + 3;
    let rest = &arg[start..];
    let end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let at = authority.rfind('@')?;
    let colon = authority[..at].find(':')?;
    Some(format!("{}:{MASK}{}", &arg[..start + colon], &arg[start + at..]))
}

#[cfg(test)]
mod tests {
    use super::scrub;

    fn scrubbed(args: &[&str]) -> Vec<String> {
        let mut args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        scrub(&mut args);
        args
    }

    #[test]
    fn secrets_are_masked_in_every_common_form() {
        assert_eq!(scrubbed(&["--password=hunter2"]), ["--password=********"]);
        assert_eq!(scrubbed(&["--auth-token", "abc", "file"]), ["--auth-token", "********", "file"]);
        assert_eq!(scrubbed(&["-e", "API_KEY=abc"]), ["-e", "API_KEY=********"]);
        assert_eq!(scrubbed(&["-H", "Authorization: Bearer abc"]), ["-H", "Authorization:********"]);
        assert_eq!(scrubbed(&["https://joe:pw@host/x"]), ["https://joe:********@host/x"]);
        assert_eq!(scrubbed(&["postgres://joe:p@ss@host"]), ["postgres://joe:********@host"]);
    }

    #[test]
    fn what_is_no_secret_stays() {
        for args in [
            &["--password-file", "/run/pw"][..],
            &["-c", "grep password= /etc/x; echo done"],
            &["https://host/path?x=1"],
            &["--token", "--verbose"],
            &["tokens.txt"],
        ] {
            assert_eq!(scrubbed(args), args);
        }
    }
}
