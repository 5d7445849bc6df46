//! Who signs the requests: the keys that Lambda puts into the environment, or,
//! under SnapStart, an endpoint that gives new ones.
//!
//! A restored copy of an environment would otherwise go on with the keys that
//! were valid when the snapshot was made. After "Activating SnapStart", AWS
//! Lambda's Developer Guide, and "Container credential provider", AWS SDKs and
//! Tools Reference Guide.

// Bytes of others come in here, and a panic would take the function down.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod aws;

use std::{
    fmt, fs,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header::AUTHORIZATION};
use http_body_util::Full;
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    clock::Clock,
    config::Secret,
    lifecycle::http::{HttpError, send},
    telemetry::time::epoch_ms,
};

/// New keys are asked for so long before the old ones expire, as AWS's SDKs do.
const EARLY_MS: i64 = 5 * 60 * 1000;
/// The endpoint is next door.
const FETCH: Duration = Duration::from_secs(1);

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The environment; they hold for as long as it does.
    Environment(Keys),
    /// An endpoint that gives them for a time.
    Container(Container),
}

/// What a request is signed with.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Names the secret key.
    pub access_key: String,
    /// Signs.
    pub secret_key: Secret,
    /// Goes along with keys that are valid for a time.
    pub session_token: Option<Secret>,
    /// When they expire, milliseconds since the epoch, if they do.
    pub expires_ms: Option<i64>,
}

/// An endpoint that gives keys.
#[derive(Debug, Clone)]
pub struct Container {
    uri: Uri,
    token: Option<Token>,
}

/// What the endpoint wants to see.
#[derive(Debug, Clone)]
pub enum Token {
    /// The token itself.
    Given(Secret),
    /// A file that holds it; it is read each time, since it changes.
    File(PathBuf),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The endpoint's address cannot be used.
    #[error(
        "use AWS_CONTAINER_CREDENTIALS_FULL_URI {0:?}: expected http:// and a loopback address, \
         169.254.170.2 or 169.254.170.23"
    )]
    Uri(String),
    /// The file that holds the token cannot be read.
    #[error("read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE {0}: {1}")]
    Token(PathBuf, std::io::Error),
    /// The endpoint did not answer.
    #[error("get credentials: {0}")]
    Http(#[from] HttpError),
    /// The endpoint did not answer in time.
    #[error("get credentials: no answer within {} s", FETCH.as_secs())]
    Slow,
    /// It answered something else. The body is not shown: it may hold keys.
    #[error("get credentials: {0}")]
    Answer(String),
}

impl Container {
    /// An endpoint at `uri`. A token is sent in the clear, so only to this
    /// machine and to the addresses that AWS keeps for it.
    ///
    /// # Errors
    ///
    /// When it is no such address.
    pub fn new(uri: &str, token: Option<Token>) -> Result<Self, CredentialsError> {
        let refused = || CredentialsError::Uri(uri.chars().take(200).collect());
        let parsed: Uri = uri.parse().map_err(|_| refused())?;
        let host = parsed.host().unwrap_or_default();
        let near = match host.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(ip)) => {
                ip.is_loopback() || matches!(ip.octets(), [169, 254, 170, 2 | 23])
            }
            Ok(IpAddr::V6(ip)) => ip.is_loopback(),
            Err(_) => host == "localhost",
        };
        if parsed.scheme_str() != Some("http") || !near {
            return Err(refused());
        }
        Ok(Self { uri: parsed, token })
    }

    async fn fetch(&self) -> Result<Keys, CredentialsError> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().uri(path);
        match &self.token {
            Some(Token::Given(token)) => request = request.header(AUTHORIZATION, token.reveal()),
            Some(Token::File(path)) => {
                let token = fs::read_to_string(path)
                    .map_err(|error| CredentialsError::Token(path.clone(), error))?;
                request = request.header(AUTHORIZATION, token.trim_end());
            }
            None => {}
        }
        let request = request
            .body(Full::<Bytes>::default())
            .map_err(HttpError::from)?;
        let host = self.uri.host().unwrap_or_default();
        let authority = format!("{host}:{}", self.uri.port_u16().unwrap_or(80));
        let answer = timeout(FETCH, send(&authority, request))
            .await
            .map_err(|_| CredentialsError::Slow)??;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            return Err(CredentialsError::Answer(format!(
                "{authority} answered {status}"
            )));
        }
        keys(answer.body()).ok_or_else(|| {
            CredentialsError::Answer(format!("the answer of {authority} holds no keys"))
        })
    }
}

fn keys(body: &[u8]) -> Option<Keys> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let text = |name| document.get(name).and_then(Value::as_str);
    let expiration = text("Expiration");
    Some(Keys {
        access_key: text("AccessKeyId")?.to_owned(),
        secret_key: Secret::new(text("SecretAccessKey")?.to_owned()),
        session_token: text("Token").map(|token| Secret::new(token.to_owned())),
        // An expiry that cannot be read is one that is soon.
        expires_ms: expiration.map(|time| epoch_ms(time).unwrap_or(0)),
    })
}

/// Hands out keys, and asks for new ones before they expire.
#[derive(Clone)]
pub struct Credentials {
    source: Source,
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Option<Keys>>>,
}

impl Credentials {
    /// Keys of `source`.
    #[must_use]
    pub fn new(source: Source, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            kept: Arc::default(),
        }
    }

    /// Forgets keys that were asked for: this is a copy of the environment that
    /// asked.
    pub fn renew(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keys that are valid now. Old ones serve until they expire if there are no
    /// new ones to be had.
    ///
    /// # Errors
    ///
    /// Why there are none.
    pub async fn keys(&self) -> Result<Keys, CredentialsError> {
        let container = match &self.source {
            Source::Environment(keys) => return Ok(keys.clone()),
            Source::Container(container) => container,
        };
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let left_ms = kept.as_ref().map_or(0, |keys| {
            keys.expires_ms
                .map_or(i64::MAX, |ms| ms.saturating_sub(self.clock.now_ms()))
        });
        match kept {
            Some(kept) if left_ms > EARLY_MS => Ok(kept),
            kept => match (container.fetch().await, kept) {
                (Ok(keys), _) => {
                    *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
                    Ok(keys)
                }
                (Err(_), Some(kept)) if left_ms > 0 => Ok(kept),
                (Err(error), _) => Err(error),
            },
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
