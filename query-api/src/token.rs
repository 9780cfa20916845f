//! The token of a door, and the file that it is in: read again when it changes, so that an old token is refused from the
//! moment on in which a new one is in its place.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::Request;

use crate::limits::MAX_TOKEN;

/// The cookie is made of the token but does not give it away.
const COOKIE_KEY: &str = "tachograph session cookie 1";

/// A bearer token that does not show itself in logs.
#[derive(Clone)]
pub(crate) struct Token {
    /// Hashes compare in constant time, whatever the lengths.
    hash: blake3::Hash,
    pub(crate) cookie: String,
    cookie_hash: blake3::Hash,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    fn new(text: &str) -> Self {
        let cookie = blake3::derive_key(COOKIE_KEY, text.as_bytes());
        let cookie = blake3::Hash::from_bytes(cookie).to_hex().to_string();
        Self { hash: blake3::hash(text.as_bytes()), cookie_hash: blake3::hash(cookie.as_bytes()), cookie }
    }

    pub(crate) fn is(&self, given: &str) -> bool {
        blake3::hash(given.as_bytes()) == self.hash
    }

    pub(crate) fn is_cookie(&self, given: &str) -> bool {
        blake3::hash(given.as_bytes()) == self.cookie_hash
    }
}

/// Where a door's token comes from.
#[derive(Clone, Debug)]
pub(crate) enum Tokens {
    /// It stays the same.
    Fixed(Arc<Token>),
    /// A file has it.
    File(Arc<TokenFile>),
}

impl Tokens {
    pub(crate) fn fixed(text: &str) -> Self {
        Self::Fixed(Arc::new(Token::new(text)))
    }

    pub(crate) fn of_file(path: PathBuf) -> Self {
        Self::File(Arc::new(TokenFile { path, known: RwLock::default() }))
    }

    /// The token that is good now; `None` if there is none, so that nobody has it.
    pub(crate) fn now(&self) -> Option<Arc<Token>> {
        match self {
            Self::Fixed(token) => Some(Arc::clone(token)),
            Self::File(file) => file.now(),
        }
    }
}

/// That a request came in by a token. What goes on for long asks whether the token is still the one that is good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pass(Option<(Tokens, Arc<Token>)>);

impl Pass {
    pub(crate) const fn new(tokens: Tokens, token: Arc<Token>) -> Self {
        Self(Some((tokens, token)))
    }

    /// Of a request; one that came in without a token (over the socket) keeps what it has.
    pub(crate) fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Whether it would be let in now.
    pub(crate) fn holds(&self) -> bool {
        self.0.as_ref().is_none_or(|(tokens, token)| tokens.now().is_some_and(|now| now.hash == token.hash))
    }
}

/// A file with a token.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    known: RwLock<Known>,
}

/// What was read last, of which state of the file.
#[derive(Debug, Default)]
struct Known {
    mark: Option<Mark>,
    token: Option<Arc<Token>>,
}

/// Device, inode, size, and the times of the last change to content and inode.
type Mark = (u64, u64, u64, (i64, i64), (i64, i64));

fn mark(of: &Metadata) -> Mark {
    (of.dev(), of.ino(), of.size(), (of.mtime(), of.mtime_nsec()), (of.ctime(), of.ctime_nsec()))
}

impl TokenFile {
    fn now(&self) -> Option<Arc<Token>> {
        let found = fs::metadata(&self.path);
        // The state first: if the file changes while it is read, it is read once more.
        let mark = found.as_ref().ok().map(mark);
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if mark.is_some() && known.mark == mark {
                return known.token.clone();
            }
        }
        let read = found.and_then(|found| self.read(&found));
        if let Err(error) = &read {
            tracing::error!(file = %self.path.display(), %error, "the token cannot be read: nobody is let in");
        }
        let token = read.ok().map(Arc::new);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { mark, token: token.clone() };
        token
    }

    fn read(&self, found: &Metadata) -> io::Result<Token> {
        if found.len() > MAX_TOKEN {
            return Err(io::Error::other("too long for a token"));
        }
        let text = fs::read_to_string(&self.path)?;
        match text.trim() {
            "" => Err(io::Error::other("no token in it")),
            text => Ok(Token::new(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_again_when_it_is_another_and_without_one_nobody_is_let_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let tokens = Tokens::of_file(path.clone());
        assert!(tokens.now().is_none());
        fs::write(&path, "first\n").unwrap();
        assert!(tokens.now().unwrap().is("first"));
        let next = dir.path().join("next");
        fs::write(&next, "other").unwrap();
        fs::rename(&next, &path).unwrap();
        let now = tokens.now().unwrap();
        assert!(now.is("other") && !now.is("first"));
        fs::write(&path, "\n").unwrap();
        assert!(tokens.now().is_none());
        fs::remove_file(&path).unwrap();
        assert!(tokens.now().is_none());
    }

    #[test]
    fn a_token_does_not_show_itself() {
        assert!(!format!("{:?}", Tokens::fixed("secret")).contains("secret"));
    }
}
