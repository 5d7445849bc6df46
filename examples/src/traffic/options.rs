//! The command line of `traffic`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Plays CloudVault's clients, SQS's event source mapping and the cleanup
/// schedule against a Lambda endpoint, for a bounded time.
#[derive(Debug, Clone, Parser)]
#[command(name = "traffic")]
pub struct Options {
    /// Where the Lambda Invoke API answers.
    #[arg(long, default_value = "http://127.0.0.1:4400", value_name = "URL")]
    pub endpoint: String,

    /// The object store's directory, the functions' CLOUDVAULT_STORE.
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,

    /// How long requests are sent; the queue is then drained for at most --drain.
    #[arg(long = "for", default_value = "20s", value_name = "DURATION", value_parser = duration)]
    pub run_for: Duration,

    /// Requests a second.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub rate: u32,

    /// The same seed sends the same requests in the same order.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// The most requests sent, however long it runs.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub max_requests: u64,

    /// Time between two runs of cleanup.
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = duration)]
    pub cleanup_every: Duration,

    /// Time between two poisoned images; the first one comes after 3 seconds at most.
    #[arg(long, default_value = "12s", value_name = "DURATION", value_parser = duration)]
    pub poison_every: Duration,

    /// How long a message that failed stays invisible before it is tried again.
    #[arg(long, default_value = "4s", value_name = "DURATION", value_parser = duration)]
    pub visibility: Duration,

    /// The longest wait for the queue to run empty at the end.
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = duration)]
    pub drain: Duration,
}

/// Reads `500ms`, `20s`, `5m` or `1h`, up to one day.
///
/// # Errors
/// A sentence that says what was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let scale = match &text[digits..] {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let number: Option<u64> = text[..digits].parse().ok();
    let ms = number
        .zip(scale)
        .and_then(|(number, scale)| number.checked_mul(scale));
    match ms {
        Some(ms @ 1..=86_400_000) => Ok(Duration::from_millis(ms)),
        _ => Err(format!(
            "expected a duration such as 500ms, 20s or 5m, found {text:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_a_unit() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(
                duration(text).ok(),
                expect.map(Duration::from_millis),
                "{text:?}"
            );
        };
        check("500ms", Some(500));
        check("20s", Some(20_000));
        check("5m", Some(300_000));
        check("24h", Some(86_400_000));
        for bad in [
            "",
            "20",
            "s",
            "0s",
            "25h",
            "-1s",
            "1.5s",
            "20 s",
            "20é",
            "99999999999999999999s",
        ] {
            check(bad, None);
        }
    }
}
