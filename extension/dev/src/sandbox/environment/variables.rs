//! The environment variables that Lambda gives to a function, and the smaller set that it gives
//! to an extension.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use super::Setting;
use crate::options::Initialization;

/// Where this generation of an environment has its things.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    /// The Runtime, Extensions and Telemetry API.
    pub(crate) api: SocketAddr,
    /// The environment's /tmp.
    pub(crate) tmp: &'a Path,
    /// Name of the log stream.
    pub(crate) log_stream: String,
    /// The account's endpoint, as this environment reaches it.
    pub(crate) endpoint: String,
    /// Where credentials are served, and for which token.
    pub(crate) credentials: (String, &'a str),
}

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// What the function's process gets; its own variables win over those that Lambda does not
/// reserve.
pub(crate) fn of_function(setting: &Setting, place: &Place<'_>) -> Variables {
    let mut variables = shared(setting, place);
    let name = &setting.spec.name;
    let xray = setting.xray;
    let reserved = [
        ("_HANDLER", setting.spec.handler.clone()),
        ("LAMBDA_TASK_ROOT", task_root(&setting.spec.command)),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", place.log_stream.clone()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("AWS_XRAY_DAEMON_ADDRESS", xray.to_string()),
        ("_AWS_XRAY_DAEMON_ADDRESS", xray.ip().to_string()),
        ("_AWS_XRAY_DAEMON_PORT", xray.port().to_string()),
    ];
    variables.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    if let Initialization::ManagedInstances(most) = setting.spec.initialization {
        variables.insert("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), most.to_string());
    }
    variables
}

/// What the extension's process gets: nothing about the handler, the logs and X-Ray.
pub(crate) fn of_extension(setting: &Setting, place: &Place<'_>) -> Variables {
    shared(setting, place)
}

fn shared(setting: &Setting, place: &Place<'_>) -> Variables {
    let tmp = place.tmp.display().to_string();
    let defaults = [
        ("PATH", setting.path.clone()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("TMPDIR", tmp.clone()),
        ("OBS_JOURNAL", format!("{tmp}/cloudvault-obs/journal")),
        ("AWS_ENDPOINT_URL", place.endpoint.clone()),
    ];
    let reserved = [
        ("AWS_LAMBDA_RUNTIME_API", place.api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", setting.spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            setting.spec.memory_mb.to_string(),
        ),
        (
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            setting.spec.initialization.as_str().to_owned(),
        ),
        ("AWS_REGION", setting.account.region.clone()),
        ("AWS_DEFAULT_REGION", setting.account.region.clone()),
    ];
    let own = |(name, value): (&str, String)| (name.to_owned(), value);
    let mut variables: Variables = defaults.into_iter().map(own).collect();
    variables.extend(setting.spec.environment.clone());
    variables.extend(reserved.into_iter().map(own));
    variables.extend(credentials(setting.spec.initialization, place));
    variables
}

/// Credentials in variables; a snapshot has none, since they would be those of its making.
fn credentials(initialization: Initialization, place: &Place<'_>) -> Variables {
    let (address, token) = &place.credentials;
    let pairs = match initialization {
        Initialization::SnapStart => vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address.as_str()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token),
        ],
        _ => vec![
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_SESSION_TOKEN", "test"),
        ],
    };
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.into_iter().map(own).collect()
}

/// Lambda unpacks the function into its task root; here that is the folder of the program.
fn task_root(command: &Path) -> String {
    let absolute = std::path::absolute(command).unwrap_or_else(|_| command.to_owned());
    absolute
        .parent()
        .unwrap_or(Path::new("/"))
        .display()
        .to_string()
}
