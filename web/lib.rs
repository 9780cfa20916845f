//! The files of the browser view, as they are sent.

use std::borrow::Cow;

/// What Vite made (`build.rs`).
#[derive(rust_embed::Embed)]
#[folder = "dist/"]
struct Built;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli (RFC 7932).
    Brotli,
    /// gzip (RFC 1952).
    Gzip,
}

impl Encoding {
    /// Those that files are kept in, the smallest first.
    pub const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Its name in `Accept-Encoding` and `Content-Encoding` (RFC 9110).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }
}

/// A file of the view.
#[derive(Clone, Debug)]
pub struct File {
    /// Its bytes, compressed if that was asked for.
    pub bytes: Cow<'static, [u8]>,
    /// Media type, with the character set of text.
    pub media_type: &'static str,
    /// A strong entity tag (RFC 9110, 8.8.3) with its quotes: SHA-256 of `bytes`, in hexadecimal.
    pub etag: String,
    /// Its name has the hash of what is in it: it never changes.
    pub immutable: bool,
}

/// The file of a path as browsers ask for it, `/` being the page. None if there is no such file, or not so compressed.
#[must_use]
pub fn file(path: &str, encoding: Option<Encoding>) -> Option<File> {
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let media_type = media_type(name)?;
    let stored = match encoding {
        None => Built::get(name)?,
        Some(encoding) => Built::get(&format!("{name}.{}", encoding.extension()))?,
    };
    let hash = stored.metadata.sha256_hash();
    let etag = hash.iter().fold(String::from("\""), |text, byte| text + &format!("{byte:02x}")) + "\"";
    Some(File { bytes: stored.data, media_type, etag, immutable: name.starts_with("assets/") })
}

/// By the end of a name. Files of other sorts are not sent, compressed ones under their own names neither.
fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, file};

    #[test]
    fn the_page_and_what_it_names_are_there() {
        let page = file("/", None).unwrap();
        let text = String::from_utf8(page.bytes.to_vec()).unwrap();
        assert!(!page.immutable);
        let named: Vec<_> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
        assert!(named.len() >= 2, "{text}");
        for path in named {
            assert!(file(path, None).unwrap().immutable);
            for encoding in Encoding::ALL {
                let small = file(path, Some(encoding)).unwrap();
                assert!(small.bytes.len() < file(path, None).unwrap().bytes.len());
                assert_ne!(small.etag, file(path, None).unwrap().etag);
            }
        }
    }

    #[test]
    fn nothing_is_inlined_that_the_content_security_policy_refuses() {
        let page = file("/index.html", None).unwrap();
        let text = String::from_utf8(page.bytes.to_vec()).unwrap();
        assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("data:"), "{text}");
        assert!(
            text.match_indices("<script").all(|(at, _)| text[at..]
                .split('>')
                .next()
                .unwrap()
                .contains("src="))
        );
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in ["/nothing", "/../Cargo.toml", "/assets/", "/index.html.br", "//", "/%2e"] {
            assert!(file(path, None).is_none() || path == "//", "{path}");
        }
    }
}
