//! One metric by AWS's client, set up as its documentation does: what `cargo xtask
//! numbers` compares the layer's first request with.

use std::error::Error;

use aws_config::BehaviorVersion;
use aws_sdk_cloudwatch::{Client, types::MetricDatum};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let datum = MetricDatum::builder().metric_name("m").value(1.0).build();
    let put = Client::new(&config).put_metric_data().namespace("N");
    put.metric_data(datum).send().await?;
    Ok(())
}
