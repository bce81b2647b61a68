//! Messages as signed JSON to a URL, as <https://www.standardwebhooks.com> describes it.
//!
//! The signature covers the name of the message, the time and the body. A receiver with the same secret knows that
//! nobody changed them, and refuses what is old; by the name it drops what comes twice.

use crate::calls::Reply;
use crate::clock::now;
use crate::http::client::Asked;
use crate::http::{Client, refused};
use crate::secret::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use outbox::Submission;
use ring::hmac;
use std::time::Duration;
use ureq::http::Method;

/// The standard asks for 24 to 64 bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A receiver of signed JSON.
#[derive(Debug)]
pub struct Webhook {
    /// Who asks.
    pub client: Client,
    /// Where to. It may hold a key.
    pub url: Secret,
    /// With what it is signed: with each of them, so that a key can be changed.
    pub keys: Keys,
}

/// Keys that nothing shows.
pub struct Keys(Vec<hmac::Key>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (hidden)", self.0.len())
    }
}

/// Why a secret has no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret must be 24 to 64 bytes in base64, and may begin with `whsec_`")]
pub struct KeyError;

impl Keys {
    /// The keys of a secret: one, or several with spaces or line breaks between them.
    pub fn of(secret: &Secret) -> Result<Self, KeyError> {
        let key = |word: &str| {
            let bytes = BASE64_STANDARD.decode(word.strip_prefix("whsec_").unwrap_or(word));
            let bytes = bytes.ok().filter(|bytes| KEY_BYTES.contains(&bytes.len())).ok_or(KeyError)?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        let keys: Vec<hmac::Key> = secret.reveal().split_whitespace().map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError) } else { Ok(Self(keys)) }
    }

    /// What stands in the header `webhook-signature`.
    fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let signed = format!("{id}.{seconds}.{body}");
        let one = |key| format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(key, signed.as_bytes())));
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

impl Webhook {
    pub(crate) fn send(&self, submission: &Submission, within: Duration) -> Reply {
        let (id, body) = (submission.id.0.as_str(), submission.text.clone());
        let seconds = now().0.div_euclid(1_000);
        let (signature, time) = (self.keys.sign(id, seconds, &body), seconds.to_string());
        let headers = [
            ("Content-Type", "application/json"),
            ("webhook-id", id),
            ("webhook-timestamp", &time),
            ("webhook-signature", &signature),
        ];
        let asked = Asked { method: Method::POST, url: self.url.reveal(), body };
        match self.client.ask(&asked, headers.into_iter(), within) {
            Ok(answer) if (200..300).contains(&answer.status) => Reply::Arrived { remote: id.to_owned() },
            Ok(answer) => Reply::Answer(refused(answer.status, None)),
            Err(reply) => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // Secret, name, time, body and signature of the libraries' own tests (standard-webhooks, 2023).
        let keys = Keys::of(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let signature = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_may_have_two_keys_and_must_have_one() {
        let both = Keys::of(&Secret::new(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        ));
        assert_eq!(both.unwrap().sign("a", 1, "b").split(' ').count(), 2);
        for wrong in ["", " \n", "c2hvcnQ=", "no base64 at all, is it", "whsec_"] {
            assert_eq!(Keys::of(&Secret::new(wrong)).unwrap_err(), KeyError, "{wrong}");
        }
    }

    #[test]
    fn nothing_shows_a_key() {
        let keys = Keys::of(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        assert_eq!(format!("{keys:?}"), "1 (hidden)");
    }
}
