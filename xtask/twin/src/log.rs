//! Lines: the programs of `twin.py`'s `log`, line for line.

use std::{error::Error as StdError, fmt};

use obs::{Error, LambdaEvent, log};
use serde_json::{Value, json};

pub(crate) async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["program"].as_str() {
        Some("keys") => keys(),
        Some("levels") => levels(),
        Some("values") => values(),
        Some("error") => {
            tracing::error!(error = &Full as &dyn StdError, "kept");
        }
        Some("failure") => return Err(Full.into()),
        // Any other event: its correlation id.
        _ => tracing::info!("seen"),
    }
    Ok(json!({"done": true}))
}

/// Keys that come, change and go.
fn keys() {
    tracing::info!("bare");
    tracing::info!(order_id = "o-1", items = 3, "with fields");
    log::append("customer", "c-1");
    log::append("tier", 2);
    tracing::info!("appended");
    log::append("tier", 3);
    tracing::info!("replaced");
    {
        let _step = log::scoped("step", "payment");
        let _tier = log::scoped("tier", 9);
        tracing::info!("scoped");
    }
    tracing::info!("restored");
    log::remove("customer");
    tracing::info!("removed");
}

fn levels() {
    tracing::debug!("debug");
    tracing::info!("info");
    tracing::warn!("warning");
    tracing::error!("error");
}

/// Values that other encoders of JSON stumble over.
fn values() {
    tracing::info!(value = "żółć 🚀 \"quoted\" \\ \u{7f}\u{1}\n\t", "text");
    tracing::info!(value = i64::MIN, "least");
    tracing::info!(value = u64::MAX, "greatest");
    tracing::info!(value = u128::MAX, "wide");
    tracing::info!(value = 0.1, "fraction");
    tracing::info!(value = 1e300, "large");
    tracing::info!(value = f64::NAN, "nan");
    tracing::info!(value = f64::NEG_INFINITY, "infinity");
    tracing::info!(value = true, "truth");
}

#[derive(Debug)]
struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is full")
    }
}

impl StdError for Full {}
