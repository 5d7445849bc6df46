//! AWS's clients, as a program makes them.

/// A client of one SDK for a running account, with a key that the account knows or one
/// of the caller's.
macro_rules! client {
    ($sdk:ident, $running:expr, $key:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("us-east-1"))
                .endpoint_url(format!("http://{}", $running.dev.address()))
                .credentials_provider(aws_credential_types::Credentials::new(
                    $key, "secret", None, None, "test",
                ))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    };
    ($sdk:ident, $running:expr) => {
        client!($sdk, $running, "AKID")
    };
}
