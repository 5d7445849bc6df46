//! Lists the caller's files: `GET /files`. See [`cloudvault_examples::list`].

use std::sync::Arc;

use cloudvault_examples::list;
use cloudvault_examples::rim::{Clock, Environment};
use cloudvault_examples::vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), obs::Error> {
    let vault = Vault::open(&Environment::read()?, Clock::system())?;
    obs::run(obs::service_fn(move |event| {
        list::handle(Arc::clone(&vault), event)
    }))
    .await
}
