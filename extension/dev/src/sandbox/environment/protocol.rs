//! What a process of an environment may say when, and what it is answered.
//!
//! [`Generation::advance`] is the protocol, all of it without waiting: it turns a [`Signal`]
//! into the [`Step`] that the life cycle waits for.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{Answerer, Identifier, Outcome, Registration, Role, RuntimeAnswer, Signal};
use super::failure::Failure;
use super::generation::{Extension, Generation, Phase};
use super::parked::Asked;
use super::reply::Reply;
use crate::sandbox::telemetry::event;
use crate::sandbox::telemetry::subscription::Subscription;

/// What the life cycle waits for.
#[derive(Debug)]
pub(super) enum Step {
    /// The extension has registered.
    Registered,
    /// The runtime asks for the next invocation.
    RuntimeReady,
    /// The extension asks for the next event.
    ExtensionReady,
    /// The runtime has answered the invocation.
    Answered(Box<RuntimeAnswer>),
    /// It cannot go on.
    Broken(Failure),
}

impl Generation {
    /// The next step; cancelling it loses nothing.
    pub(super) async fn step(&mut self) -> Step {
        loop {
            // The generation holds a sender, so there is always a next signal.
            if let Some(signal) = self.signals.recv().await
                && let Some(step) = self.advance(signal)
            {
                return step;
            }
        }
    }

    fn advance(&mut self, signal: Signal) -> Option<Step> {
        match signal {
            Signal::RuntimeNext(answerer) => self.runtime_next(answerer),
            Signal::RestoreNext(answerer) => match self.phase {
                // Ready for the snapshot, as a runtime without hooks is with `/next`.
                Phase::Init => {
                    let asked = self.restoring.ask(answerer);
                    (asked == Asked::Waits).then_some(Step::RuntimeReady)
                }
                _ => refuse(answerer, Reply::out_of_turn("the initialization is over")),
            },
            Signal::Answer(answer, answerer) => self.answer(answer, answerer),
            Signal::InitError(error, answerer) => match self.phase {
                Phase::Init => {
                    let _ = answerer.send(Reply::accepted());
                    Some(Step::Broken(Failure::InitError(error)))
                }
                _ => refuse(answerer, Reply::out_of_turn("the initialization is over")),
            },
            Signal::Register(registration, answerer) => self.register(registration, answerer),
            Signal::ExtensionNext(identifier, answerer) => {
                let Ok(extension) = self.known(&identifier) else {
                    return refuse(answerer, unknown(&identifier));
                };
                let asked = extension.events.ask(answerer);
                (asked == Asked::Waits).then_some(Step::ExtensionReady)
            }
            Signal::ExtensionError(identifier, kind, answerer) => {
                if self.known(&identifier).is_err() {
                    return refuse(answerer, unknown(&identifier));
                }
                let _ = answerer.send(Reply::accepted());
                Some(Step::Broken(Failure::ExtensionError(kind)))
            }
            Signal::Subscribe(identifier, body, answerer) => {
                let reply = self.subscribe(&identifier, &body);
                refuse(answerer, reply)
            }
            Signal::Exited(..) if self.phase == Phase::Ending => None,
            Signal::Exited(Role::Function, how) => Some(Step::Broken(Failure::RuntimeExit(how))),
            Signal::Exited(Role::Extension, how) => Some(Step::Broken(Failure::ExtensionExit(how))),
        }
    }

    fn runtime_next(&mut self, answerer: Answerer) -> Option<Step> {
        if let Phase::Invoking {
            answered: false, ..
        } = self.phase
            && !self.runtime.is_pending()
        {
            let message = "the current invocation has no answer yet";
            return refuse(answerer, Reply::out_of_turn(message));
        }
        (self.runtime.ask(answerer) == Asked::Waits).then_some(Step::RuntimeReady)
    }

    fn answer(&mut self, answer: Box<RuntimeAnswer>, answerer: Answerer) -> Option<Step> {
        if let Phase::Serving(open) = &mut self.phase {
            if !open.remove(&answer.request_id) {
                return refuse(answerer, Reply::wrong_request());
            }
            let _ = answerer.send(taken(&answer.outcome));
            return Some(Step::Answered(answer));
        }
        let Phase::Invoking {
            request_id,
            answered,
        } = &mut self.phase
        else {
            return refuse(answerer, Reply::wrong_request());
        };
        if *request_id != answer.request_id {
            return refuse(answerer, Reply::wrong_request());
        }
        if *answered {
            return refuse(
                answerer,
                Reply::out_of_turn("the invocation is answered already"),
            );
        }
        *answered = true;
        let _ = answerer.send(taken(&answer.outcome));
        Some(Step::Answered(answer))
    }

