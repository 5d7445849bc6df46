//! Deletes expired files: an EventBridge schedule. See [`cloudvault_examples::cleanup`].

use std::sync::Arc;

use cloudvault_examples::cleanup;
use cloudvault_examples::rim::{Clock, Environment};
use cloudvault_examples::vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), obs::Error> {
    let vault = Vault::open(&Environment::read()?, Clock::system())?;
    obs::run(obs::service_fn(move |event| {
        cleanup::handle(Arc::clone(&vault), event)
    }))
    .await
}
