//! Signatures of closed segments (Ed25519), and the keys for them.
//!
//! A signature says that who holds the key closed, or wrote anew, this very segment. docs/THREAT-MODEL.md says what that
//! shows and what it does not.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, KeypairBytes,
};
use ed25519_dalek::{SECRET_KEY_LENGTH, Signature, Signer as _, SigningKey, VerifyingKey};
use redb::WriteTransaction;
use serde::Serialize;

use crate::block::Hash;
use crate::context::encode_one;
use crate::limits::KEY_BYTES;
use crate::segment::file::FileError;
use crate::segment::meta::{CLOSED, Closed, Head, SIGNATURE};
use crate::segment::tables::META;

/// What every signed message begins with, so that a signature is good for nothing else.
const DOMAIN: &[u8] = b"tachograph segment signature 1\0";
/// Bytes of the row: public key, then signature.
const ROW: usize = 32 + 64;

/// A key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The operating system refused.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others than its owner may read or change the signing key.
    #[error("{} is a signing key that others may read or change: chmod 0600 it, and make a new one if they may have", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It is no key of a known form.
    #[error("{} is no {what}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
    },
}

/// Signs segments as they are closed or written anew.
pub struct SegmentSigner(SigningKey);

impl fmt::Debug for SegmentSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SegmentSigner({})", self.public_key())
    }
}

impl SegmentSigner {
    /// Reads a signing key: PKCS#8 in PEM (`openssl genpkey -algorithm ed25519`) or the 32 bytes of the seed.
    ///
    /// # Errors
    /// If it cannot be read, others than its owner may read or change it, or it is no such key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { action: "reading the signing key", path: path.to_owned(), source };
        // Asked of the open file, so that nobody can put another one in its place in between.
        let file = std::fs::File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        let own = metadata.uid() == rustix::process::geteuid().as_raw() || metadata.uid() == 0;
        if metadata.mode() & 0o077 != 0 || !own {
            return Err(KeyError::Exposed { path: path.to_owned() });
        }
        let bytes = read(file).map_err(io)?;
        let malformed = || KeyError::Malformed {
            path: path.to_owned(),
            what: "Ed25519 signing key (PKCS#8 in PEM, or 32 bytes)",
        };
        if let Ok(seed) = <[u8; SECRET_KEY_LENGTH]>::try_from(bytes.as_slice()) {
            return Ok(Self(SigningKey::from_bytes(&seed)));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
        SigningKey::from_pkcs8_pem(text).map(Self).map_err(|_| malformed())
    }

    /// Makes a new key and writes it to a file of its own (mode 0600, PKCS#8 in PEM).
    ///
    /// # Errors
    /// If the file exists, or cannot be written.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { action: "making the signing key", path: path.to_owned(), source };
        let mut seed = [0; SECRET_KEY_LENGTH];
        let mut filled = 0;
        while filled < seed.len() {
            let flags = rustix::rand::GetRandomFlags::empty();
            filled +=
                rustix::rand::getrandom(&mut seed[filled..], flags).map_err(|error| io(error.into()))?;
        }
        let key = SigningKey::from_bytes(&seed);
        // Without the public half, with which OpenSSL 3.0 does not read it.
        let alone = KeypairBytes { secret_key: seed, public_key: None };
        let pem =
            alone.to_pkcs8_pem(LineEnding::LF).map_err(|error| io(io::Error::other(error.to_string())))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
        Ok(Self(key))
    }

    /// What its signatures are checked with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The row of a segment.
    pub(crate) fn row(&self, of: &Signed<'_>) -> [u8; ROW] {
        let mut row = [0; ROW];
        row[..32].copy_from_slice(self.0.verifying_key().as_bytes());
        row[32..].copy_from_slice(&self.0.sign(&of.message()).to_bytes());
        row
    }
}

/// What signatures are checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl PublicKey {
    /// Reads a public key: SPKI in PEM (`openssl pkey -pubout`) or its 32 bytes.
    ///
    /// # Errors
    /// If it cannot be read, or is no such key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { action: "reading the public key", path: path.to_owned(), source };
        let bytes = std::fs::File::open(path).and_then(read).map_err(io)?;
        let malformed = || KeyError::Malformed {
            path: path.to_owned(),
            what: "Ed25519 public key (SPKI in PEM, or 32 bytes)",
        };
        if let Ok(raw) = <[u8; 32]>::try_from(bytes.as_slice()) {
            return VerifyingKey::from_bytes(&raw).map(Self).map_err(|_| malformed());
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
        VerifyingKey::from_public_key_pem(text).map(Self).map_err(|_| malformed())
    }

    /// As SPKI in PEM, which other tools read too.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }
}

