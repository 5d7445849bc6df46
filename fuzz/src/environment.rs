//! Environments as somebody may have typed them.

use cloudvault_obs::testing::Function;

/// Every variable that is read; those that change what a line is come last.
const NAMES: [&str; 26] = [
    "AWS_LAMBDA_LOG_LEVEL",
    "OBS_LOG",
    "OBS_LOG_SAMPLE",
    "OBS_LOG_BUFFER",
    "OBS_LOG_LIMIT",
    "OBS_REDACT",
    "OBS_REDACT_KEYS",
    "OBS_REDACT_ALLOW",
    "OBS_LOG_EVENT",
    "OBS_LOG_RESPONSE",
    "OBS_TIMEOUT_MARGIN",
    "OBS_LOOP_LIMIT",
    "OBS_SERVICE",
    "OBS_NAMESPACE",
    "OBS_DIMENSIONS",
    "OBS_COLD_START_METRIC",
    "OBS_MAX_SERIES",
    "OBS_TRACE_CAPTURE_RESPONSE",
    "OBS_TRACE_CAPTURE_ERROR",
    "OBS_TRACE_IN_PROGRESS",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "OBS_METRICS",
    "OBS_LOG_FORMAT",
];

/// Variables from `data`: nothing of them stops the function.
///
/// # Panics
///
/// When a line of JSON does not parse, or an error's line is missing though nobody
/// has switched lines off.
pub fn variables(data: &[u8]) {
    let variables = data.split(|byte| *byte == b'\n').filter_map(|piece| {
        let (name, value) = piece.split_first()?;
        let name = NAMES[usize::from(*name) % NAMES.len()];
        Some((name, String::from_utf8_lossy(value).into_owned()))
    });
    let variables: Vec<_> = variables.collect();
    let function = Function::with_env(variables.clone());
    function.scope(|| {
        tracing::error!(password = "pl4nt3d", "failed");
        metrics::counter!("Failures", "kind" => "fuzz").increment(1);
    });
    function.flush_metrics();
    let output = function.take_output();
    let off = |(name, value): &(&str, String)| {
        matches!(*name, "AWS_LAMBDA_LOG_LEVEL" | "OBS_LOG")
            && value.trim().eq_ignore_ascii_case("off")
    };
    let said = output.windows(6).any(|window| window == b"failed");
    assert!(said || variables.iter().any(off));
    if !variables.iter().any(|(name, _)| *name == "OBS_LOG_FORMAT") {
        for line in output
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            serde_json::from_slice::<serde_json::Value>(line).expect("a line parses");
        }
    }
}
