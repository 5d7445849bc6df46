//! The keys as AWS's client wants them.

use aws_credential_types::{
    Credentials as AwsCredentials,
    provider::{self, ProvideCredentials, error::CredentialsError, future},
};
use std::time::{Duration, UNIX_EPOCH};

use super::Credentials;

impl ProvideCredentials for Credentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(provide(self))
    }
}

async fn provide(credentials: &Credentials) -> provider::Result {
    let keys = credentials
        .keys()
        .await
        .map_err(CredentialsError::provider_error)?;
    let expires = keys.expires_ms.and_then(|ms| u64::try_from(ms).ok());
    Ok(AwsCredentials::new(
        keys.access_key,
        keys.secret_key.reveal(),
        keys.session_token.map(|token| token.reveal().to_owned()),
        expires.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))),
        "cloudvault-obs",
    ))
}
