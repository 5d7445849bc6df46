//! Where points are delivered to. The account has no default: without it the
//! extension idles and the library writes its metrics as log lines instead.

use std::{fmt, path::PathBuf};

use cloudvault_obs_core::variables;

use super::environment::Environment;
use crate::credentials::{Container, Keys, Source, Token};

/// The account that points are delivered to.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`;
    /// without the first `AWS_CONTAINER_CREDENTIALS_FULL_URI` with
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN` or its `_FILE`, as SnapStart has it.
    pub credentials: Source,
    /// `AWS_ENDPOINT_URL_CLOUDWATCH`, else `AWS_ENDPOINT_URL`; `http` or `https`.
    pub endpoint: Option<String>,
    /// `OBS_CA_BUNDLE`: a PEM file of certificate authorities to trust beside
    /// the compiled-in ones.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_USE_FIPS_ENDPOINT`.
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`.
    pub dual_stack: bool,
}

/// A value that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides `value`.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for signing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Why nothing can be delivered: one sentence that names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAccount(String);

impl Account {
    /// Reads the account, or says what is missing.
    pub(super) fn read(env: &mut Environment) -> Result<Self, NoAccount> {
        let (fips, dual_stack) = (
            env.flag("AWS_USE_FIPS_ENDPOINT"),
            env.flag("AWS_USE_DUALSTACK_ENDPOINT"),
        );
        let need = |what: &str, value: Option<String>| {
            value.ok_or_else(|| {
                NoAccount(format!(
                    "{what} is not set; Lambda sets it from the function's execution role, \
                     elsewhere set it by hand"
                ))
            })
        };
        Ok(Self {
            region: need(
                "AWS_REGION",
                env.text("AWS_REGION").or(env.text("AWS_DEFAULT_REGION")),
            )?,
            credentials: match env.text("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                Some(uri) if env.text("AWS_ACCESS_KEY_ID").is_none() => container(env, &uri)?,
                _ => Source::Environment(Keys {
                    access_key: need("AWS_ACCESS_KEY_ID", env.text("AWS_ACCESS_KEY_ID"))?,
                    secret_key: need("AWS_SECRET_ACCESS_KEY", env.text("AWS_SECRET_ACCESS_KEY"))
                        .map(Secret)?,
                    session_token: env.text("AWS_SESSION_TOKEN").map(Secret),
                    expires_ms: None,
                }),
            },
            endpoint: endpoint(env, "AWS_ENDPOINT_URL_CLOUDWATCH")?,
            ca_bundle: env.text(variables::CA_BUNDLE.name).map(PathBuf::from),
            fips,
            dual_stack,
        })
    }
}

fn container(env: &Environment, uri: &str) -> Result<Source, NoAccount> {
    let file = env.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    let given = env.text("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let token = file
        .map(|path| Token::File(path.into()))
        .or_else(|| Some(Token::Given(Secret(given?))));
    Container::new(uri, token)
        .map(Source::Container)
        .map_err(|error| NoAccount(format!("failed to {error}")))
}

/// A bad endpoint has no default: the real one would send a test's points to
/// production.
pub(super) fn endpoint(
    env: &Environment,
    of_service: &'static str,
) -> Result<Option<String>, NoAccount> {
    for name in [of_service, "AWS_ENDPOINT_URL"] {
        let Some(url) = env.text(name) else { continue };
        let uri = url.parse::<http::Uri>().ok();
        let scheme = uri.as_ref().and_then(http::Uri::scheme_str);
        if !matches!(scheme, Some("http" | "https")) {
            return Err(NoAccount(format!(
                "{name} is {url:?}; give a URL such as http://127.0.0.1:4400, or unset it"
            )));
        }
        return Ok(Some(url));
    }
    Ok(None)
}
