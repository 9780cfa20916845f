//! `dns` and `imds`: what goes through sockets.

use serde::{Serialize, Serializer};

use super::object::Object;
use super::words;
use crate::{AwsCredentials, Detail, Dns, Imds};

/// `dns`.
pub(super) struct DnsJson<'a>(pub(super) &'a Dns);

impl Serialize for DnsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("id", &self.0.id)?;
        object.put("question", &Question(self.0))?;
        object.end()
    }
}

struct Question<'a>(&'a Dns);

impl Serialize for Question<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Dns { name, kind, class, size, count, .. } = self.0;
        let mut object = Object::open(serializer)?;
        object.put("class", &words::dns_class(*class))?;
        object.put("type", &words::dns_type(*kind))?;
        object.put("name", name)?;
        object.put("size", size)?;
        object.put("count", count)?;
        object.end()
    }
}

/// `imds`.
pub(super) struct ImdsJson<'a>(pub(super) &'a Imds);

impl Serialize for ImdsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let imds = self.0;
        let mut object = Object::open(serializer)?;
        object.put("type", if imds.response { "response" } else { "request" })?;
        object.put("cloud_provider", &imds.provider)?;
        object.text("url", &imds.url)?;
        object.text("host", &imds.host)?;
        object.text("user_agent", &imds.user_agent)?;
        object.text("server", &imds.server)?;
        if imds.provider == "aws" {
            object.put("aws", &Aws(imds))?;
        }
        object.end()
    }
}

struct Aws<'a>(&'a Imds);

impl Serialize for Aws<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("is_imds_v2", &self.0.v2)?;
        object.some("security_credentials", self.0.credentials.as_ref().map(AwsJson))?;
        object.end()
    }
}

/// Credentials that a metadata service handed out, without what is secret of them.
pub(super) struct AwsJson<'a>(&'a AwsCredentials);

impl<'a> AwsJson<'a> {
    /// Those that the event's process was given by it.
    pub(super) fn of(detail: &'a Detail) -> Option<[Self; 1]> {
        match detail {
            Detail::Imds(imds) => imds.credentials.as_ref().map(|credentials| [Self(credentials)]),
            _ => None,
        }
    }
}

impl Serialize for AwsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let AwsCredentials { code, kind, access_key_id, last_updated, expiration } = self.0;
        let mut object = Object::open(serializer)?;
        object.put("code", code)?;
        object.put("type", kind)?;
        object.put("access_key_id", access_key_id)?;
        object.put("last_updated", last_updated)?;
        object.put("expiration", expiration)?;
        object.end()
    }
}