/// At most so much as a key may have.
fn read(file: std::fs::File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(KEY_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a signature of a segment is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub format: u32,
    pub head: &'a Head,
    pub digest: &'a Hash,
    pub origin: Option<&'a Hash>,
}

impl Signed<'_> {
    /// Domain, format (`u32le`), number (`u64be`), boot (`u128be`), digest, 1 and origin or 0.
    fn message(&self) -> Vec<u8> {
        let mut message = DOMAIN.to_vec();
        message.extend_from_slice(&self.format.to_le_bytes());
        message.extend_from_slice(&self.head.number.to_be_bytes());
        message.extend_from_slice(&self.head.boot.to_be_bytes());
        message.extend_from_slice(self.digest);
        match self.origin {
            Some(origin) => {
                message.push(1);
                message.extend_from_slice(origin);
            }
            None => message.push(0),
        }
        message
    }

    /// Writes down that a segment is closed, and signs it.
    pub fn close(
        &self,
        write: &WriteTransaction,
        closed: &Closed,
        signer: Option<&SegmentSigner>,
    ) -> Result<(), FileError> {
        let mut meta = write.open_table(META)?;
        meta.insert(CLOSED, encode_one(closed).as_slice())?;
        match signer {
            Some(signer) => meta.insert(SIGNATURE, signer.row(self).as_slice())?,
            None => meta.remove(SIGNATURE)?,
        };
        Ok(())
    }

    /// What a segment's row says about it.
    pub fn check(&self, row: Option<&[u8]>) -> Finding {
        let Some(row) = row else { return Finding::None };
        let Ok(row) = <&[u8; ROW]>::try_from(row) else { return Finding::Invalid };
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        key.copy_from_slice(&row[..32]);
        signature.copy_from_slice(&row[32..]);
        match VerifyingKey::from_bytes(&key) {
            // The strict rule: one message, one signature.
            Ok(key) if key.verify_strict(&self.message(), &Signature::from_bytes(&signature)).is_ok() => {
                Finding::By(PublicKey(key))
            }
            _ => Finding::Invalid,
        }
    }
}

/// What was found of a segment's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It has none.
    None,
    /// It has one that is not of this segment.
    Invalid,
    /// It has one by this key.
    By(PublicKey),
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Invalid => serializer.serialize_str("invalid"),
            Self::By(key) => serializer.collect_str(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Finding, KeyError, PublicKey, SegmentSigner, Signed};
    use crate::segment::meta::Head;

    fn head() -> Head {
        Head {
            number: 3,
            boot: 7,
            created: 1,
            first_event: 1,
            first_context: 1,
            previous: None,
            left_out: Vec::new(),
        }
    }

    #[test]
    fn a_signature_is_of_one_segment_by_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let signer = SegmentSigner::create(&dir.path().join("key")).unwrap();
        let (head, digest) = (head(), [5; 32]);
        let signed = Signed { format: 2, head: &head, digest: &digest, origin: None };
        let row = signer.row(&signed);
        assert_eq!(signed.check(Some(&row)), Finding::By(signer.public_key()));
        assert_eq!(signed.check(None), Finding::None);
        assert_eq!(signed.check(Some(&row[1..])), Finding::Invalid);
        let other = Head { number: 4, ..head.clone() };
        for wrong in [
            Signed { format: 3, ..signed },
            Signed { head: &other, ..signed },
            Signed { digest: &[6; 32], ..signed },
            Signed { origin: Some(&digest), ..signed },
        ] {
            assert_eq!(wrong.check(Some(&row)), Finding::Invalid, "{wrong:?}");
        }
        for place in 0..row.len() {
            let mut row = row;
            row[place] ^= 1;
            assert_eq!(signed.check(Some(&row)), Finding::Invalid, "byte {place}");
        }
    }

    #[test]
    fn a_key_comes_back_from_its_file_in_both_forms() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made = SegmentSigner::create(&path).unwrap();
        assert!(matches!(SegmentSigner::create(&path), Err(KeyError::Io { .. })), "none is written over");
        assert_eq!(SegmentSigner::load(&path).unwrap().public_key(), made.public_key());
        let pem = std::fs::read_to_string(&path).unwrap();
        assert!(
            pem.contains("\nMC4CAQAwBQYDK2VwBCIEI"),
            "the form that OpenSSL reads, RFC 8410 section 10.3"
        );
        let public = dir.path().join("public");
        std::fs::write(&public, made.public_key().to_pem()).unwrap();
        assert_eq!(PublicKey::load(&public).unwrap(), made.public_key());
        assert!(PublicKey::load(&path).is_err(), "a signing key is not handed out to check with");
        let raw = dir.path().join("raw");
        std::fs::write(&raw, [9; 32]).unwrap();
        std::fs::set_permissions(&raw, std::fs::Permissions::from_mode(0o600)).unwrap();
        SegmentSigner::load(&raw).unwrap();
        std::fs::write(&raw, [9; 31]).unwrap();
        assert!(matches!(SegmentSigner::load(&raw), Err(KeyError::Malformed { .. })));
    }

    #[test]
    fn a_signing_key_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        SegmentSigner::create(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(SegmentSigner::load(&path), Err(KeyError::Exposed { .. })), "{mode:o}");
        }
    }
}
