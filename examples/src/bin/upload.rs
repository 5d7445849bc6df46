//! Stores a file: `POST /files`. See [`cloudvault_examples::upload`].

use std::sync::Arc;

use cloudvault_examples::rim::{Clock, Environment};
use cloudvault_examples::upload;
use cloudvault_examples::vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), obs::Error> {
    let vault = Vault::open(&Environment::read()?, Clock::system())?;
    obs::run(obs::service_fn(move |event| {
        upload::handle(Arc::clone(&vault), event)
    }))
    .await
}
