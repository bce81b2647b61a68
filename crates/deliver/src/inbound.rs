//! Messages of phones that a provider hands over by HTTP: who may, and where in the request they stand.

use crate::inbox::New;
use crate::secret::Secret;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;

/// A gateway whose provider hands over messages.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Its name, which stands in the URL.
    pub gateway: String,
    /// What stands behind it, so that nobody else can.
    pub key: Secret,
    /// The field with the number of the phone.
    pub from: String,
    /// The field with the text.
    pub text: String,
}

impl Inbound {
    /// Whether somebody knows the key. How long that takes says nothing about the key.
    pub fn allows(&self, key: &str) -> bool {
        let of = |text: &str| digest(&SHA256, text.as_bytes());
        of(key).as_ref() == of(self.key.reveal()).as_ref()
    }

    /// The message of a request, by its fields.
    pub fn read(&self, fields: &BTreeMap<String, String>) -> Option<New> {
        let (from, text) = (fields.get(&self.from)?, fields.get(&self.text)?);
        Some(New { gateway: self.gateway.clone(), from: from.clone(), text: text.clone() })
    }
}