    fn register(&mut self, registration: Registration, answerer: Answerer) -> Option<Step> {
        let closed = self.phase != Phase::Init;
        let setting = Arc::clone(&self.setting);
        let extension = self
            .extension
            .as_mut()
            .filter(|e| e.name == registration.name);
        let Some(extension) = extension.filter(|e| e.identifier.is_none() && !closed) else {
            let message = "register once, in the initialization, by the extension's file name";
            let kind = "Extension.InvalidRegistration";
            return refuse(answerer, Reply::error(StatusCode::FORBIDDEN, kind, message));
        };
        let body: Value = serde_json::from_slice(&registration.body).unwrap_or_default();
        for wanted in body["events"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            match wanted.as_str() {
                Some("INVOKE") if setting.spec.initialization.is_managed() => {
                    let message = "INVOKE events are not supported on Lambda Managed Instances";
                    let kind = "Extension.InvalidEventType";
                    return refuse(answerer, Reply::error(StatusCode::FORBIDDEN, kind, message));
                }
                Some("INVOKE") => extension.invoke = true,
                Some("SHUTDOWN") => extension.shutdown = true,
                _ => {
                    let message = format!("event {wanted} is not INVOKE or SHUTDOWN");
                    let kind = "Extension.InvalidEventType";
                    return refuse(
                        answerer,
                        Reply::error(StatusCode::BAD_REQUEST, kind, &message),
                    );
                }
            }
        }
        let identifier = Uuid::new_v4().to_string();
        let mut answer = json!({
            "functionName": setting.spec.name,
            "functionVersion": "$LATEST",
            "handler": setting.spec.handler,
        });
        if registration.account_id {
            answer["accountId"] = json!(setting.account.account_id);
        }
        let reply = Reply::event(Bytes::from(answer.to_string()))
            .with("lambda-extension-identifier", &identifier);
        extension.identifier = Some(identifier);
        let _ = answerer.send(reply);
        Some(Step::Registered)
    }

    fn subscribe(&mut self, identifier: &Identifier, body: &[u8]) -> Reply {
        let Ok(extension) = self.known(identifier) else {
            return unknown(identifier);
        };
        let name = extension.name.clone();
        if self.phase != Phase::Init {
            let message = "Telemetry API subscription is closed already";
            return Reply::error(
                StatusCode::FORBIDDEN,
                "Telemetry.SubscriptionClosed",
                message,
            );
        }
        match Subscription::parse(body) {
            Ok(subscription) => {
                let now = self.setting.account.clock.now_ms();
                let types = subscription.types.clone();
                self.telemetry.subscribe(subscription);
                self.telemetry.emit(event::subscribed(now, &name, &types));
                let types: Vec<&str> = types.iter().map(|kind| kind.as_str()).collect();
                let types = types.join(", ");
                self.sink.platform(format!(
                    "TELEMETRY\tName: {name}\tState: Subscribed\tTypes: [{types}]"
                ));
                Reply::text("OK")
            }
            Err(refused) => {
                let kind = "ValidationError";
                Reply::error(StatusCode::BAD_REQUEST, kind, &refused.to_string())
            }
        }
    }

    fn known(&mut self, identifier: &Identifier) -> Result<&mut Extension, ()> {
        let given = identifier.as_ref().ok_or(())?;
        let extension = self.extension.as_mut().ok_or(())?;
        if extension.identifier.as_ref() == Some(given) {
            Ok(extension)
        } else {
            Err(())
        }
    }
}

/// What the runtime is told about its answer.
fn taken(outcome: &Outcome) -> Reply {
    match outcome {
        Outcome::TooLarge => Reply::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "Exceeded maximum allowed payload size (6291556 bytes).",
        ),
        _ => Reply::accepted(),
    }
}

/// Answers without a step.
fn refuse(answerer: Answerer, reply: Reply) -> Option<Step> {
    // A process that does not wait for its answer needs none.
    let _ = answerer.send(reply);
    None
}

fn unknown(identifier: &Identifier) -> Reply {
    let (kind, message) = match identifier {
        None => (
            "Extension.MissingExtensionIdentifier",
            "Missing Lambda-Extension-Identifier header".to_owned(),
        ),
        Some(given) => (
            "Extension.UnknownExtensionIdentifier",
            format!(
                "Unknown extension identifier: {}",
                given.chars().take(80).collect::<String>()
            ),
        ),
    };
    Reply::error(StatusCode::FORBIDDEN, kind, &message)
}
