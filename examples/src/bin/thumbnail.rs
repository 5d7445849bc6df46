//! Makes thumbnails: S3 notifications through SQS. See [`cloudvault_examples::thumbnail`].

use std::sync::Arc;

use cloudvault_examples::rim::{Clock, Environment};
use cloudvault_examples::thumbnail;
use cloudvault_examples::vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), obs::Error> {
    let vault = Vault::open(&Environment::read()?, Clock::system())?;
    obs::run(obs::service_fn(move |event| {
        thumbnail::handle(Arc::clone(&vault), event)
    }))
    .await
}
