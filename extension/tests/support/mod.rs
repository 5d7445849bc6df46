//! A small Lambda and a small CloudWatch in one server on loopback, the
//! extension's real process, and a handler that records into the real journal.

pub(crate) mod server;
pub(crate) mod process;
pub(crate) mod tls;

pub(crate) use process::{Extension, Handler};
pub(crate) use server::{Answer, Fake, Seen, XRayAnswer};
