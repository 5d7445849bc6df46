//! Presigned URLs of the local store.
//!
//! As with S3, whoever holds the URL may do the one thing it grants until it
//! expires, and no server needs to remember it: the URL carries method, key,
//! headers and expiry, and an HMAC-SHA256 over all of them. The scheme is
//! `cloudvault:`, so nobody takes it for a URL that a browser could open.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::StoreError;
use super::key::Key;
use super::object::hex;

const SCHEME: &str = "cloudvault:///";
const SIGNATURE: &str = "&signature=";

/// The longest URL that is read.
const MAX_URL_BYTES: usize = 8 << 10;

/// What a URL allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read the object.
    Get,
    /// Store the object.
    Put,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
        }
    }
}

/// One permission: do `method` to `key` until `expires_ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What may be done.
    pub method: Method,
    /// To which object.
    pub key: Key,
    /// Until when, milliseconds since 1970.
    pub expires_ms: i64,
    /// Media type of the object to be stored; empty for a `Get`.
    pub content_type: String,
    /// User metadata the stored object gets; empty for a `Get`.
    pub user: BTreeMap<String, String>,
}

/// The store's secret.
#[derive(Clone)]
pub(super) struct SigningKey(pub(super) [u8; 32]);

impl SigningKey {
    /// The URL that carries `grant`.
    pub(super) fn sign(&self, grant: &Grant) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("method", grant.method.as_str());
        query.append_pair("expires", &grant.expires_ms.to_string());
        query.append_pair("content-type", &grant.content_type);
        for (name, value) in &grant.user {
            query.append_pair(&format!("x-amz-meta-{name}"), value);
        }
        let signed = format!("{SCHEME}{}?{}", grant.key.to_event(), query.finish());
        let signature = hex(&self.mac(&signed).finalize().into_bytes());
        format!("{signed}{SIGNATURE}{signature}")
    }

    /// The grant of a URL that this store signed and that has not expired.
    pub(super) fn verify(&self, url: &str, now_ms: i64) -> Result<Grant, StoreError> {
        let refuse = || StoreError::Forbidden;
        if url.len() > MAX_URL_BYTES {
            return Err(refuse());
        }
        let (signed, signature) = url.rsplit_once(SIGNATURE).ok_or_else(refuse)?;
        let signature = unhex(signature).ok_or_else(refuse)?;
        self.mac(signed)
            .verify_slice(&signature)
            .map_err(|_| refuse())?;
        let grant = parse(signed).ok_or_else(refuse)?;
        if now_ms >= grant.expires_ms {
            return Err(StoreError::Expired);
        }
        Ok(grant)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(text.as_bytes());
        mac
    }
}

fn parse(signed: &str) -> Option<Grant> {
    let (key, query) = signed.strip_prefix(SCHEME)?.split_once('?')?;
    let (mut method, mut expires_ms, mut content_type) = (None, None, String::new());
    let mut user = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("method", "GET") => method = Some(Method::Get),
            ("method", "PUT") => method = Some(Method::Put),
            ("expires", value) => expires_ms = value.parse().ok(),
            ("content-type", value) => value.clone_into(&mut content_type),
            (name, value) => {
                user.insert(
                    name.strip_prefix("x-amz-meta-")?.to_owned(),
                    value.to_owned(),
                );
            }
        }
    }
    Some(Grant {
        method: method?,
        key: Key::parse_event(key).ok()?,
        expires_ms: expires_ms?,
        content_type,
        user,
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            method: Method::Put,
            key: Key::parse("uploads/me/1/a b+c.png").unwrap(),
            expires_ms: 2_000,
            content_type: "image/png".to_owned(),
            user: [("correlation-id".to_owned(), "a=b&c".to_owned())].into(),
        }
    }

    #[test]
    fn a_signed_url_gives_back_its_grant_until_it_expires() {
        let key = SigningKey([7; 32]);
        let url = key.sign(&grant());
        assert_eq!(key.verify(&url, 1_999).unwrap(), grant());
        assert!(matches!(key.verify(&url, 2_000), Err(StoreError::Expired)));
    }

    #[test]
    fn a_changed_url_is_refused() {
        let key = SigningKey([7; 32]);
        let url = key.sign(&grant());
        let check = |url: &str| {
            assert!(
                matches!(key.verify(url, 0), Err(StoreError::Forbidden)),
                "{url}"
            );
        };
        check(&url.replace("PUT", "GET"));
        check(&url.replace("expires=2000", "expires=9999"));
        check(&url.replace("uploads/me", "uploads/you"));
        check(&url[..url.len() - 1]);
        check(&SigningKey([8; 32]).sign(&grant()));
        check("");
        check("&signature=");
        check(&format!("cloudvault:///x{SIGNATURE}{}", "é".repeat(32)));
    }
}
