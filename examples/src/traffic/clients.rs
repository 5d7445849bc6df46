//! The clients: send steps, judge the answers, remember the uploaded files.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::invoke::{Client, InvokeError, Outcome};
use super::mix::{Album, DOCUMENT, Intent, Step, call};
use super::tally::Tally;
use crate::store::Key;
use crate::vault::{CORRELATION_ID, Vault};

/// The most uploaded files that are remembered to be asked for again.
const MAX_KNOWN: usize = 1_000;

/// All clients of a run.
pub struct Clients<'a> {
    client: &'a Client<'a>,
    vault: &'a Vault,
    tally: &'a Tally,
    album: Album,
    known: Mutex<Vec<String>>,
}

impl<'a> Clients<'a> {
    /// Clients that have uploaded nothing yet.
    pub fn new(client: &'a Client<'a>, vault: &'a Vault, tally: &'a Tally, album: Album) -> Self {
        Self {
            client,
            vault,
            tally,
            album,
            known: Mutex::default(),
        }
    }

    /// Sends one step and counts how it went.
    ///
    /// # Errors
    /// When the function could not be invoked.
    pub fn send(&self, mut step: Step) -> Result<(), InvokeError> {
        let file = self.choose(step.choice);
        if step.intent.needs_file() && file.is_none() {
            // Nothing to ask for yet: somebody has to begin.
            step.intent = Intent::Upload;
        }
        let file = file.filter(|_| step.intent.needs_file());
        let event = call(&step, file.as_deref(), &self.album).to_event(self.vault.clock.now_ms());
        let outcome = self.client.invoke(step.intent.function(), &event)?;
        if let Err(surprise) = self.judge(&step, &outcome) {
            self.tally.lock().surprise(format!(
                "{:?} ({}): {surprise}",
                step.intent, step.correlation_id
            ));
        }
        Ok(())
    }

    fn judge(&self, step: &Step, outcome: &Outcome) -> Result<(), String> {
        let Outcome::Returned(response) = outcome else {
            return Err(format!("{outcome:?}"));
        };
        let status = response["statusCode"].as_u64();
        let redirected = step.intent == Intent::Download && status == Some(302);
        if status != Some(step.intent.status()) && !redirected {
            let shown: String = response.to_string().chars().take(500).collect();
            return Err(format!(
                "expected status {}, found {shown}",
                step.intent.status()
            ));
        }
        match step.intent {
            Intent::Upload | Intent::UploadShortLived | Intent::UploadPoisoned => {
                self.uploaded(step, response)?;
            }
            Intent::UploadByUrl => self.put(step, response)?,
            Intent::Download => self.tally.lock().downloads += 1,
            Intent::List => self.tally.lock().listings += 1,
            Intent::Share => self.tally.lock().shares += 1,
            Intent::DownloadMissing | Intent::ListBadly => self.tally.lock().refused += 1,
        }
        Ok(())
    }

    fn uploaded(&self, step: &Step, response: &Value) -> Result<(), String> {
        let (id, key) = id_and_key(response)?;
        {
            let mut tally = self.tally.lock();
            tally.uploads += 1;
            tally.poisoned += u64::from(step.intent == Intent::UploadPoisoned);
        }
        if step.intent == Intent::UploadShortLived {
            return Ok(());
        }
        self.check_correlation(step, &key)?;
        self.remember(id);
        Ok(())
    }

    /// Does what the URL allows, as a browser would.
    fn put(&self, step: &Step, response: &Value) -> Result<(), String> {
        let (id, key) = id_and_key(response)?;
        let url = body(response)?["url"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let stored = self.vault.files.put_presigned(&url, DOCUMENT);
        stored.map_err(|error| format!("failed to {error}"))?;
        self.tally.lock().presigned_uploads += 1;
        self.check_correlation(step, &key)?;
        self.remember(id);
        Ok(())
    }

    /// The object has to carry the id its request was sent with: `thumbnail` lives on it.
    fn check_correlation(&self, step: &Step, key: &Key) -> Result<(), String> {
        let object = self
            .vault
            .files
            .head(key)
            .map_err(|error| format!("failed to {error}"))?;
        match object.user(CORRELATION_ID) {
            Some(id) if id == step.correlation_id => Ok(()),
            other => Err(format!("{key} carries the correlation id {other:?}")),
        }
    }

    fn remember(&self, id: String) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_KNOWN {
            known.push(id);
        }
    }

    fn choose(&self, choice: usize) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let index = choice.checked_rem(known.len())?;
        known.get(index).cloned()
    }
}

fn body(response: &Value) -> Result<Value, String> {
    let text = response["body"].as_str().unwrap_or_default();
    serde_json::from_str(text).map_err(|error| format!("failed to read the body: {error}"))
}

fn id_and_key(response: &Value) -> Result<(String, Key), String> {
    let body = body(response)?;
    let key = Key::parse(body["key"].as_str().unwrap_or_default())
        .map_err(|error| format!("failed to {error}"))?;
    let id = body["id"].as_str().ok_or("the body has no id")?;
    Ok((id.to_owned(), key))
}
